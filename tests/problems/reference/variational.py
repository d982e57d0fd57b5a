"""Reference minima of the variational problems: Newton on complex-step gradients."""
import csv
import numpy as np
from scipy.optimize import minimize


def cgrad(F, x):
    g = np.empty(len(x))
    for i in range(len(x)):
        z = x.astype(complex); z[i] += 1e-30j
        g[i] = F(z).imag / 1e-30
    return g


def solve(name, F, x0, tries=12):
    best = None
    rng = np.random.default_rng(0)
    found = []
    for k in range(tries):
        x = x0 + (rng.normal(size=len(x0)) if k else 0)
        r = minimize(lambda x: F(x).real, x, jac=lambda x: cgrad(F, x), method="BFGS", options=dict(maxiter=3000, gtol=1e-8))
        x = r.x
        for _ in range(6):
            g = cgrad(F, x)
            H = np.array([(cgrad(F, x + d) - cgrad(F, x - d)) / 2e-5 for d in 1e-5 * np.eye(len(x))])
            step = np.linalg.solve((H + H.T) / 2, g)
            if np.abs(step).max() > 1: break
            x = x - step
        found.append(F(x).real)
        if k == 0: print(name, "from start", repr(float(F(x0 + 0.0).real)), "->", repr(float(F(x).real)), "grad", np.abs(cgrad(F, x)).max(), "hess eig", np.linalg.eigvalsh(H)[[0, -1]]); print("   x", x.round(3))
    print(name, "found", np.unique(np.round(found, 10)))


rows = np.array(list(csv.reader(open("../../examples/data/breast_cancer.csv")))[1:], float)
X = rows[:, [0, 1, 4, 8]]
X = np.hstack([(X - X.mean(0)) / X.std(0), np.ones((len(X), 1))])
s = 2 * rows[:, 30] - 1
n, d, tau = len(s), 5, 2.0
z, w = np.polynomial.hermite_e.hermegauss(120)  # Rust uses the trapezoidal rule
w = w / w.sum()


def blr(x):
    m, rho = x[:d], x[d:]
    v = np.exp(2 * rho)
    eta = (X @ m)[:, None] + np.sqrt((X * X) @ v)[:, None] * z
    t = -s[:, None] * eta
    sp = np.where(t.real > 0, t, 0) + np.log(1 + np.exp(np.where(t.real > 0, -t, t)))
    kl = (0.5 * (v + m * m) / tau**2 - 0.5 - rho + np.log(tau)).sum()
    return ((sp @ w).sum() + kl) / n


y = np.array([28, 8, -3, 7, -1, 1, 18, 12.0])
e = np.array([15, 10, 16, 11, 9, 11, 10, 18.0])
L = 0.5 * np.log(2 * np.pi)


def schools(x, centered):
    m, rho = x[:10], x[10:]
    v = np.exp(2 * rho)
    mu, t, th = m[0], m[1], m[2:]
    F = 0.5 * (mu**2 + v[0]) / 25 + np.log(5) + L + 0.5 * ((t - np.log(5)) ** 2 + v[1]) + L - (rho + L + 0.5).sum()
    F += (np.log(e) + L).sum()
    if centered:
        F += (0.5 * ((y - th) ** 2 + v[2:]) / e**2).sum()
        F += (0.5 * ((th - mu) ** 2 + v[2:] + v[0]) * np.exp(-2 * t + 2 * v[1]) + t + L).sum()
    else:
        E1, E2 = np.exp(t + v[1] / 2), np.exp(2 * t + 2 * v[1])
        var = E2 * (th**2 + v[2:]) - (E1 * th) ** 2
        F += (0.5 * ((y - mu - E1 * th) ** 2 + v[0] + var) / e**2).sum() + (0.5 * (th**2 + v[2:]) + L).sum()
    return F


solve("logistic", blr, np.r_[np.zeros(5), -np.ones(5)], tries=3)
solve("centered", lambda x: schools(x, True), np.r_[np.zeros(10), -np.ones(10)])
solve("noncentered", lambda x: schools(x, False), np.r_[np.zeros(10), -np.ones(10)])
