"""Times a step of torch's and optax's Adam beside `step_cost`, on one thread, in f32.

    python peers.py [--step-cost BINARY] [--write REPORT]

Prints Markdown; with --write it also replaces what stands between the markers in the report.
Peers that are not installed are left out.
"""

import argparse
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import time

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["XLA_FLAGS"] = (
    "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)
SIZES = [10**k for k in range(2, 8)]
WINDOWS = 7


def median_seconds(step, n):
    """Median over windows of the seconds a step takes."""
    count = max(1, 1_000_000 // n)
    for _ in range(3):
        step()
    times = []
    for _ in range(WINDOWS):
        begin = time.perf_counter()
        for _ in range(count):
            step()
        times.append((time.perf_counter() - begin) / count)
    return statistics.median(times)


def torch_adam(fused):
    import torch

    torch.set_num_threads(1)

    def run(n):
        x = torch.zeros(n, requires_grad=True)
        x.grad = torch.full((n,), 0.1)
        return median_seconds(torch.optim.Adam([x], lr=1e-3, fused=fused).step, n)

    return f"torch {torch.__version__} Adam{', fused' if fused else ''}", run


def optax_adam():
    import jax
    import jax.numpy as jnp
    import optax

    adam = optax.adam(1e-3)

    def update(x, state, gradient):
        updates, state = adam.update(gradient, state, x)
        return optax.apply_updates(x, updates), state

    jitted = jax.jit(update, donate_argnums=(0, 1))

    def run(n):
        x = jnp.zeros(n)
        gradient = jnp.full((n,), 0.1)
        carry = [x, adam.init(x)]

        def step():
            carry[:] = jitted(*carry, gradient)
            jax.block_until_ready(carry[0])

        return median_seconds(step, n)

    return f"optax {optax.__version__} adam, jitted, donated", run


def peers():
    """Names and runners of the peers that are installed."""
    for make in (lambda: torch_adam(False), lambda: torch_adam(True), optax_adam):
        try:
            yield make()
        except ImportError as error:
            print(f"left out: {error}")


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def of_step_cost(binary):
    """Rows of `step_cost`, and its tables."""
    output = subprocess.run([binary, "--json"], check=True, capture_output=True, text=True)
    rows = [json.loads(line) for line in output.stdout.splitlines()]
    steps = [row for row in rows if row["kind"] == "step"]
    overhead = [row for row in rows if row["kind"] == "overhead"]
    tables = [
        table(
            ["preset", "float", "threads", "n", "ns/parameter", "bytes/parameter", "GB/s",
             "of the same-bytes kernel", "dual evaluations a step"],
            [
                [
                    row["preset"], row["float"], row["threads"], f"{row['n']:.0e}",
                    f"{row['ns'] / row['n']:.2f}", f"{row['bytes_per_parameter']:.0f}",
                    f"{row['bytes_per_second'] / 1e9:.1f}",
                    f"{100 * row['share_of_bandwidth']:.0f} %",
                    f"{row['dual_evaluations']:.2f}",
                ]
                for row in steps
            ],
        ),
        table(
            ["preset", "n", "telemetry", "ns/iteration"],
            [[row["preset"], row["n"], row["telemetry"], f"{row['ns']:.0f}"] for row in overhead],
        ),
    ]
    return steps, tables


def machine():
    """What was measured, on what, and how busy that was."""
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True
    ).stdout.strip()
    load = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    return (
        f"{model.group(1) if model else platform.processor()}, {os.cpu_count()} cores; "
        f"commit {commit}; {datetime.date.today()}; load average {load} at the start."
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step-cost", help="the built example `step_cost`")
    parser.add_argument("--write", help="a report with markers")
    arguments = parser.parse_args()

    parts, lines = [machine()], []
    if arguments.step_cost:
        steps, tables = of_step_cost(arguments.step_cost)
        parts += tables
        for preset in ("paper", "default"):
            micro = {
                row["n"]: row["ns"] / 1e3
                for row in steps
                if (row["preset"], row["float"], row["threads"]) == (preset, "f32", 1)
            }
            lines.append([f"this crate, {preset} preset"] + [micro.get(n) for n in SIZES])
    for name, run in peers():
        lines.append([name] + [1e6 * run(n) for n in SIZES])
    shown = [[line[0]] + [f"{value:.3g}" if value else "" for value in line[1:]] for line in lines]
    parts.append("Microseconds a step, f32, one thread, gradient given:")
    parts.append(table(["", *(f"n = {n:.0e}" for n in SIZES)], shown))
    report = "\n\n".join(parts)
    print(report)
    if arguments.write:
        with open(arguments.write) as file:
            text = file.read()
        begin, end = "<!-- tables -->\n", "<!-- end of tables -->"
        head, rest = text.split(begin)
        tail = rest.split(end)[1]
        with open(arguments.write, "w") as file:
            file.write(f"{head}{begin}\n{report}\n\n{end}{tail}")


if __name__ == "__main__":
    main()
