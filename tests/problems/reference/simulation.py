"""Independent minima of gp, calibration and simulated/hidden: other formulas, BFGS of scipy."""
import csv
import numpy as np
from scipy.optimize import minimize
from scipy.stats import norm


def solve(name, F, x0):
    """BFGS on central differences with a restart, enough for 1e-9 of the cost."""
    x = np.array(x0, float)
    for step in [1e-5, 1e-6, 1e-6]:
        grad = lambda x: np.array([(F(x + step * e) - F(x - step * e)) / (2 * step) for e in np.eye(len(x))])
        x = minimize(F, x, jac=grad, method="BFGS", options=dict(gtol=1e-10, maxiter=300)).x
    print(name, "from", repr(float(F(np.array(x0, float)))), "->", repr(float(F(x))))


def table(path):
    return list(csv.DictReader(open(path)))


def z(y):
    return (y - y.mean()) / y.std()


def gp(y, corr, prior):
    def F(x):
        K = np.exp(2 * x[0]) * corr(x) + np.exp(2 * x[1]) * np.eye(len(y))
        loglik = -0.5 * y @ np.linalg.solve(K, y) - 0.5 * np.linalg.slogdet(2 * np.pi * K)[1]
        return (-loglik + ((x - prior) ** 2).sum() / 8) / len(y)
    return F


rows = table("../data/sunspots_yearly.csv")[-40:]
t = np.array([float(r["year"]) for r in rows])
D = np.abs(t[:, None] - t)
prior = np.array([0, -1, np.log(10), np.log(10)])
y = z(np.sqrt([float(r["sunspots"]) for r in rows]))
solve("gp/sunspots", gp(y, lambda x: np.exp(-D / np.exp(x[2])) * np.cos(2 * np.pi * D / np.exp(x[3])), prior), prior)

X = np.array(list(csv.reader(open("../../../examples/data/breast_cancer.csv")))[1:], float)[::14][:40]
U = np.apply_along_axis(z, 0, X[:, [0, 1, 4, 8]])
S = (U[:, None] - U) ** 2
prior = np.array([0, -1, 0.5, 0.5, 0.5, 0.5])
solve("gp/tumours", gp(z(X[:, 9]), lambda x: np.exp(-0.5 * (S / np.exp(2 * x[2:])).sum(2)), prior), prior)


def call(F, K, v):
    d = np.log(F / K) / v + v / 2
    return F * norm.cdf(d) - K * norm.cdf(d - v)


T, K = (a.ravel() for a in np.meshgrid([0.25, 0.5, 1], np.arange(80, 121, 10.0), indexing="ij"))
k = np.log(K / 100)
Q = call(100, K, (0.2 - 0.05 * k + 0.1 * k * k) * np.sqrt(T))
which = np.repeat([0, 1, 2], 5)


def displaced(x):
    d = 100 * np.exp(x[3])
    return 0.5 * ((call(100 + d, K + d, np.exp(x[which]) * np.sqrt(T)) - Q) ** 2).mean()


solve("calibration/displaced", displaced, [-1.2, -1.2, -1.2, -1])
K2 = np.arange(70, 131, 10.0)
Q2 = call(100, K2, (0.2 + 0.5 * np.log(K2 / 100) ** 2) * np.sqrt(0.5))


def mixture(x):
    s, t = np.exp(x[:2])
    w = 1 / (1 + np.exp(-x[2]))
    P = w * call(100, K2, s * np.sqrt(0.5)) + (1 - w) * call(100, K2, (s + t) * np.sqrt(0.5))
    return 0.5 * ((P - Q2) ** 2).mean()


solve("calibration/mixture", mixture, [-1.2, -2, 0])
onsets = np.array([float(r["onset"]) for r in table("../data/ebola_kikwit_1995.csv")])
prior = np.concatenate([np.log([0.2, 1.5, 6]), 3 * np.eye(3).ravel()])
spread = np.r_[0.5 * np.ones(3), np.ones(9)]


def hidden(x):
    A = np.exp(x[3:].reshape(3, 3))
    A /= A.sum(1, keepdims=True)
    E = np.exp(onsets[:, None] * x[:3] - np.exp(x[:3]))
    a, log = np.array([1.0, 0, 0]), 0
    for i, e in enumerate(E):
        a = (a @ A if i else a) * e
        log += np.log(a.sum())
        a = a / a.sum()
    return (0.5 * (((x - prior) / spread) ** 2).sum() - log) / len(onsets)


solve("simulated/hidden", hidden, np.r_[-0.5, 0, 0.5, np.zeros(9)])
