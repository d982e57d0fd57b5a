//! The variational quantum eigensolver for H2 (STO-3G, 0.735 Angstrom), on simulated qubits.
//!
//! `E(t) = <psi(t)| H |psi(t)>` in Hartree, without the repulsion of the nuclei, for a
//! hardware-efficient ansatz: layers of RY (and RZ) rotations of every qubit with chains of
//! CNOTs between them, applied to |0...0>. The Hamiltonians are the 5 Pauli terms on 2
//! qubits of the Qiskit tests (Apache-2.0) and the 15 of the Jordan-Wigner form on 4.
//!
//! A rotation by t obeys `dE/dt = (E(t + pi/2) - E(t - pi/2)) / 2`. A draw measures every
//! Pauli term of both energies a number of times (shots), each time with outcome 1 or -1.

use crate::{Draw, Problem};
use nalgebra::Complex;
use rand_distr::{Binomial, Distribution};
use serde_json::Value;
use std::f64::consts::FRAC_PI_2;

/// A product of Pauli matrices, with a coefficient.
struct Pauli {
    coefficient: f64,
    /// Qubits with X or Y.
    flips: usize,
    /// Qubits with Z or Y.
    signs: usize,
    /// How many Y there are.
    ys: u32,
}

/// What a qubit is rotated about.
#[derive(Clone, Copy)]
enum Axis {
    Y,
    Z,
}

struct Vqe {
    qubits: usize,
    /// Chains of CNOTs.
    layers: usize,
    /// The rotations of every qubit in every layer.
    rotations: &'static [Axis],
    terms: Vec<Pauli>,
    /// The ground state, in reach of every ansatz here (reference/vqe.py).
    minimum: f64,
    /// Measurements per Pauli term and energy; the exact expectation if none.
    shots: Option<u32>,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let data: Value = serde_json::from_str(include_str!("../../../examples/data/h2_vqe.json"))
        .expect("h2_vqe.json is JSON");
    let mut all: Vec<Box<dyn Problem>> = Vec::new();
    let ansatzes: [(_, _, _, &[Axis]); 3] = [
        ("h2_2q", 2, 1, &[Axis::Y]),
        ("h2_2q", 2, 1, &[Axis::Y, Axis::Z]),
        ("h2_4q_jordan_wigner", 4, 2, &[Axis::Y]),
    ];
    for (key, qubits, layers, rotations) in ansatzes {
        for shots in [Some(100), Some(1000), None] {
            let terms = data[key]["terms"].as_object().into_iter().flatten();
            let terms = terms
                .map(|(label, c)| Pauli::new(label, c.as_f64().expect("a coefficient")))
                .collect();
            let minimum = data[key]["ground_electronic"].as_f64().expect("an energy");
            all.push(Box::new(Vqe { qubits, layers, rotations, terms, minimum, shots }));
        }
    }
    all
}

impl Pauli {
    /// From a label such as `XIZY`, whose last letter acts on qubit 0.
    fn new(label: &str, coefficient: f64) -> Self {
        let mask = |letters: &str| {
            label
                .chars()
                .rev()
                .enumerate()
                .filter(|(_, c)| letters.contains(*c))
                .map(|(q, _)| 1 << q)
                .sum()
        };
        let (flips, signs): (usize, usize) = (mask("XY"), mask("YZ"));
        Self { coefficient, flips, signs, ys: (flips & signs).count_ones() }
    }

    /// The mean outcome of a measurement.
    fn expectation(&self, state: &[Complex<f64>]) -> f64 {
        // P |b> = i^ys (-1)^|b & signs| |b ^ flips>
        let phase = Complex::i().powu(self.ys);
        let amplitudes = state.iter().enumerate().map(|(b, a)| {
            let sign = if (b & self.signs).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 };
            state[b ^ self.flips].conj() * a * sign
        });
        (amplitudes.sum::<Complex<f64>>() * phase).re
    }
}

impl Vqe {
    /// The state that the ansatz prepares.
    fn state(&self, angles: &[f64]) -> Vec<Complex<f64>> {
        let mut state = vec![Complex::new(0.0, 0.0); 1 << self.qubits];
        state[0].re = 1.0;
        let mut angles = angles.iter().map(|t| (0.5 * t).sin_cos());
        for layer in 0..=self.layers {
            for qubit in 0..self.qubits {
                for (&axis, (sin, cos)) in self.rotations.iter().zip(&mut angles) {
                    rotate(&mut state, qubit, axis, sin, cos);
                }
            }
            if layer < self.layers {
                for control in 0..self.qubits - 1 {
                    controlled_not(&mut state, control, control + 1);
                }
            }
        }
        state
    }

    fn energy(&self, angles: &[f64], mut measure: impl FnMut(f64) -> f64) -> f64 {
        let state = self.state(angles);
        self.terms
            .iter()
            .map(|term| match (term.flips, term.signs) {
                (0, 0) => term.coefficient,
                _ => term.coefficient * measure(term.expectation(&state)),
            })
            .sum()
    }

    fn shift(&self, x: &[f64], mut measure: impl FnMut(f64) -> f64, g: &mut [f64]) {
        let mut angles = x.to_vec();
        for i in 0..x.len() {
            angles[i] = x[i] + FRAC_PI_2;
            let above = self.energy(&angles, &mut measure);
            angles[i] = x[i] - FRAC_PI_2;
            g[i] = 0.5 * (above - self.energy(&angles, &mut measure));
            angles[i] = x[i];
        }
    }
}

/// Rotates a qubit by twice the angle of the given sine and cosine.
fn rotate(state: &mut [Complex<f64>], qubit: usize, axis: Axis, sin: f64, cos: f64) {
    let bit = 1 << qubit;
    for b in (0..state.len()).filter(|b| b & bit == 0) {
        let (zero, one) = (state[b], state[b | bit]);
        (state[b], state[b | bit]) = match axis {
            Axis::Y => (zero * cos - one * sin, zero * sin + one * cos),
            Axis::Z => (zero * Complex::new(cos, -sin), one * Complex::new(cos, sin)),
        };
    }
}

fn controlled_not(state: &mut [Complex<f64>], control: usize, target: usize) {
    let (control, target) = (1 << control, 1 << target);
    for b in (0..state.len()).filter(|b| b & control != 0 && b & target == 0) {
        state.swap(b, b | target);
    }
}

impl Problem for Vqe {
    fn name(&self) -> String {
        let rotations = if self.rotations.len() == 1 { "ry" } else { "ryrz" };
        let name = format!("vqe/h2/qubits={}/{rotations}", self.qubits);
        match self.shots {
            Some(shots) => format!("{name}/shots={shots}"),
            None => format!("{name}/exact"),
        }
    }

    fn family(&self) -> &'static str {
        "vqe"
    }

    /// Half a radian everywhere; exact descent reaches the ground state from there.
    fn start(&self) -> Vec<f64> {
        vec![0.5; self.qubits * (self.layers + 1) * self.rotations.len()]
    }

    fn minimum(&self) -> f64 {
        self.minimum
    }

    fn cost(&self, x: &[f64]) -> f64 {
        self.energy(x, |expectation| expectation)
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        self.shift(x, |expectation| expectation, g);
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        let Some(shots) = self.shots else {
            return self.gradient(x, g);
        };
        let mut rng = draw.rng();
        let measure = |expectation: f64| {
            // Rounding may leave an expectation just outside of [-1, 1]; NaN stays NaN.
            match Binomial::new(u64::from(shots), (0.5 * (1.0 + expectation)).clamp(0.0, 1.0)) {
                Ok(ups) => 2.0 * ups.sample(&mut rng) as f64 / f64::from(shots) - 1.0,
                Err(_) => f64::NAN,
            }
        };
        self.shift(x, measure, g);
    }

    /// Shots at shifted angles are no gradient.
    fn stochastic_cost(&self, x: &[f64], _: Draw) -> f64 {
        self.cost(x)
    }

    fn draws_have_costs(&self) -> bool {
        self.noise_free()
    }

    fn noise_free(&self) -> bool {
        self.shots.is_none()
    }
}
