"""The same network in PyTorch, for comparison: prints JSON lines of samples per second.

Arguments: seconds per measurement, batch sizes. One step is forward, loss, backward and Adam.
"""

import json
import sys
import time

import torch
from torch import nn

seconds = float(sys.argv[1])
net = nn.Sequential(
    nn.Conv2d(3, 8, 3), nn.ReLU(),
    nn.Conv2d(8, 8, 5), nn.ReLU(),
    nn.Conv2d(8, 4, 7), nn.ReLU(),
    nn.Conv2d(4, 24, 7), nn.ReLU(),
    nn.Conv2d(24, 24, 3), nn.ReLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10),
)
optimiser = torch.optim.Adam(net.parameters(), lr=0.005)
for batch in map(int, sys.argv[2:]):
    x = torch.randn(batch, 3, 32, 32)
    y = torch.arange(batch) % 10

    def step():
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimiser.step()
        return loss.item()

    for _ in range(3):
        step()
    rounds = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        started = time.perf_counter()
        for _ in range(3):
            step()
        rounds.append(3 * batch / (time.perf_counter() - started))
    print(json.dumps({
        "batch": batch,
        "rounds": rounds,
        "description": f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads",
    }))
