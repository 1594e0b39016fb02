"""The PyTorch side of the distributions bench: the same divergences and random numbers.

Speaks JSON lines as torch_layers.py does: reads {"task", "library", "size", "steps"}, answers {"ms": [...]}.
Tasks: kl_normal (KL of N(mu, softplus(rho)^2) and N(0, 0.1^2), size x size, with its gradient by mu and rho), kl_multivariate (KL of two full covariances,
with its gradient by the first), randn (size x size standard normal numbers).

Versions it was written for: Python 3.11, torch 2.13.0 (pip install torch==2.13.0).
"""
import json
import sys
import time

import torch
import torch.nn.functional as F
from torch.distributions import MultivariateNormal, Normal, kl_divergence


def torch_task(task, n):
    generator = torch.Generator().manual_seed(0)

    def normal(*shape):
        return torch.randn(*shape, generator=generator)

    if task == "randn":
        return lambda: torch.randn(n, n)[0, 0].item()
    if task == "kl_normal":
        mu = (0.05 * normal(n, n)).requires_grad_()
        rho = (0.1 * normal(n, n) - 3).requires_grad_()
        prior = Normal(torch.tensor(0.0), torch.tensor(0.1))

        def step():
            loss = kl_divergence(Normal(mu, F.softplus(rho)), prior).sum()
            torch.autograd.grad(loss, [mu, rho])
            return loss.item()

        return step

    def covariance():
        root = normal(n, n)
        return root @ root.T / n + torch.eye(n)

    a, b, zero = covariance().requires_grad_(), covariance(), torch.zeros(n)

    def step():
        # Arguments are not validated, as ours are not: validation is another factorization.
        q = MultivariateNormal(zero, covariance_matrix=a, validate_args=False)
        loss = kl_divergence(q, MultivariateNormal(zero, covariance_matrix=b, validate_args=False))
        torch.autograd.grad(loss, [a])
        return loss.item()

    return step


def main():
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads(), "libraries": ["PyTorch"]}), flush=True)
    tasks = {}
    for line in sys.stdin:
        request = json.loads(line)
        key = (request["task"], request["library"], request["size"])
        if key not in tasks:
            tasks[key] = torch_task(key[0], key[2])
        times = []
        for _ in range(request["steps"]):
            start = time.perf_counter()
            tasks[key]()
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps({"ms": times}), flush=True)


if __name__ == "__main__":
    main()
