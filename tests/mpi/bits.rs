//! Any number of ranks has the bits of a run without MPI.

use super::{Place, digest};
use argmin::core::Error;
use argmin_arturo::baseline::Adam;
use argmin_arturo::mpi::{AcrossRanks, Ranks};
use argmin_arturo::oracle::Replicated;
use argmin_arturo::{Arturo, Draw, FiniteSum, MiniBatch, StochasticGradient};
use std::fs;
use std::path::Path;

/// f(x) = 1/200 sum_i sum_k c_i (x_k - sin(i + k))^2 with c_i from 1 to 1e8, so that the order of a sum shows.
#[derive(Clone)]
struct Terms;

impl FiniteSum for Terms {
    type Param = Vec<f64>;

    fn term_count(&self) -> usize {
        100
    }

    fn add_term_gradient(
        &self,
        x: &Vec<f64>,
        term: usize,
        sum: &mut Vec<f64>,
    ) -> Result<(), Error> {
        for (k, (sum, x)) in sum.iter_mut().zip(x).enumerate() {
            *sum += 10f64.powi(term as i32 % 9) * (x - ((term + k) as f64).sin());
        }
        Ok(())
    }
}

/// Digests of all problems, with their oracles as `spread` makes them.
macro_rules! digests {
    ($spread:expr) => {{
        let mut digests = String::new();
        crate::on_six_problems_and_three_solvers!(|problem, start, iterations, solver| {
            digests += &digest($spread(problem.clone()), solver, &start, iterations)
        });
        // batches of 1 and more parts, the last one of an epoch smaller; a mean of a single draw
        for (batch_size, part_size) in [(100, 7), (30, 8), (33, 1), (4, 8)] {
            let batches = MiniBatch::new(Terms, batch_size).unwrap();
            let epochs = batches.clone().without_replacement();
            for batches in [batches, epochs] {
                let oracle = batches.in_parallel(part_size).unwrap();
                digests += &digest($spread(oracle), Arturo::new(), &[0.5; 5], 100);
            }
        }
        let single = Replicated::new(MiniBatch::new(Terms, 5).unwrap(), 1).unwrap();
        digests += &digest($spread(single), Arturo::new(), &[0.5; 5], 100);
        // several messages
        let oracle = MiniBatch::new(Terms, 16).unwrap().in_parallel(4).unwrap();
        digests + &digest($spread(oracle), Adam::new(0.01).unwrap(), &vec![0.5; 150_000], 3)
    }};
}

pub fn bits_on_ranks(ranks: Ranks, directory: &Path) {
    let digests = digests!(|oracle| AcrossRanks::new(oracle, &ranks));
    fs::write(directory.join(format!("rank-{}", ranks.rank())), digests).unwrap();
}

#[test]
fn any_number_of_ranks_has_the_bits_of_a_run_without() {
    let place = Place::new("bits");
    let expected = digests!(|oracle| oracle);
    assert_eq!(expected.lines().count(), 6 * 3 + 10);
    for count in [1, 2, 3, 4] {
        assert!(place.mpirun("bits", count).success());
        for rank in 0..count {
            assert_eq!(place.read(rank), expected, "rank {rank} of {count}");
        }
    }
}

pub fn memory_on_ranks(ranks: Ranks, _directory: &Path) {
    // without rayon, whose queues grow now and then
    let oracle = Replicated::new(MiniBatch::new(Terms, 8).unwrap(), 8).unwrap();
    let oracle = AcrossRanks::new(oracle, &ranks);
    let (x, mut gradient) = (vec![0.5; 1000], vec![0.0; 1000]);
    let mut draw = |index| {
        oracle.stochastic_gradient(&x, Draw::new(1, index), &mut gradient).unwrap();
    };
    // MPI has buffers of its own
    draw(0);
    let count = allocation_counter::measure(|| (1..100).for_each(draw)).count_total;
    assert_eq!(count, 0);
}

#[test]
fn no_allocation_in_a_gradient() {
    assert!(Place::new("memory").mpirun("memory", 4).success());
}
