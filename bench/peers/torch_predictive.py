"""The PyTorch side of the predictive bench: the mean of S softmax outputs of an LRT network 784-H-H-10 over some images.

Speaks JSON lines as torch_step.py does: reads {"hidden", "samples", "rows", "mode", "steps"}, answers {"ms": [...]}.
Modes: loop (S plain passes), cached (the first layer's two moments once for all passes).

Versions it was written for: Python 3.11, torch 2.13.0 (pip install torch==2.13.0).
"""
import json
import sys
import time

import torch
import torch.nn.functional as F

from torch_step import Mlp


def moments(layer, h):
    mu, sigma, bias_mu, bias_sigma = layer
    return torch.addmm(bias_mu, h, mu), torch.addmm(bias_sigma.square(), h.square(), sigma.square()).sqrt()


@torch.inference_mode()
def predictive(layers, x, samples, cached):
    total = torch.zeros(x.shape[0], 10)
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
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    networks = {}
    for line in sys.stdin:
        request = json.loads(line)
        hidden = request["hidden"]
        if hidden not in networks:
            torch.manual_seed(0)
            networks[hidden] = [
                (mu.detach(), F.softplus(rho.detach()), bias_mu.detach(), F.softplus(bias_rho.detach()))
                for mu, rho, bias_mu, bias_rho in Mlp(hidden).layers
            ]
        x = torch.rand(request["rows"], 784)
        times = []
        for _ in range(request["steps"]):
            start = time.perf_counter()
            predictive(networks[hidden], x, request["samples"], request["mode"] == "cached").sum().item()
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps({"ms": times}), flush=True)


if __name__ == "__main__":
    main()
