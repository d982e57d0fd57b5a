//! The quantum approximate optimization algorithm (Farhi et al. 2014) with shots, simulated.
//!
//! `F = -E cut` for the weighted cut of a graph: every layer turns each edge by an angle about ZZ
//! and each vertex by an angle about X, applied to the uniform superposition. All edges of a
//! layer share `gamma w_e` and all vertices share beta; with `multi` angles (Herrman et al. 2022)
//! each edge and vertex has its own. Coordinates: the angles layer by layer, edges first.
//!
//! One rotation by t obeys `dF/dt = (F(t + pi/2) - F(t - pi/2)) / 2`; the slope of a shared angle
//! is the sum over its rotations. A draw measures both circuits of every rotation a number of
//! times (shots): each time it reads the cut of one random bit string.

use crate::{Draw, Problem};
use nalgebra::Complex;
use rand::Rng;
use std::f64::consts::FRAC_PI_2;
use std::sync::Arc;

/// Vertices and the weight of the edge between them.
type Edge = (usize, usize, f64);

/// A triangular prism.
const PRISM: [Edge; 9] = [
    (0, 1, 0.6),
    (1, 2, 1.3),
    (2, 0, 0.9),
    (3, 4, 1.1),
    (4, 5, 0.7),
    (5, 3, 1.4),
    (0, 3, 0.8),
    (1, 4, 1.2),
    (2, 5, 1.0),
];

/// A circle of five with two chords.
const CHORDS: [Edge; 7] =
    [(0, 1, 0.7), (1, 2, 1.2), (2, 3, 0.9), (3, 4, 1.3), (4, 0, 1.0), (0, 2, 0.8), (1, 3, 1.1)];

/// A rotation of qubits by `factor` times a coordinate.
struct Rotation {
    /// The two qubits of ZZ, or the one of X.
    qubits: (usize, Option<usize>),
    coordinate: usize,
    factor: f64,
}

struct Circuit {
    name: &'static str,
    qubits: usize,
    rotations: Vec<Rotation>,
    /// The cut of every bit string.
    cuts: Vec<f64>,
    coordinates: usize,
    minimum: f64,
}

struct Qaoa {
    circuit: Arc<Circuit>,
    /// Bit strings per circuit; the exact mean if none.
    shots: Option<usize>,
}

/// The whole family.
pub fn problems() -> Vec<Box<dyn Problem>> {
    let circuits = [
        Circuit::new("prism/depth=1", 6, &PRISM, 1, false, -6.046478374623347),
        Circuit::new("prism/depth=1/multi", 6, &PRISM, 1, true, -6.850000000000005),
        Circuit::new("chords/depth=2", 5, &CHORDS, 2, false, -5.255111534895172),
    ];
    let mut all: Vec<Box<dyn Problem>> = Vec::new();
    for circuit in circuits.map(Arc::new) {
        for shots in [Some(10), Some(100), None] {
            all.push(Box::new(Qaoa { circuit: circuit.clone(), shots }));
        }
    }
    all
}

impl Circuit {
    fn new(
        name: &'static str,
        qubits: usize,
        edges: &[Edge],
        depth: usize,
        multi: bool,
        minimum: f64,
    ) -> Self {
        let mut rotations = Vec::new();
        let mut coordinates = 0;
        for _ in 0..depth {
            for (i, &(a, b, weight)) in edges.iter().enumerate() {
                let (coordinate, factor) = if multi { (i, 1.0) } else { (0, weight) };
                let coordinate = coordinates + coordinate;
                rotations.push(Rotation { qubits: (a, Some(b)), coordinate, factor });
            }
            coordinates += if multi { edges.len() } else { 1 };
            for q in 0..qubits {
                let coordinate = coordinates + if multi { q } else { 0 };
                rotations.push(Rotation { qubits: (q, None), coordinate, factor: 1.0 });
            }
            coordinates += if multi { qubits } else { 1 };
        }
        let cut = |bits: usize| {
            let cut = edges.iter().filter(|(a, b, _)| (bits >> a ^ bits >> b) & 1 == 1);
            cut.map(|edge| edge.2).sum()
        };
        let cuts = (0..1 << qubits).map(cut).collect();
        Self { name, qubits, rotations, cuts, coordinates, minimum }
    }

    fn superposition(&self) -> Vec<Complex<f64>> {
        let count = 1 << self.qubits;
        vec![Complex::new(1.0 / f64::from(count).sqrt(), 0.0); count as usize]
    }

    fn run(&self, rotations: &[Rotation], x: &[f64], state: &mut [Complex<f64>]) {
        for rotation in rotations {
            rotation.apply(rotation.factor * x[rotation.coordinate], state);
        }
    }

    fn mean_cut(&self, state: &[Complex<f64>]) -> f64 {
        self.cuts.iter().zip(state).map(|(cut, amplitude)| cut * amplitude.norm_sqr()).sum()
    }

    /// Half the difference of both circuits of every rotation, each after the ones before it.
    fn shift(&self, x: &[f64], mut cut: impl FnMut(&[Complex<f64>]) -> f64, g: &mut [f64]) {
        g.fill(0.0);
        let mut before = self.superposition();
        let mut state = before.clone();
        for (i, rotation) in self.rotations.iter().enumerate() {
            let angle = rotation.factor * x[rotation.coordinate];
            let [above, below] = [FRAC_PI_2, -FRAC_PI_2].map(|shift| {
                state.copy_from_slice(&before);
                rotation.apply(angle + shift, &mut state);
                self.run(&self.rotations[i + 1..], x, &mut state);
                cut(&state)
            });
            g[rotation.coordinate] -= 0.5 * rotation.factor * (above - below);
            rotation.apply(angle, &mut before);
        }
    }

    /// The mean cut of random bit strings.
    fn sampled_cut(&self, state: &[Complex<f64>], shots: usize, rng: &mut impl Rng) -> f64 {
        let mut sum = 0.0;
        let sums: Vec<f64> = state
            .iter()
            .map(|amplitude| {
                sum += amplitude.norm_sqr();
                sum
            })
            .collect();
        // The last bit string if rounding leaves the sum short, or if it is NaN.
        let read = |u: f64| self.cuts[sums.partition_point(|s| *s <= u).min(sums.len() - 1)];
        let total: f64 = (0..shots).map(|_| read(rng.random::<f64>() * sum)).sum();
        total / shots as f64 + 0.0 * sum
    }
}

impl Rotation {
    /// `exp(-i t P / 2)` with P = ZZ or X.
    fn apply(&self, t: f64, state: &mut [Complex<f64>]) {
        let (sin, cos) = (0.5 * t).sin_cos();
        let first = 1 << self.qubits.0;
        if let Some(second) = self.qubits.1 {
            for (bits, amplitude) in state.iter_mut().enumerate() {
                let differ = (bits & first == 0) != (bits >> second & 1 == 0);
                *amplitude *= Complex::new(cos, if differ { sin } else { -sin });
            }
        } else {
            for bits in (0..state.len()).filter(|bits| bits & first == 0) {
                let (zero, one) = (state[bits], state[bits | first]);
                let turn = Complex::new(0.0, -sin);
                state[bits] = zero * cos + one * turn;
                state[bits | first] = one * cos + zero * turn;
            }
        }
    }
}

impl Problem for Qaoa {
    fn name(&self) -> String {
        match self.shots {
            Some(shots) => format!("qaoa/{}/shots={shots}", self.circuit.name),
            None => format!("qaoa/{}/exact", self.circuit.name),
        }
    }

    fn family(&self) -> &'static str {
        "qaoa"
    }

    /// Different angles near 0.3, off the points where symmetry makes slopes vanish; those of
    /// vertices are negative, by which a small step raises the cut.
    fn start(&self) -> Vec<f64> {
        let mut x = vec![0.0; self.circuit.coordinates];
        for Rotation { qubits, coordinate: i, .. } in &self.circuit.rotations {
            let angle = 0.3 + 0.02 * *i as f64;
            x[*i] = if qubits.1.is_some() { angle } else { -angle };
        }
        x
    }

    /// BFGS on the exact cost, the lowest of the start and random points
    /// (examples/minima_networks.rs).
    fn minimum(&self) -> f64 {
        self.circuit.minimum
    }

    fn cost(&self, x: &[f64]) -> f64 {
        let mut state = self.circuit.superposition();
        self.circuit.run(&self.circuit.rotations, x, &mut state);
        -self.circuit.mean_cut(&state)
    }

    fn gradient(&self, x: &[f64], g: &mut [f64]) {
        self.circuit.shift(x, |state| self.circuit.mean_cut(state), g);
    }

    fn stochastic_gradient(&self, x: &[f64], draw: Draw, g: &mut [f64]) {
        let Some(shots) = self.shots else {
            return self.gradient(x, g);
        };
        let mut rng = draw.rng();
        self.circuit.shift(x, |state| self.circuit.sampled_cut(state, shots, &mut rng), g);
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
