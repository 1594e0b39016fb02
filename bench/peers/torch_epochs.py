"""The PyTorch side of the epochs bench: whole epochs of MNIST with an LRT network 784-H-H-10 and fused Adam, the data fed in as users do it.

Speaks JSON lines as torch_layers.py does. Arguments: threads, folder of MNIST's four files.
Reads {"task": "epoch", "hidden", "feeding", "steps"}: answers {"ms": [...]}, one time an epoch.
Reads {"task": "elbo", "hidden", "feeding", "target", "most", "steps"}: trains new networks until the validation ELBO per example, scored after each epoch with
one draw, reaches the target, or for `most` epochs; answers {"ms": [...], "epochs": [...], "elbo": [...]}, validation included.
Feeding: randperm (one tensor in memory, a random order, rows picked batch by batch) or loader (TensorDataset and DataLoader with shuffle).

Versions it was written for: Python 3.11, torch 2.13.0, numpy 2 (pip install torch==2.13.0 numpy).
"""
import json
import os
import sys
import time

import numpy
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from torch_layers import layer_makers, network_of

BATCH = 128


def mnist(folder):
    def read(name, header, shape):
        data = numpy.fromfile(os.path.join(folder, name), dtype=numpy.uint8, offset=header)
        return torch.from_numpy(data.reshape(shape))

    x = read("train-images-idx3-ubyte", 16, (-1, 784)).float() / 255
    y = read("train-labels-idx1-ubyte", 8, (-1,)).long()
    return (x[:50_000], y[:50_000]), (x[50_000:], y[50_000:])


class Training:
    def __init__(self, hidden, feeding, train):
        self.net, _ = network_of(f"dense{hidden}", *layer_makers("torch", "localReparameterization"))
        self.optimizer = torch.optim.Adam(self.net.parameters(), 1e-3, fused=True)
        self.train = train
        self.loader = DataLoader(TensorDataset(*train), batch_size=BATCH, shuffle=True) if feeding == "loader" else None

    def batches(self):
        if self.loader is not None:
            return self.loader
        x, y = self.train
        order = torch.randperm(len(x))
        return ((x[rows], y[rows]) for rows in order.split(BATCH))

    def epoch(self):
        """One epoch; the mean loss is summed on the device and read once."""
        rows = len(self.train[0])
        total = torch.zeros(())
        for x, y in self.batches():
            self.optimizer.zero_grad()
            logits, kl = self.net(x)
            loss = F.cross_entropy(logits, y) + kl / rows
            loss.backward()
            self.optimizer.step()
            total += loss.detach() * len(x)
        return total.item() / rows

    @torch.inference_mode()
    def elbo(self, validation):
        total, rows = 0.0, len(validation[0])
        for x, y in zip(validation[0].split(1000), validation[1].split(1000)):
            logits, kl = self.net(x)
            total += (F.cross_entropy(logits, y).item() + kl.item() / len(self.train[0])) * len(x) / rows
        return -total


def timed(action):
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1e3


def train_to(request, train, validation):
    training = Training(request["hidden"], request["feeding"], train)
    elbos = []
    while not elbos or (elbos[-1] < request["target"] and len(elbos) < request["most"]):
        training.epoch()
        elbos.append(training.elbo(validation))
    return elbos


def main():
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(0)
    train, validation = mnist(sys.argv[2])
    print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    trainings = {}
    for line in sys.stdin:
        request = json.loads(line)
        if request["task"] == "epoch":
            key = (request["hidden"], request["feeding"])
            if key not in trainings:
                trainings[key] = Training(*key, train)
            print(json.dumps({"ms": [timed(trainings[key].epoch) for _ in range(request["steps"])]}), flush=True)
            continue
        runs = []
        times = [timed(lambda: runs.append(train_to(request, train, validation))) for _ in range(request["steps"])]
        print(json.dumps({"ms": times, "epochs": [len(run) for run in runs], "elbo": [run[-1] for run in runs]}), flush=True)


if __name__ == "__main__":
    main()
