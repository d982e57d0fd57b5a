"""Minima of the kinked finite sums as linear programs: losses, then weights in two parts."""
import numpy as np
from scipy.optimize import linprog

options = dict(primal_feasibility_tolerance=1e-10, dual_feasibility_tolerance=1e-10)


def regression(name, A, y, over, under):
    """mean_i over (a_i.x - y_i)_+ + under (y_i - a_i.x)_+."""
    n, k = A.shape
    c = np.r_[np.zeros(k), np.full(n, over / n), np.full(n, under / n)]
    r = linprog(c, A_eq=np.c_[A, -np.eye(n), np.eye(n)], b_eq=y, bounds=[(None, None)] * k + [(0, None)] * (2 * n), method="highs", options=options)
    d = A @ r.x[:k] - y
    print(name, repr(float(r.fun)), "again", repr(float((over * np.maximum(d, 0) + under * np.maximum(-d, 0)).mean())), r.x[:k])


def hinge(name, X, s, price):
    """mean_i (1 - s_i (w.x_i + b))_+ + price |w|_1, with w = u - v and u, v >= 0."""
    n, k = X.shape
    c = np.r_[np.full(2 * k, price), 0, np.full(n, 1 / n)]
    A = -np.c_[s[:, None] * X, -s[:, None] * X, s, np.eye(n)]
    r = linprog(c, A_ub=A, b_ub=-np.ones(n), bounds=[(0, None)] * (2 * k) + [(None, None)] + [(0, None)] * n, method="highs", options=options)
    w, b = r.x[:k] - r.x[k : 2 * k], r.x[2 * k]
    again = np.maximum(1 - s * (X @ w + b), 0).mean() + price * np.abs(w).sum()
    print(name, repr(float(r.fun)), "again", repr(float(again)), "weights", (np.abs(w) > 1e-9).sum())


nile = np.loadtxt("../../examples/data/nile.csv", delimiter=",", skiprows=1)
A = np.c_[(nile[:, 0] - 1920) / 10, np.ones(len(nile))]
regression("nile/absolute", A, nile[:, 1] / 100, 1.0, 1.0)
regression("nile/pinball", A, nile[:, 1] / 100, 0.1, 0.9)

rows = np.loadtxt("../../examples/data/breast_cancer.csv", delimiter=",", skiprows=1)
X = (rows[:, :30] - rows[:, :30].mean(0)) / rows[:, :30].std(0)
hinge("tumours/hinge", X, 2 * rows[:, 30] - 1, 0.01)
