"""Reference minima of logistic regression: damped Newton."""
import csv
import numpy as np

rows = list(csv.reader(open("../../examples/data/breast_cancer.csv")))[1:]
A = np.array(rows, float)
X, s = A[:, :30], 2 * A[:, 30] - 1
n = len(s)


def newton(Z, pen, t):
    """F = mean log(1 + exp(-s Z t)) + sum(pen t^2) / 2, in double."""
    for _ in range(200):
        m = s * (Z @ t)
        p = 1 / (1 + np.exp(m))
        g = -(Z * (s * p)[:, None]).mean(0) + pen * t
        H = (Z * (p * (1 - p))[:, None]).T @ Z / n + np.diag(pen)
        step = np.linalg.solve(H, g)
        f = lambda t: np.logaddexp(0, -s * (Z @ t)).mean() + 0.5 * (pen * t * t).sum()
        a = 1.0
        while f(t - a * step) > f(t) and a > 1e-12: a /= 2
        t = t - a * step
    return f(t), np.abs(g).max(), t


mu, sd = X.mean(0), X.std(0)
one = np.ones((n, 1))
print("standardized", newton(np.hstack([(X - mu) / sd, one]), np.r_[np.ones(30), 0] / n, np.zeros(31))[:2])
# Raw features: the same objective in u = w * sd, where the penalty is w^2 = (u / sd)^2.
f, g, t = newton(np.hstack([(X - mu) / sd, one]), np.r_[1 / sd**2, 0] / n, np.zeros(31))
w = t[:30] / sd
b = t[30] - (w * mu).sum()
print("raw", repr(f), g, np.logaddexp(0, -s * (X @ w + b)).mean() + (w * w).sum() / (2 * n))
m = s * (X @ w + b); p = 1/(1+np.exp(m)); Z = np.hstack([X, one])
H = (Z * (p*(1-p))[:, None]).T @ Z / n + np.diag(np.r_[np.ones(30), 0]/n)
e = np.linalg.eigvalsh(H); print("raw hessian eig", e[0], e[-1], "w", w, b)
