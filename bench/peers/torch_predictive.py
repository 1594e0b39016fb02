"""The PyTorch side of the onnx bench: the mean of S softmax outputs of a Bayesian network with the local reparameterization trick over some images.

Speaks JSON lines as torch_layers.py does: reads {"network", "samples", "rows", "mode", "steps"}, answers {"ms": [...]}.
Networks: dense400, dense1200, ... (784-H-H-10) and lenet, as bench/src/layerNetworks.ts has them. Modes: loop (S plain passes), cached (the first layer's two
moments once for all passes), chunks (the same, 10 draws at a time as one batch).

Versions it was written for: Python 3.11, torch 2.13.0 (pip install torch==2.13.0).
"""
import json
import math
import sys
import time

import torch
import torch.nn.functional as F

CHUNK, SIGMA = 10, math.log1p(math.exp(-4))


class Dense:
    def __init__(self, inputs, units):
        self.mu, self.sigma, self.bias = posterior(inputs, (inputs, units), units)

    def apply_operator(self, x, weight, bias):
        return torch.addmm(bias, x.flatten(1), weight)


class Conv2d:
    def __init__(self, inputs, filters, size, padding):
        self.mu, self.sigma, self.bias = posterior(inputs * size * size, (filters, inputs, size, size), filters)
        self.padding = padding

    def apply_operator(self, x, weight, bias):
        return F.conv2d(x, weight, bias, padding=self.padding)


def posterior(fan_in, shape, units):
    return torch.randn(shape) * math.sqrt(2 / fan_in), torch.full(shape, SIGMA), (torch.zeros(units), torch.full((units,), SIGMA))


def layers_of(network):
    """Layers, and what follows the draw of each."""
    if network == "lenet":
        convolutions = [(Conv2d(1, 6, 5, 2), pooled), (Conv2d(6, 16, 5, 0), pooled)]
        return convolutions + [(Dense(400, 120), F.relu), (Dense(120, 84), F.relu), (Dense(84, 10), None)], (1, 28, 28)
    hidden = int(network.removeprefix("dense"))
    return [(Dense(784, hidden), F.relu), (Dense(hidden, hidden), F.relu), (Dense(hidden, 10), None)], (784,)


def pooled(x):
    return F.max_pool2d(F.relu(x), 2)


def moments(layer, x):
    bias_mu, bias_sigma = layer.bias
    mean = layer.apply_operator(x, layer.mu, bias_mu)
    return mean, layer.apply_operator(x.square(), layer.sigma.square(), bias_sigma.square()).sqrt()


@torch.inference_mode()
def predictive(layers, x, samples, mode):
    (first, after), *rest = layers
    once = None if mode == "loop" else moments(first, x)
    draws = CHUNK if mode == "chunks" else 1
    total = 0
    for _ in range(samples // draws):
        mean, deviation = once or moments(first, x)
        h = after((mean + deviation * torch.randn(draws, *mean.shape)).flatten(0, 1))
        for layer, then in rest:
            mean, deviation = moments(layer, h)
            h = mean + deviation * torch.randn_like(mean)
            h = then(h) if then else h
        total = total + h.softmax(1).unflatten(0, (draws, -1)).sum(0)
    return total / samples


def main():
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    networks = {}
    for line in sys.stdin:
        request = json.loads(line)
        name = request["network"]
        if name not in networks:
            torch.manual_seed(0)
            networks[name] = layers_of(name)
        layers, shape = networks[name]
        x = torch.rand(request["rows"], *shape)
        x = x * (x > 0.8)
        times = []
        for _ in range(request["steps"]):
            start = time.perf_counter()
            predictive(layers, x, request["samples"], request["mode"]).sum().item()
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps({"ms": times}), flush=True)


if __name__ == "__main__":
    main()
