"""Reference minima of softmax regression and of the 64-16-10 tanh network on the digits.

F = mean cross entropy + |weights|^2 / (2 n); biases are not penalised; pixels / 16.
Usage: softmax_mlp.py softmax | mlp FIRST_SEED LAST_SEED
"""
import sys
import numpy as np
from scipy.optimize import minimize

d = np.fromfile("data/digits_1797x65.u8", np.uint8).reshape(-1, 65)
X, y = d[:, :64] / 16.0, d[:, 64].astype(int)
n = len(y)
Y = np.eye(10)[y]


def xent(L):
    m = L.max(1, keepdims=True)
    e = np.exp(L - m)
    s = e.sum(1, keepdims=True)
    return (np.log(s) + m)[:, 0].mean() - (L * Y).sum() / n, (e / s - Y) / n


def softmax(t):
    W, b = t[:640].reshape(10, 64), t[640:]
    f, D = xent(X @ W.T + b)
    return f + (W * W).sum() / (2 * n), np.concatenate([(D.T @ X + W / n).ravel(), D.sum(0)])


def softmax_hess_vec(t, v):
    W, b = t[:640].reshape(10, 64), t[640:]
    L = X @ W.T + b
    e = np.exp(L - L.max(1, keepdims=True))
    P = e / e.sum(1, keepdims=True)
    V, c = v[:640].reshape(10, 64), v[640:]
    A = X @ V.T + c
    D = P * (A - (P * A).sum(1, keepdims=True)) / n
    return np.concatenate([(D.T @ X + V / n).ravel(), D.sum(0)])


def mlp(t):
    W, b = t[:1024].reshape(16, 64), t[1024:1040]
    V, c = t[1040:1200].reshape(10, 16), t[1200:]
    H = np.tanh(X @ W.T + b)
    f, D = xent(H @ V.T + c)
    B = (D @ V) * (1 - H * H)
    g = np.concatenate([(B.T @ X + W / n).ravel(), B.sum(0), (D.T @ H + V / n).ravel(), D.sum(0)])
    return f + ((W * W).sum() + (V * V).sum()) / (2 * n), g


def polish(fun, t, hv=None, its=30):
    for _ in range(its):
        g = fun(t)[1]
        p, r = np.zeros_like(t), -g
        q, rr = r.copy(), r @ r
        for _ in range(3000):
            Hq = hv(t, q)
            a = rr / (q @ Hq)
            p += a * q; r -= a * Hq
            new = r @ r
            if new < 1e-32 * (g @ g) + 1e-40: break
            q = r + new / rr * q; rr = new
        t = t + p
        if np.linalg.norm(fun(t)[1]) < 1e-15: break
    return t


opts = dict(maxiter=20000, maxfun=40000, maxcor=50, gtol=1e-10, ftol=0)
if sys.argv[1] == "softmax":
    r = minimize(softmax, np.zeros(650), jac=True, method="L-BFGS-B", options=opts)
    t = polish(softmax, r.x, softmax_hess_vec)
    f, g = softmax(t)
    print("softmax", repr(r.fun), repr(f), np.linalg.norm(g), "f0", softmax(np.zeros(650))[0])
else:
    for seed in range(int(sys.argv[2]), int(sys.argv[3])):
        rng = np.random.default_rng(seed)
        scale = [0.3, 1.0, 2.0][seed % 3]
        t = np.zeros(1210)
        t[:1024] = rng.normal(size=1024) * scale * np.sqrt(2 / 80)
        t[1040:1200] = rng.normal(size=160) * scale * np.sqrt(2 / 26)
        r = minimize(mlp, t, jac=True, method="L-BFGS-B", options=opts)
        print("mlp", seed, repr(float(r.fun)), np.abs(r.jac).max(), r.nit, flush=True)
