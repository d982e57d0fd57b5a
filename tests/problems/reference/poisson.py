"""Simulated counts, and the reference minima of the Poisson regressions by Newton.

F = mean_i (exp(eta_i) - y_i eta_i + y_i ln y_i - y_i) + |w|^2 / (2 n), eta = b + w.phi.
"""
import csv
import os
import numpy as np

if not os.path.exists("data/poisson_simulated.csv"):
    rng = np.random.default_rng(1978)
    n, d = 1000, 12
    X = np.round(rng.normal(size=(n, d)) * 0.5 ** np.arange(d)[None, :] ** 0.5, 4)
    X[:, 1] = np.round(0.8 * X[:, 0] + 0.6 * X[:, 1], 4)
    w = rng.normal(size=d) * 0.5
    y = rng.poisson(np.exp(1.0 + X @ w))
    with open("data/poisson_simulated.csv", "w") as f:
        f.write(",".join(f"x{j}" for j in range(d)) + ",count\n")
        for a, c in zip(X, y):
            f.write(",".join(f"{v:g}" for v in a) + f",{c}\n")


def table(name):
    rows = list(csv.reader(open(f"data/{name}.csv")))
    return {h: [r[j] for r in rows[1:]] for j, h in enumerate(rows[0])}


def minimum(name, phi, y):
    n = len(y)
    Z = np.hstack([phi, np.ones((n, 1))])
    pen = np.r_[np.ones(phi.shape[1]), 0] / n
    const = (np.where(y > 0, y * np.log(np.maximum(y, 1e-300)), 0) - y).mean()
    F = lambda t: (np.exp(Z @ t) - y * (Z @ t)).mean() + const + 0.5 * (pen * t * t).sum()
    t = np.zeros(Z.shape[1])
    for _ in range(200):
        e = np.exp(Z @ t)
        g = Z.T @ (e - y) / n + pen * t
        H = (Z * e[:, None]).T @ Z / n + np.diag(pen)
        step = np.linalg.solve(H, g)
        a = 1.0
        while not F(t - a * step) <= F(t) and a > 1e-12: a /= 2
        t = t - a * step
    ev = np.linalg.eigvalsh(H)
    print(name, "n", n, "d", len(t), "f0", F(0 * t), "min", repr(float(F(t))), "grad", np.abs(g).max(), "cond", ev[-1] / ev[0], "y max", y.max(), "t", t.round(2))


e = table("ebola_kikwit_1995")
day, onset = np.array(e["day"], float), np.array(e["onset"], float)
centers = np.linspace(0, 191, 10)
minimum("ebola", np.exp(-0.5 * ((day[:, None] - centers) / (191 / 9)) ** 2), onset)
s = table("sunspots_yearly")
year, spots = np.array(s["year"], float), np.array(s["sunspots"], float)
w = 2 * np.pi * (year[:, None] - 1700) / np.array([11.0, 10.0, 5.5, 100.0])
minimum("sunspots", np.hstack([np.cos(w), np.sin(w)]), spots)
p = table("poisson_simulated")
minimum("simulated", np.array([p[f"x{j}"] for j in range(12)], float).T, np.array(p["count"], float))
