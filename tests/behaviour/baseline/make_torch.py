"""Records what the optimizers of PyTorch make of fixed gradients, as torch.json beside this file.

    pip install torch==2.8.0
    python make_torch.py

Each case holds the keyword arguments of the optimizer (what is not there is at torch's default) and
the parameters after each step, in float64 and in float32. Gradients and start are exact in both.
"""

import json
import os
from pathlib import Path

# the plain kernels, whose bits do not depend on the machine's vector units
os.environ["ATEN_CPU_CAPABILITY"] = "default"

import torch  # noqa: E402

VERSION = "2.8.0"
STEPS = 50
START = [1.0, -3.0, 0.5, 20.0, -0.125]
# gradients of very different sizes
SCALES = [1.0, 16.0, 1 / 64, 4.0, 1 / 1024]

MULTI_STEP = {"milestones": [20, 35], "gamma": 0.1}
COSINE = {"horizon": STEPS}

# name, optimizer, its keyword arguments, schedule
CASES = [
    ("adam_default", "Adam", {"lr": 1e-3}, None),
    (
        "adam_settings",
        "Adam",
        {"lr": 0.02, "betas": [0.8, 0.95], "eps": 1e-4, "weight_decay": 0.1},
        None,
    ),
    ("adam_short_memory", "Adam", {"lr": 0.01, "betas": [0.3, 0.5]}, None),
    ("adam_no_memory", "Adam", {"lr": 0.01, "betas": [0.0, 0.0], "eps": 0.1}, None),
    ("adam_multi_step", "Adam", {"lr": 0.05}, MULTI_STEP),
    ("adamw_default", "AdamW", {"lr": 1e-3}, None),
    ("adamw_settings", "AdamW", {"lr": 0.03, "betas": [0.95, 0.99], "weight_decay": 0.5}, None),
    ("adamw_cosine", "AdamW", {"lr": 0.05}, COSINE),
    ("sgd_plain", "SGD", {"lr": 0.01}, None),
    ("sgd_weight_decay", "SGD", {"lr": 0.01, "weight_decay": 0.2}, None),
    ("sgd_momentum", "SGD", {"lr": 0.01, "momentum": 0.9}, None),
    (
        "sgd_nesterov",
        "SGD",
        {"lr": 0.01, "momentum": 0.8, "nesterov": True, "weight_decay": 0.05},
        None,
    ),
    ("sgd_multi_step", "SGD", {"lr": 0.01, "momentum": 0.9}, MULTI_STEP),
    ("sgd_cosine", "SGD", {"lr": 0.01}, COSINE),
]


def draw_gradients():
    """Noise around a drift; coordinate 3 is often 0, coordinate 4 always at first."""
    generator = torch.Generator().manual_seed(2310)
    noise = torch.randn(STEPS, len(START), generator=generator, dtype=torch.float64)
    gradients = torch.round(64 * (noise + 0.5)) / 64 * torch.tensor(SCALES, dtype=torch.float64)
    gradients[torch.arange(STEPS) % 3 != 0, 3] = 0.0
    gradients[:10, 4] = 0.0
    return gradients


def run(optimizer, settings, schedule, gradients, dtype):
    x = torch.tensor(START, dtype=dtype, requires_grad=True)
    solver = getattr(torch.optim, optimizer)([x], **settings)
    scheduler = None
    if schedule is MULTI_STEP:
        scheduler = torch.optim.lr_scheduler.MultiStepLR(solver, **schedule)
    elif schedule is COSINE:
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(solver, T_max=schedule["horizon"])
    params = []
    for gradient in gradients:
        x.grad = gradient.to(dtype)
        solver.step()
        if scheduler is not None:
            scheduler.step()
        digits = 17 if dtype == torch.float64 else 9
        params.append([float(f"{value:.{digits}g}") for value in x.detach().tolist()])
    return params


def main():
    assert torch.__version__.split("+")[0] == VERSION, torch.__version__
    gradients = draw_gradients()
    cases = [
        {
            "name": name,
            "optimizer": optimizer,
            "settings": settings,
            "schedule": schedule,
            "float64": run(optimizer, settings, schedule, gradients, torch.float64),
            "float32": run(optimizer, settings, schedule, gradients, torch.float32),
        }
        for name, optimizer, settings, schedule in CASES
    ]
    content = {"torch": VERSION, "x0": START, "gradients": gradients.tolist(), "cases": cases}
    # one vector per line
    text = json.dumps(content, separators=(",", ":")).replace("[[", "[\n[").replace("],[", "],\n[")
    Path(__file__).with_name("torch.json").write_text(text + "\n")


main()
