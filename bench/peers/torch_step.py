"""The PyTorch side of the step bench: one training step of a variational MLP 784-H-H-10 (forward, ELBO, backward, fused Adam).

Speaks JSON lines so that the bench can let both sides take turns: reads {"case", "hidden", "mode", "steps"}, answers {"ms": [...]}.
Cases: deterministic, localReparameterization, weightSampling (closed-form KL), weightSamplingMonteCarlo.
Modes: eager, compile (torch.compile of loss and gradient with ATen's random numbers, the faster of its two generators on a CPU).

Versions it was written for: Python 3.11, torch 2.13.0 (pip install torch==2.13.0).
"""
import json
import math
import sys
import time

import torch
import torch.nn.functional as F

BATCH, DATASET, PRIOR_SIGMA = 128, 50_000, 0.1


class Mlp:
    def __init__(self, hidden):
        sizes = [784, hidden, hidden, 10]
        self.layers = []
        for fan_in, fan_out in zip(sizes, sizes[1:]):
            mu = torch.randn(fan_in, fan_out) * math.sqrt(2 / fan_in)
            tensors = (mu, torch.full_like(mu, -4.0), torch.zeros(fan_out), torch.full((fan_out,), -4.0))
            self.layers.append([torch.nn.Parameter(t) for t in tensors])

    def parameters(self, deterministic):
        return [t for layer in self.layers for t in (layer[::2] if deterministic else layer)]

    def forward(self, x, case):
        """Logits and the KL of all weights."""
        h, kl = x, x.new_zeros(())
        for index, (mu, rho, bias_mu, bias_rho) in enumerate(self.layers):
            if index > 0:
                h = F.relu(h)
            if case == "deterministic":
                h = torch.addmm(bias_mu, h, mu)
                continue
            sigma, bias_sigma = F.softplus(rho), F.softplus(bias_rho)
            if case == "localReparameterization":
                variance = torch.addmm(bias_sigma.square(), h.square(), sigma.square())
                mean = torch.addmm(bias_mu, h, mu)
                h = mean + variance.sqrt() * torch.randn_like(mean)
                kl = kl + closed_kl(mu, sigma) + closed_kl(bias_mu, bias_sigma)
                continue
            noise, bias_noise = torch.randn_like(mu), torch.randn_like(bias_mu)
            weight, bias = mu + sigma * noise, bias_mu + bias_sigma * bias_noise
            h = torch.addmm(bias, h, weight)
            if case == "weightSampling":
                kl = kl + closed_kl(mu, sigma) + closed_kl(bias_mu, bias_sigma)
            else:
                kl = kl + sampled_kl(weight, noise, sigma) + sampled_kl(bias, bias_noise, bias_sigma)
        return h, kl


def closed_kl(mu, sigma):
    ratio = 0.5 / PRIOR_SIGMA**2
    return ((sigma.square() + mu.square()) * ratio - sigma.log()).sum() + sigma.numel() * (math.log(PRIOR_SIGMA) - 0.5)


def sampled_kl(weight, noise, sigma):
    """log q(w) - log p(w) on the draw itself; (w - mu) / sigma is the noise."""
    ratio = 0.5 / PRIOR_SIGMA**2
    return (weight.square() * ratio - 0.5 * noise.square() - sigma.log()).sum() + sigma.numel() * math.log(PRIOR_SIGMA)


def build(case, hidden, mode):
    torch.manual_seed(0)
    x, y = torch.rand(BATCH, 784), torch.arange(BATCH) % 10
    net = Mlp(hidden)
    parameters = net.parameters(case == "deterministic")
    optimizer = torch.optim.Adam(parameters, 1e-3, fused=True)

    def loss(x, y):
        logits, kl = net.forward(x, case)
        return F.cross_entropy(logits, y) + kl / DATASET

    if mode == "compile":
        import torch._inductor.config as inductor

        inductor.fallback_random = True
        torch._dynamo.reset()
        loss = torch.compile(loss)

    def step():
        optimizer.zero_grad()
        value = loss(x, y)
        value.backward()
        optimizer.step()
        return value.item()

    return step


def main():
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    steps = {}
    print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        key = (request["case"], request["hidden"], request["mode"])
        if key not in steps:
            steps[key] = build(*key)
        times = []
        for _ in range(request["steps"]):
            start = time.perf_counter()
            steps[key]()
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps({"ms": times}), flush=True)


if __name__ == "__main__":
    main()
