"""Reference minima of the newsvendors: closed forms, checked by quadrature, and a linear program."""
import os
import numpy as np
from scipy.integrate import quad
from scipy.optimize import linprog

scale = 100.0 ** (np.arange(10) / 9)
h, b = np.ones(10), np.array([2, 4, 9, 19, 49] * 2, float)


def report(name, u, F, cost, density):
    """A closed form F at stocks scale * u, against quadrature of the cost over demand."""
    both = [quad(lambda d: cost(h_, b_, q, d) * density(d), lo, hi, epsabs=1e-12, epsrel=1e-11, limit=500)[0]
            for h_, b_, q in zip(h, b, u) for lo, hi in ((0, q), (q, np.inf))]
    check = (scale * np.reshape(both, (10, 2)).sum(1)).sum()
    print(name, repr(float((scale * F).sum())), "quadrature", check, "u", u.round(3))


newsvendor = lambda h_, b_, q, d: h_ * max(q - d, 0) + b_ * max(d - q, 0)
a = 1.5
u = (h / (h + b)) ** (-1 / a) - 1
report("lomax", u, h * (u - 1 / (a - 1)) + (h + b) * (1 + u) ** (1 - a) / (a - 1), newsvendor, lambda d: a * (1 + d) ** (-a - 1))
u = np.log((h + b) / h)
report("exponential", u, h * (u - 1) + (h + b) * np.exp(-u), newsvendor, lambda d: np.exp(-d))
# h q + b / (2 s) (D - q)_+^2, demand Lomax with tail 2.5: h = b (1 + u)^(1 - a) / (a - 1), u = q / s > 0.
a = 2.5
u = (h * (a - 1) / b) ** (1 / (1 - a)) - 1
report("shortage", u, h * u + b / ((a - 1) * (a - 2)) * (1 + u) ** (2 - a), lambda h_, b_, q, d: h_ * q + b_ / 2 * max(d - q, 0) ** 2, lambda d: a * (1 + d) ** (-a - 1))

path = "data/demand_simulated.csv"
if not os.path.exists(path):
    rng = np.random.default_rng(75)
    x = np.round(rng.normal(size=(400, 5)), 4)
    x[:, 4] = np.round(rng.standard_t(3, size=400), 4)
    d = np.round(20 + x @ [3, -2, 1, 0.5, 2] + (1 + 0.3 * np.abs(x[:, 0])) * 4 * rng.pareto(2.0, size=400), 3)
    np.savetxt(path, np.c_[x, d], delimiter=",", fmt="%.4f", header="x0,x1,x2,x3,x4,demand", comments="")
t = np.loadtxt(path, delimiter=",", skiprows=1)
n = len(t)
A, d = np.c_[t[:, :5], np.ones(n)], t[:, 5]
c = np.r_[np.zeros(6), np.full(n, 1 / n), np.full(n, 4 / n)]
r = linprog(c, A_eq=np.c_[A, -np.eye(n), np.eye(n)], b_eq=d, bounds=[(None, None)] * 6 + [(0, None)] * (2 * n), method="highs", options=dict(primal_feasibility_tolerance=1e-10, dual_feasibility_tolerance=1e-10))
q = A @ r.x[:6]
print("rule", repr(float(r.fun)), repr(float((np.maximum(q - d, 0) + 4 * np.maximum(d - q, 0)).mean())), r.x[:6], "f0", (4 * np.maximum(d, 0)).mean(), "range", d.min(), d.max())
