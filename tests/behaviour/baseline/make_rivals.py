"""Records what optimizers without a learning rate to tune make of fixed gradients, as rivals.json.

    pip install torch numpy schedulefree==1.4.1 prodigyopt==1.1.2 dog-optimizer==1.0.3
    pip install parameterfree==0.0.1 jax optax==0.2.8
    python make_rivals.py

The packages are those of the methods' authors, but for DoWG, which optax has. Each case holds what
is not at the package's default, and the point and the answer after each step, one behind the other,
in float64 and in float32. Gradients and start are exact in both.
"""

import json
import os
from pathlib import Path

# the plain kernels, whose bits do not depend on the machine's vector units
os.environ["ATEN_CPU_CAPABILITY"] = "default"

import dog  # noqa: E402
import jax  # noqa: E402
import numpy  # noqa: E402
import optax  # noqa: E402
import parameterfree  # noqa: E402
import prodigyopt  # noqa: E402
import schedulefree  # noqa: E402
import torch  # noqa: E402

jax.config.update("jax_enable_x64", True)

STEPS = 50
START = [1.0, -3.0, 0.5, 2.0, -0.125]
# gradients of very different sizes
SCALES = [1.0, 16.0, 1 / 64, 4.0, 1 / 1024]

# name, solver, its settings
CASES = [
    ("schedule_free_default", "ScheduleFree", {}),
    (
        "schedule_free_settings",
        "ScheduleFree",
        {"lr": 0.05, "betas": [0.6, 0.95], "eps": 1e-3},
    ),
    ("prodigy_default", "Prodigy", {}),
    ("prodigy_settings", "Prodigy", {"betas": [0.8, 0.9], "eps": 1e-3, "d0": 1e-3}),
    ("prodigy_short_memory", "Prodigy", {"betas": [0.3, 0.5], "d0": 1e-2}),
    ("dog_default", "Dog", {}),
    ("dog_first_step", "Dog", {"reps_rel": 0.0625}),
    ("dowg_default", "Dowg", {}),
    ("dowg_first_step", "Dowg", {"init_estim_sq_dist": 0.0625}),
    ("cocob_default", "Cocob", {}),
    ("cocob_alpha", "Cocob", {"alpha": 2.0}),
]


def draw_gradients():
    """Noise around a drift that turns back; coordinate 3 is often 0, coordinate 4 always at first."""
    generator = numpy.random.Generator(numpy.random.PCG64(2310))
    noise = generator.standard_normal((STEPS, len(START)))
    drift = numpy.where(numpy.arange(STEPS) < STEPS // 2, 0.5, -0.5)[:, None]
    gradients = numpy.round(64 * (noise + drift)) / 64 * numpy.array(SCALES)
    gradients[numpy.arange(STEPS) % 3 != 0, 3] = 0.0
    gradients[:10, 4] = 0.0
    return gradients


class Model(torch.nn.Module):
    """What the averager of DoG's package averages: one parameter."""

    def __init__(self, dtype):
        super().__init__()
        self.x = torch.nn.Parameter(torch.tensor(START, dtype=dtype))


def torch_points(build, gradients, dtype, answer):
    """The point and `answer(solver, model)` after each step."""
    model = Model(dtype)
    solver = build([model.x])
    average = dog.PolynomialDecayAverager(model)
    for gradient in gradients:
        model.x.grad = torch.tensor(gradient, dtype=dtype)
        solver.step()
        average.step()
        point = model.x.detach().clone()
        yield point.tolist(), answer(solver, model, average).detach().tolist()


def optax_points(solver, gradients, dtype):
    """The same of a solver of optax, with the average of DoG's package as the answer."""
    model = Model(dtype)
    average = dog.PolynomialDecayAverager(model)
    x = jax.numpy.asarray(model.x.detach().numpy())
    state = solver.init(x)
    for gradient in gradients:
        updates, state = solver.update(jax.numpy.asarray(gradient, dtype=x.dtype), state, x)
        x = optax.apply_updates(x, updates)
        model.x.data.copy_(torch.tensor(numpy.asarray(x)))
        average.step()
        yield x.tolist(), average.averaged_model.x.detach().tolist()


def average_of_schedule_free(solver, model, _):
    """The parameters in evaluation mode, on a copy: the round trip would cost some bits."""
    point = model.x.detach().clone()
    solver.eval()
    answer = model.x.detach().clone()
    solver.train()
    model.x.data.copy_(point)
    return answer


def points(solver, settings, gradients, dtype):
    if solver == "ScheduleFree":

        def build(params):
            built = schedulefree.AdamWScheduleFree(params, **settings)
            built.train()
            return built

        return torch_points(build, gradients, dtype, average_of_schedule_free)
    if solver == "Dowg":
        return optax_points(optax.contrib.dowg(**settings), gradients, dtype)
    build = {"Prodigy": prodigyopt.Prodigy, "Dog": dog.DoG, "Cocob": parameterfree.COCOB}[solver]
    answer = (lambda _, model, average: average.averaged_model.x) if solver == "Dog" else (
        lambda _, model, average: model.x
    )
    return torch_points(lambda params: build(params, **settings), gradients, dtype, answer)


def run(solver, settings, gradients, dtype):
    digits = 17 if dtype == torch.float64 else 9
    return [
        [float(f"{value:.{digits}g}") for value in point + answer]
        for point, answer in points(solver, settings, gradients, dtype)
    ]


def main():
    gradients = draw_gradients()
    cases = [
        {
            "name": name,
            "solver": solver,
            "settings": settings,
            "float64": run(solver, settings, gradients, torch.float64),
            "float32": run(solver, settings, gradients, torch.float32),
        }
        for name, solver, settings in CASES
    ]
    content = {"x0": START, "gradients": gradients.tolist(), "cases": cases}
    # one vector per line
    text = json.dumps(content, separators=(",", ":")).replace("[[", "[\n[").replace("],[", "],\n[")
    Path(__file__).with_name("rivals.json").write_text(text + "\n")


main()
