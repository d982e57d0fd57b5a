//! Finds the ground state of the hydrogen molecule on a simulated quantum computer.
//!
//! The variational quantum eigensolver minimizes the energy `E(t) = <psi(t)| H |psi(t)>` of two
//! qubits, prepared by rotations of each about y, a controlled NOT, and rotations again: four
//! angles. H is a sum of Pauli terms; a measurement of a term (a shot) gives 1 or -1. The gradient
//! is `dE/dt_k = (E(t_k + pi/2) - E(t_k - pi/2)) / 2`, with both energies measured.
//!
//! `cargo run --release --example vqe_h2` (with `--features plot` it draws `vqe_h2.svg`)
//!
//! Data: STO-3G at 0.735 Angstrom, from qiskit-algorithms (Apache-2.0).

use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{Error, Executor, IterState, KV, State};
use argmin_arturo::observer::Table;
use argmin_arturo::rand_distr::{Binomial, Distribution};
use argmin_arturo::{Arturo, Draw, StochasticGradient};
use std::f64::consts::{FRAC_PI_2, TAU};
use std::sync::{Arc, Mutex};

/// Measurements of each Pauli term for each energy.
const SHOTS: u64 = 100;
const DRAWS: u64 = 3000;
const START: [f64; 4] = [0.5; 4];
/// Millihartree within which chemistry can be predicted, about 1 kcal/mol.
const CHEMICAL_ACCURACY: f64 = 1.6;

/// Amplitudes of 00, 01, 10 and 11; real, since nothing rotates them about x or z.
type Amplitudes = [f64; 4];

#[derive(Clone)]
struct Hydrogen {
    /// Coefficients of II, IZ, ZI, ZZ and XX, in hartree; the last letter acts on qubit 0.
    coefficients: [f64; 5],
    /// Repulsion of the nuclei.
    repulsion: f64,
    ground_state: f64,
    hartree_fock: f64,
}

fn rotate(state: &mut Amplitudes, qubit: usize, angle: f64) {
    let (sin, cos) = (0.5 * angle).sin_cos();
    for zero in (0..4).filter(|basis| basis & (1 << qubit) == 0) {
        let one = zero | 1 << qubit;
        (state[zero], state[one]) =
            (cos * state[zero] - sin * state[one], sin * state[zero] + cos * state[one]);
    }
}

fn prepare(angles: &[f64]) -> Amplitudes {
    let mut state = [1.0, 0.0, 0.0, 0.0];
    for (k, &angle) in angles.iter().enumerate() {
        rotate(&mut state, k % 2, angle);
        if k == 1 {
            // controlled NOT: qubit 0 flips qubit 1
            state.swap(1, 3);
        }
    }
    state
}

impl Hydrogen {
    fn load() -> Result<Self, Error> {
        let data: serde_json::Value = serde_json::from_str(include_str!("data/h2_vqe.json"))?;
        let number = |value: &serde_json::Value| value.as_f64().ok_or(Error::msg("no number"));
        let molecule = &data["h2_2q"];
        let mut coefficients = [0.0; 5];
        for (coefficient, term) in coefficients.iter_mut().zip(["II", "IZ", "ZI", "ZZ", "XX"]) {
            *coefficient = number(&molecule["terms"][term])?;
        }
        Ok(Self {
            coefficients,
            repulsion: number(&molecule["nuclear_repulsion"])?,
            ground_state: number(&molecule["ground_total"])?,
            hartree_fock: number(&molecule["rhf_total"])?,
        })
    }

    /// The energy of the molecule in hartree, where `measure` turns the expectation of a term into
    /// what is measured of it.
    fn energy(&self, angles: &[f64], mut measure: impl FnMut(f64) -> f64) -> f64 {
        let a = prepare(angles);
        let p = a.map(|amplitude| amplitude * amplitude);
        let [constant, terms @ ..] = self.coefficients;
        let expectations = [
            p[0] - p[1] + p[2] - p[3],
            p[0] + p[1] - p[2] - p[3],
            p[0] - p[1] - p[2] + p[3],
            2.0 * (a[0] * a[3] + a[1] * a[2]),
        ];
        let measured = terms.into_iter().zip(expectations).map(|(c, e)| c * measure(e));
        self.repulsion + constant + measured.sum::<f64>()
    }

    /// Millihartree above the ground state.
    fn error(&self, angles: &[f64]) -> f64 {
        1e3 * (self.energy(angles, |expectation| expectation) - self.ground_state)
    }
}

impl StochasticGradient for Hydrogen {
    type Param = Vec<f64>;

    fn stochastic_gradient(
        &self,
        angles: &Vec<f64>,
        draw: Draw,
        gradient: &mut Vec<f64>,
    ) -> Result<(), Error> {
        let mut rng = draw.rng();
        let mut measure = |expectation: f64| {
            // rounding may leave the probability just outside of [0, 1]
            let up = (0.5 * (1.0 + expectation)).clamp(0.0, 1.0);
            let ups = Binomial::new(SHOTS, up).expect("a probability").sample(&mut rng);
            2.0 * ups as f64 / SHOTS as f64 - 1.0
        };
        let mut shifted = angles.clone();
        for k in 0..angles.len() {
            shifted[k] = angles[k] + FRAC_PI_2;
            let above = self.energy(&shifted, &mut measure);
            shifted[k] = angles[k] - FRAC_PI_2;
            gradient[k] = 0.5 * (above - self.energy(&shifted, &mut measure));
            shifted[k] = angles[k];
        }
        Ok(())
    }
}

type Run = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

/// Computes the exact error of the recommended point now and then, which no experiment could.
#[derive(Clone)]
struct Errors {
    molecule: Hydrogen,
    table: Arc<Mutex<Table>>,
}

impl Observe<Run> for Errors {
    fn observe_iter(&mut self, state: &Run, _kv: &KV) -> Result<(), Error> {
        let mut table = self.table.lock().expect("no other thread panics");
        if let Some(angles) = state.get_best_param() {
            table.iterations.push(state.get_iter() + 1);
            table.columns[0].1.push(self.molecule.error(angles));
        }
        Ok(())
    }
}

fn main() -> Result<(), Error> {
    let molecule = Hydrogen::load()?;
    // two energies for each of 4 angles, and 4 terms that have to be measured
    let shots = SHOTS * 2 * 4 * 4;
    println!("Ground state of H2 at 0.735 Angstrom (STO-3G) on two simulated qubits");
    println!("{shots} shots a gradient, {DRAWS} gradients\n");

    let table = Table::default().with_column("error", Vec::new());
    let errors = Errors { molecule: molecule.clone(), table: Arc::new(Mutex::new(table)) };
    let result = Executor::new(molecule.clone(), Arturo::new().with_seed(1))
        .configure(|state| state.param(START.to_vec()).max_iters(DRAWS))
        .add_observer(errors.clone(), ObserverMode::Every(10))
        .run()?;
    let angles = result.state().get_best_param().expect("a run has a best point");

    let exact = |angles: &[f64]| molecule.energy(angles, |expectation| expectation);
    for (name, energy) in [
        ("at the start", exact(&START)),
        ("Hartree-Fock", molecule.hartree_fock),
        ("arTuRO", exact(angles)),
        ("exact ground state", molecule.ground_state),
    ] {
        let above = 1e3 * (energy - molecule.ground_state);
        println!("{name:20} {energy:10.6} hartree  {above:10.4} millihartree above");
    }
    let angles: Vec<f64> = angles.iter().map(|t| t - TAU * (t / TAU).round()).collect();
    println!("angles               {angles:.4?} rad");
    let table = errors.table.lock().expect("no other thread panics").clone();
    let values = &table.columns[0].1;
    let last_above = values.iter().rposition(|error| *error > CHEMICAL_ACCURACY);
    let reached = table.iterations.get(last_above.map_or(0, |row| row + 1)).copied();
    if let Some(draws) = reached {
        println!(
            "chemical accuracy ({CHEMICAL_ACCURACY} millihartree) for good after {draws} gradients, \
             {:.1} million shots",
            (draws * shots) as f64 * 1e-6
        );
    }
    #[cfg(feature = "plot")]
    {
        use argmin_arturo::observer::Plot;
        Plot::empty()
            .with_title("Hydrogen molecule: error of the recommended state")
            .with_panel("energy above the ground state, millihartree", ["error"])
            .with_x_label("gradients measured")
            .with_run(format!("arTuRO, {SHOTS} shots a term"), table)
            .save("vqe_h2.svg")?;
    }
    Ok(())
}
