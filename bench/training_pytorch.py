"""The same network in PyTorch, for comparison: prints JSON lines of samples per second.

Arguments: seconds per measurement, batch sizes. One step is samples to the device, forward, loss,
backward and Adam; on the processor, and on a CUDA device where there is one.
"""

import json
import sys
import time

import torch
from torch import nn

seconds = float(sys.argv[1])


def measure(device, batch):
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(),
        nn.Conv2d(8, 8, 5), nn.ReLU(),
        nn.Conv2d(8, 4, 7), nn.ReLU(),
        nn.Conv2d(4, 24, 7), nn.ReLU(),
        nn.Conv2d(24, 24, 3), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10),
    ).to(device)
    optimiser = torch.optim.Adam(net.parameters(), lr=0.005)
    samples = torch.randn(batch, 3, 32, 32)
    labels = torch.arange(batch) % 10

    def step():
        x, y = samples.to(device), labels.to(device)
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimiser.step()
        return loss.item()

    for _ in range(10 if device == "cuda" else 3):
        step()
    rounds = []
    cpu = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        started, used = time.perf_counter(), time.process_time()
        for _ in range(3):
            step()
        rounds.append(3 * batch / (time.perf_counter() - started))
        cpu.append(3 * batch / max(time.process_time() - used, 1e-9))
    return rounds, cpu


devices = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])
for device in devices:
    for size in map(int, sys.argv[2:]):
        per_second, per_cpu_second = measure(device, size)
        print(json.dumps({
            "name": "PyTorch" if device == "cpu" else "PyTorch CUDA",
            "batch": size,
            "rounds": per_second,
            "cpu": per_cpu_second,
            "description": f"PyTorch {torch.__version__}, "
            + (f"{torch.get_num_threads()} threads" if device == "cpu"
               else torch.cuda.get_device_name()),
        }))
