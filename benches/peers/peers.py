"""Times a step of torch's and optax's Adam beside `step_cost`, in f32, on one thread and on two.

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
import sys
import time

SIZES = [10**k for k in range(2, 8)]
THREADS = [1, 2]
WINDOWS = 7
BEGIN, END = "<!-- tables -->", "<!-- end of tables -->"
PAPER, ALONE, DEFAULT = (
    "this crate, paper preset",
    "this crate, default without a dense model",
    "this crate, default",
)
ADAM, FUSED = "torch Adam", "torch Adam, fused"


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


def torch_adam(fused, threads):
    import torch

    torch.set_num_threads(threads)

    def run(n):
        x = torch.zeros(n, requires_grad=True)
        x.grad = torch.full((n,), 0.1)
        return median_seconds(torch.optim.Adam([x], lr=1e-3, fused=fused).step, n)

    return FUSED if fused else ADAM, torch.__version__, run


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

    return "optax adam, jitted, donated", optax.__version__, run


def time_peers(threads):
    """Prints a line of JSON for each peer that is installed; on so many cores."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    os.environ["OMP_NUM_THREADS"] = str(threads)
    makes = (
        lambda: torch_adam(False, threads),
        lambda: torch_adam(True, threads),
        optax_adam,
    )
    for make in makes:
        try:
            name, version, run = make()
        except ImportError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        times = [1e6 * run(n) for n in SIZES]
        print(json.dumps({"name": name, "version": version, "us": times}), flush=True)


def peers(threads):
    """Rows of the peers, timed in a process of its own: they look at the cores when they start."""
    command = [sys.executable, __file__, "--peers", str(threads)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def digits(value):
    """Three digits, without an exponent."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:.0f}" if rounded >= 100 else f"{value:.3g}"


def power(n):
    return f"1e{len(str(n)) - 1}"


def of_step_cost(binary):
    """Rows of `step_cost` by kind."""
    output = subprocess.run([binary, "--json"], check=True, stdout=subprocess.PIPE, text=True)
    rows = [json.loads(line) for line in output.stdout.splitlines()]
    return {kind: [row for row in rows if row["kind"] == kind]
            for kind in ("step", "dense", "overhead")}


def step_tables(rows):
    steps = [
        [
            row["preset"], row["float"], row["threads"], power(row["n"]),
            f"{row['ns'] / row['n']:.2f}", f"{row['bytes_per_parameter']:.0f}",
            f"{row['bytes_per_second'] / 1e9:.1f}", f"{100 * row['share_of_bandwidth']:.0f} %",
            f"{row['dual_evaluations']:.2f}" if row["preset"] == "paper" else "",
        ]
        for row in rows["step"]
        if row["threads"] == 1 or row["n"] >= 1_000_000
    ]
    dense = [
        [row["n"], digits(row["us"]), f"{100 * (1 - row['without'] / row['us']):.0f} %"]
        for row in rows["dense"]
    ]
    overhead = [
        [row["preset"], row["n"], row["telemetry"], f"{row['ns']:.0f}"] for row in rows["overhead"]
    ]
    return [
        "The dense model of the default, mean of the first 1000 iterations, f32 with a model in f64:",
        table(["n", "us/iteration", "of it linear algebra"], dense),
        "Executor and solver with an oracle that costs next to nothing, f64:",
        table(["preset", "n", "telemetry", "ns/iteration"], overhead),
        "A step beside the bandwidth of the memory; foundation is the default without a dense model:",
        table(
            ["solver", "float", "threads", "n", "ns/parameter", "bytes/parameter", "GB/s",
             "of the same-bytes kernel", "dual evaluations a step"],
            steps,
        ),
    ]


def times_of(rows, threads):
    """Microseconds a step by solver and size."""
    times = {}
    for name, preset in ((PAPER, "paper"), (ALONE, "foundation")):
        times[name] = {
            row["n"]: row["ns"] / 1e3
            for row in rows["step"]
            if (row["preset"], row["float"], row["threads"]) == (preset, "f32", threads)
        }
    # up to 200 coordinates there is a model
    modelled = {row["n"]: row["us"] for row in rows["dense"] if row["n"] in SIZES}
    times[DEFAULT] = {**times[ALONE], **modelled}
    return times


def goals(times):
    """Rows of the goals, for one number of threads; what falls short is bold."""

    def row(goal, threads, ours, theirs, sizes, least):
        mine, other = times[threads].get(ours, {}), times[threads].get(theirs, {})
        ratios = [(n, other[n] / mine[n]) for n in sizes if n in mine and n in other]
        shown = [
            f"{power(n)}: " + (f"{digits(ratio)}x" if ratio >= least else f"**{digits(ratio)}x**")
            for n, ratio in ratios
        ]
        return [goal, threads, ", ".join(shown)]

    rows = []
    for threads in THREADS:
        rows += [
            row("paper preset faster than torch's default Adam", threads, PAPER, ADAM, SIZES, 1),
            row("default without a dense model faster than fused Adam up to 1e4", threads, ALONE,
                FUSED, SIZES[:3], 1),
            row("and at least half as fast at 1e6 and 1e7", threads, ALONE, FUSED, SIZES[4:], 0.5),
        ]
    return table(["goal", "threads", "times as fast"], rows)


def machine(loads):
    """What was measured, on what, and how busy that was."""
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True
    ).stdout.strip()
    if loads[0] > 0.3:
        print("the machine is busy: the times will be too long", file=sys.stderr)
    load = ", ".join(f"{load:.1f}" for load in loads)
    return (
        f"{model.group(1) if model else platform.processor()}, {os.cpu_count()} cores; "
        f"commit {commit}; {datetime.date.today()}; load average {load} at the start"
    )


def replace(path, report):
    """Puts the report between the markers, each of which must stand there once."""
    with open(path) as file:
        text = file.read()
    if [text.count(f"\n{marker}\n") for marker in (BEGIN, END)] != [1, 1]:
        sys.exit(f"{path}: the lines {BEGIN} and {END} must stand there once each")
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    with open(path, "w") as file:
        file.write(f"{head}{BEGIN}\n\n{report}\n\n{END}{tail}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step-cost", help="the built example `step_cost`")
    parser.add_argument("--write", help="a report with markers")
    parser.add_argument("--loads", type=float, nargs=3, help="load averages before the build")
    parser.add_argument("--peers", type=int, help="prints times of the peers alone, on so many threads")
    arguments = parser.parse_args()
    if arguments.peers:
        time_peers(arguments.peers)
        return

    where = machine(arguments.loads or os.getloadavg())
    rows = of_step_cost(arguments.step_cost) if arguments.step_cost else None
    times, versions, tables = {}, {}, []
    for threads in THREADS:
        times[threads] = times_of(rows, threads) if rows else {}
        for peer in peers(threads):
            times[threads][peer["name"]] = dict(zip(SIZES, peer["us"]))
            versions[peer["name"].split()[0]] = peer["version"]
        lines = [
            [name] + [digits(of[n]) if n in of else "" for n in SIZES]
            for name, of in times[threads].items()
        ]
        on = "one thread" if threads == 1 else f"{threads} threads"
        tables.append(f"Microseconds a step, f32, gradient given, {on}:")
        tables.append(table(["", *(f"n = {power(n)}" for n in SIZES)], lines))
    with_peers = "".join(f"; {name} {version}" for name, version in versions.items())
    parts = [f"{where}{with_peers}.", *tables]
    if rows:
        parts += [goals(times), *step_tables(rows)]
    report = "\n\n".join(parts)
    print(report)
    if arguments.write:
        replace(arguments.write, report)


if __name__ == "__main__":
    main()
