"""The PyTorch side of the training-predictive bench: the predictive distribution of given weights by S plain passes, and the numbers that it comes to.

Speaks JSON lines as torch_layers.py does. Arguments: threads, folder of MNIST's four files.
Reads {"weights", "sizes", "first", "rows", "samples", "mode", "steps"}, and "out" where the probabilities of the last step are wanted: answers {"ms": [...]}.
The weights are float32 in one file, for each layer mu [in, out], rho, the bias's mu and rho. Modes: loop (S plain passes), cached (first moments once).

Versions it was written for: Python 3.11, torch 2.13.0, numpy 2 (pip install torch==2.13.0 numpy).
"""
import json
import math
import os
import sys
import time

import numpy
import torch
import torch.nn.functional as F


def read_layers(path, sizes):
    """Each layer as mu, sigma^2, and the same of its bias."""
    values = torch.from_numpy(numpy.fromfile(path, dtype=numpy.float32))
    shapes = [shape for fan_in, out in zip(sizes, sizes[1:]) for shape in ((fan_in, out), (fan_in, out), (out,), (out,))]
    tensors = [part.reshape(shape) for part, shape in zip(values.split([math.prod(shape) for shape in shapes]), shapes)]
    return [
        (mu, F.softplus(rho).square(), bias_mu, F.softplus(bias_rho).square())
        for mu, rho, bias_mu, bias_rho in zip(tensors[::4], tensors[1::4], tensors[2::4], tensors[3::4])
    ]


def moments(layer, x):
    mu, variance, bias_mu, bias_variance = layer
    return torch.addmm(bias_mu, x, mu), torch.addmm(bias_variance, x.square(), variance).sqrt()


@torch.inference_mode()
def predictive(layers, x, samples, cached):
    total = torch.zeros(len(x), layers[-1][2].numel())
    first = moments(layers[0], x)
    for _ in range(samples):
        mean, deviation = first if cached else moments(layers[0], x)
        h = mean + deviation * torch.randn_like(mean)
        for layer in layers[1:]:
            mean, deviation = moments(layer, F.relu(h))
            h = mean + deviation * torch.randn_like(mean)
        total += h.softmax(1)
    return total / samples


def main():
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(0)
    pixels = numpy.fromfile(os.path.join(sys.argv[2], "t10k-images-idx3-ubyte"), dtype=numpy.uint8, offset=16)
    images = torch.from_numpy(pixels.reshape(-1, 784)).float() / 255
    print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    networks = {}
    for line in sys.stdin:
        request = json.loads(line)
        if request["weights"] not in networks:
            networks[request["weights"]] = read_layers(request["weights"], request["sizes"])
        layers = networks[request["weights"]]
        batches = images[request["first"] : request["first"] + request["rows"]].split(1000)
        times, parts = [], []
        for _ in range(request["steps"]):
            start = time.perf_counter()
            parts = [predictive(layers, x, request["samples"], request["mode"] == "cached") for x in batches]
            times.append((time.perf_counter() - start) * 1e3)
        if "out" in request:
            torch.cat(parts).numpy().tofile(request["out"])
        print(json.dumps({"ms": times}), flush=True)


if __name__ == "__main__":
    main()
