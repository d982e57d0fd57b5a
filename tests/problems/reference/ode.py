"""Reference minima of the ODE fits, and where descent from the starts of ode.rs ends.

Log-parameters throughout; integration with DOP853 at 1e-12, Gauss-Newton (least_squares).
"""
import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import least_squares, minimize

t = np.genfromtxt("../../examples/data/lynx_hare.csv", delimiter=",", skip_header=1)
obs = np.log(t[:, 1:])
flu = np.genfromtxt("../../examples/data/influenza_school_1978.csv", delimiter=",", skip_header=1, usecols=2)
LV = np.array([0.5401590226416734, 0.027165358981653037, 0.7963860005135251, 0.023694636741547866, 34.602424623807714, 5.844506197091195])
SIR = np.array([1.6692261353325741, 0.4434501935561636])


def lv(q):
    a, b, g, d, u, v = np.exp(q)
    f = lambda _, z: [a - b * np.exp(z[1]), -g + d * np.exp(z[0])]
    s = solve_ivp(f, (0, 20), np.log([u, v]), method="DOP853", rtol=1e-11, atol=1e-11, t_eval=np.arange(21))
    return (s.y.T - obs).ravel()


def sir(q):
    b, g = np.exp(q)
    f = lambda _, z: [-b * z[0] * z[1] / 763, b * z[0] * z[1] / 763 - g * z[1]]
    s = solve_ivp(f, (0, 14), [762, 1], method="DOP853", rtol=1e-12, atol=1e-10, t_eval=np.arange(1, 15))
    return s.y[1] - flu


def run(name, r, x):
    F = lambda q: (r(q) ** 2).sum()
    s = least_squares(r, np.log(x), xtol=1e-15, ftol=1e-15, gtol=1e-15, x_scale=1.0)
    b = minimize(F, np.log(x), method="L-BFGS-B", options=dict(maxiter=2000, ftol=1e-14))
    print(name, "start", np.round(x, 4), "F", F(np.log(x)), "GN", repr(2 * s.cost), "LBFGS", b.fun)


w = np.array([1.3, 0.7, 0.7, 1.3, 1.3, 0.7])
run("lv optimum", lv, LV)
for name, x in [("near +-", LV * w), ("near -+", LV / w), ("near all+", LV * 1.3), ("json", [1, .05, 1, .05, 30, 4]), ("near2", LV * np.array([1.3, 1.3, .7, .7, 1.3, .7])), ("near3", LV * np.array([.7, .7, 1.3, 1.3, .7, 1.3]))]:
    run("lv " + name, lv, np.array(x))
for name, x in [("opt", SIR), ("near", SIR * [1.3, 0.7]), ("near-", SIR * [0.7, 1.3]), ("json", [2.0, 1.0])]:
    run("sir " + name, sir, np.array(x))
