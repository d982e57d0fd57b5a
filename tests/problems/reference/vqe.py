"""Ground states, and where exact descent ends for the ansatz and starts of vqe.rs."""
import json
import numpy as np
from scipy.optimize import minimize

h = json.load(open("../../examples/data/h2_vqe.json"))
P = {"I": np.eye(2), "X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]]), "Z": np.diag([1, -1])}


def dense(terms):
    H = 0
    for label, c in terms.items():
        M = np.eye(1)
        for l in label: M = np.kron(M, P[l])
        H = H + c * M
    return H


def rot(state, q, G, n):
    s = state.reshape(2 ** (n - 1 - q), 2, 2 ** q)
    return np.einsum("ab,ibj->iaj", G, s).reshape(-1)


def energy(t, H, n, layers, phases):
    s = np.zeros(2 ** n, complex); s[0] = 1
    k = 0
    for layer in range(layers + 1):
        for q in range(n):
            c, z = np.cos(t[k] / 2), np.sin(t[k] / 2); k += 1
            s = rot(s, q, np.array([[c, -z], [z, c]]), n)
            if phases:
                s = rot(s, q, np.diag([np.exp(-0.5j * t[k]), np.exp(0.5j * t[k])]), n); k += 1
        if layer < layers:
            for q in range(n - 1):
                idx = np.arange(2 ** n)
                s = s[np.where(idx >> q & 1, idx ^ (1 << (q + 1)), idx)]
    return (s.conj() @ H @ s).real


for key, n, layers, phases in [("h2_2q", 2, 1, False), ("h2_2q", 2, 1, True), ("h2_4q_jordan_wigner", 4, 2, False), ("h2_4q_jordan_wigner", 4, 3, False), ("h2_4q_jordan_wigner", 4, 2, True)]:
    H = dense(h[key]["terms"])
    m = n * (layers + 1) * (2 if phases else 1)
    print(key, layers, phases, "params", m, "ground", repr(float(np.linalg.eigvalsh(H)[0])))
    f = lambda t: energy(t, H, n, layers, phases)
    rng = np.random.default_rng(0)
    r = [minimize(f, rng.uniform(-np.pi, np.pi, m), method="L-BFGS-B", options=dict(maxiter=1000, ftol=1e-15)).fun for _ in range(12)]
    print("  random", np.sort(r).round(6))
    for name, x in [("0.1", np.full(m, 0.1)), ("0.5", np.full(m, 0.5)), ("alt", 0.5 * (-1.0) ** np.arange(m)), ("ramp", 0.3 * np.arange(1, m + 1)), ("1", np.full(m, 1.0)), ("sin", np.sin(np.arange(1, m + 1)))]:
        s = minimize(f, x, method="L-BFGS-B", options=dict(maxiter=2000, ftol=1e-15))
        print("  ", name, f(x), s.fun)
