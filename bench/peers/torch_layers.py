"""The PyTorch side of the step bench: one training step (forward, ELBO, backward, fused Adam) of dense and convolutional Bayesian networks.

Speaks JSON lines so that the bench can let both sides take turns: reads {"network", "estimator", "library", "mode", "steps"}, answers {"ms": [...]}.
Networks: dense400, dense1200, dense4000, lenet, resnet (bench/src/layerNetworks.ts has the same). Estimators: weightSampling, localReparameterization,
flipout, and deterministic for plain layers. Libraries: torch (the estimators as one would write them by hand), bayesian-torch where it is installed (no local reparameterization; its KL is a mean
over each tensor, which costs the same). Modes: eager, compile (torch.compile of loss and gradient with ATen's random numbers, the faster of its two
generators on a CPU). `--memory TASK` prints what a few steps of one task take beyond the loaded library at the peak, in MiB.

Versions it was written for: Python 3.11, torch 2.13.0, bayesian-torch 0.5.0 (pip install torch==2.13.0; pip install --no-deps bayesian-torch==0.5.0).
"""
import json
import math
import resource
import sys
import time

import torch
import torch.nn.functional as F

BATCH, DATASET, PRIOR_SIGMA, RHO = 128, 50_000, 0.1, -4.0

try:
    import bayesian_torch.layers as bayesian_torch
except ImportError:
    bayesian_torch = None


class Layer(torch.nn.Module):
    """A linear operator with a mean-field Gaussian posterior; `apply` is the operator, weights first axis out."""

    def __init__(self, shape, estimator):
        super().__init__()
        fan_in = math.prod(shape[1:])
        self.mu = torch.nn.Parameter(torch.randn(shape) * math.sqrt(2 / fan_in))
        self.rho = torch.nn.Parameter(torch.full(shape, RHO))
        self.bias_mu = torch.nn.Parameter(torch.zeros(shape[0]))
        self.bias_rho = torch.nn.Parameter(torch.full((shape[0],), RHO))
        self.estimator = estimator

    def forward(self, x):
        """Pre-activations and the KL of the layer's weights."""
        if self.estimator == "deterministic":
            return self.apply_operator(x, self.mu, self.bias_mu), 0.0
        sigma, bias_sigma = F.softplus(self.rho), F.softplus(self.bias_rho)
        kl = closed_kl(self.mu, sigma) + closed_kl(self.bias_mu, bias_sigma)
        if self.estimator == "localReparameterization":
            mean = self.apply_operator(x, self.mu, self.bias_mu)
            variance = self.apply_operator(x.square(), sigma.square(), bias_sigma.square())
            return mean + variance.sqrt() * torch.randn_like(mean), kl
        noise, bias_noise = torch.randn_like(sigma), torch.randn_like(bias_sigma)
        if self.estimator == "weightSampling":
            return self.apply_operator(x, self.mu + sigma * noise, self.bias_mu + bias_sigma * bias_noise), kl
        mean = self.apply_operator(x, self.mu, self.bias_mu)
        flipped = self.apply_operator(x * signs(x), sigma * noise, bias_sigma * bias_noise)
        return mean + flipped * signs(mean), kl


class Dense(Layer):
    def __init__(self, inputs, units, estimator):
        super().__init__((units, inputs), estimator)

    def apply_operator(self, x, weight, bias):
        return F.linear(x, weight, bias)


class Conv2d(Layer):
    def __init__(self, inputs, filters, size, padding, estimator):
        super().__init__((filters, inputs, size, size), estimator)
        self.padding = padding

    def apply_operator(self, x, weight, bias):
        return F.conv2d(x, weight, bias, padding=self.padding)


def signs(x):
    """Random signs, one for each row and channel."""
    shape = x.shape[:2] + (1,) * (x.dim() - 2)
    return torch.randint(0, 2, shape).to(x.dtype) * 2 - 1


def closed_kl(mu, sigma):
    ratio = 0.5 / PRIOR_SIGMA**2
    return ((sigma.square() + mu.square()) * ratio - sigma.log()).sum() + sigma.numel() * (math.log(PRIOR_SIGMA) - 0.5)


class Peer(torch.nn.Module):
    """A layer of bayesian-torch; its KL is taken with the output. What it calls prior_variance it uses as a standard deviation."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)


def layer_makers(library, estimator):
    if library == "torch":
        return (
            lambda inputs, units: Dense(inputs, units, estimator),
            lambda inputs, filters, size, padding: Conv2d(inputs, filters, size, padding, estimator),
        )
    kind = {"weightSampling": "Reparameterization", "flipout": "Flipout"}[estimator]
    linear, conv2d = getattr(bayesian_torch, f"Linear{kind}"), getattr(bayesian_torch, f"Conv2d{kind}")
    start = dict(prior_mean=0.0, prior_variance=PRIOR_SIGMA, posterior_mu_init=0.0, posterior_rho_init=RHO)
    return (
        lambda inputs, units: Peer(linear(inputs, units, **start)),
        lambda inputs, filters, size, padding: Peer(conv2d(inputs, filters, size, padding=padding, **start)),
    )


class Mlp(torch.nn.Module):
    def __init__(self, dense, hidden):
        super().__init__()
        sizes = [784, hidden, hidden, 10]
        self.layers = torch.nn.ModuleList(dense(a, b) for a, b in zip(sizes, sizes[1:]))

    def forward(self, x):
        kl = 0.0
        for index, layer in enumerate(self.layers):
            x, own = layer(F.relu(x) if index > 0 else x)
            kl = kl + own
        return x, kl


class LeNet(torch.nn.Module):
    def __init__(self, dense, conv):
        super().__init__()
        self.convolutions = torch.nn.ModuleList([conv(1, 6, 5, 2), conv(6, 16, 5, 0)])
        self.head = torch.nn.ModuleList([dense(400, 120), dense(120, 84), dense(84, 10)])

    def forward(self, x):
        kl = 0.0
        for layer in self.convolutions:
            x, own = layer(x)
            x, kl = F.max_pool2d(F.relu(x), 2), kl + own
        x = x.flatten(1)
        for index, layer in enumerate(self.head):
            x, own = layer(F.relu(x) if index > 0 else x)
            kl = kl + own
        return x, kl


class ResNetBlock(torch.nn.Module):
    def __init__(self, dense, conv):
        super().__init__()
        self.stem, self.first, self.second = conv(3, 16, 3, 1), conv(16, 16, 3, 1), conv(16, 16, 3, 1)
        self.head = dense(16, 10)

    def forward(self, x):
        stem, kl0 = self.stem(x)
        stem = F.relu(stem)
        inner, kl1 = self.first(stem)
        inner, kl2 = self.second(F.relu(inner))
        logits, kl3 = self.head(F.relu(stem + inner).mean((2, 3)))
        return logits, kl0 + kl1 + kl2 + kl3


def network_of(name, dense, conv):
    """The network and the shape of one input."""
    if name == "lenet":
        return LeNet(dense, conv), (1, 28, 28)
    if name == "resnet":
        return ResNetBlock(dense, conv), (3, 32, 32)
    return Mlp(dense, int(name.removeprefix("dense"))), (784,)


def build(network, estimator, library, mode):
    torch.manual_seed(0)
    net, shape = network_of(network, *layer_makers(library, estimator))
    x, y = torch.rand(BATCH, *shape), torch.arange(BATCH) % 10
    optimizer = torch.optim.Adam(net.parameters(), 1e-3, fused=True)

    def loss(x, y):
        logits, kl = net(x)
        return F.cross_entropy(logits, y) + kl / DATASET

    if mode == "compile":
        import torch._inductor.config as inductor

        inductor.fallback_random = True
        loss = torch.compile(loss)

    def step():
        optimizer.zero_grad()
        value = loss(x, y)
        value.backward()
        optimizer.step()
        return value.item()

    return step


def memory(task):
    peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    torch.ones(8, 8) @ torch.ones(8, 8)
    before = peak()
    step = build(task["network"], task["estimator"], task["library"], task["mode"])
    for _ in range(8):
        step()
    print(json.dumps({"mebibytes": round(peak() - before)}))


def main():
    torch.set_num_threads(2)
    if sys.argv[1:2] == ["--memory"]:
        return memory(json.loads(sys.argv[2]))
    libraries = ["torch"] + ([] if bayesian_torch is None else ["bayesian-torch"])
    print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads(), "libraries": libraries}), flush=True)
    steps = {}
    group = None
    for line in sys.stdin:
        request = json.loads(line)
        key = (request["network"], request["estimator"], request["library"], request["mode"])
        if key[:2] != group:
            # The contestants of one group take turns; those before it are done.
            group, steps = key[:2], {}
            torch._dynamo.reset()
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
