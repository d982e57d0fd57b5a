//! Coverage of error bars.
#![allow(unused)]
use argmin::core::{Error, Executor, Problem as Counted, State};
use argmin_arturo::solution::{Certification, Solution, Verdict};
use argmin_arturo::{Arturo, Draw, StochasticGradient};
use nalgebra::{DMatrix, DVector};
use std::time::Instant;
use suite::Problem;

struct Oracle<'a>(&'a dyn Problem);
impl StochasticGradient for Oracle<'_> {
    type Param = Vec<f64>;
    fn stochastic_gradient(&self, x: &Vec<f64>, d: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        self.0.stochastic_gradient(x, d, g);
        Ok(())
    }
}
struct Exact<'a>(&'a dyn Problem);
impl StochasticGradient for Exact<'_> {
    type Param = Vec<f64>;
    fn stochastic_gradient(&self, x: &Vec<f64>, _: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        self.0.gradient(x, g);
        Ok(())
    }
}
fn minimizer(p: &dyn Problem) -> Vec<f64> {
    let r = Executor::new(Exact(p), Arturo::new())
        .configure(|s| s.param(p.start()).max_iters(3000))
        .run()
        .unwrap();
    let mut x = r.state().get_best_param().unwrap().clone();
    for _ in 0..5 {
        let c = Certification::new(2)
            .unwrap()
            .with_hessian_draws(2)
            .unwrap()
            .at(&mut Counted::new(Exact(p)), &x, 0)
            .unwrap();
        x = c.param;
    }
    x
}
fn main() {
    let mut args = std::env::args().skip(1);
    let seeds: u64 = args.next().unwrap().parse().unwrap();
    let draws: u64 = args.next().unwrap().parse().unwrap();
    let hd: u64 = args.next().unwrap().parse().unwrap();
    let filter: Vec<String> = args.collect();
    if filter[0] == "stops" {
        use argmin_arturo::solution::Tolerance;
        for p in suite::suite() {
            let name = p.name();
            if p.noise_free() || !filter[1..].iter().any(|f| name.contains(f.as_str())) {
                continue;
            }
            let best = minimizer(&*p);
            let min = p.cost(&best);
            let g0 = p.cost(&p.start()) - min;
            for rel in [1e-2, 1e-3, 1e-4] {
                let tol = rel * g0;
                let (mut stops, mut wrong, mut it) = (0, 0, 0);
                for seed in 0..seeds {
                    let r = Executor::new(
                        Oracle(&*p),
                        Arturo::new()
                            .with_seed(seed)
                            .with_tolerance(Tolerance::PredictedGain(tol))
                            .unwrap(),
                    )
                    .configure(|s| s.param(p.start()).max_iters(draws))
                    .run()
                    .unwrap();
                    if matches!(
                        r.state().get_termination_reason(),
                        Some(argmin::core::TerminationReason::SolverConverged)
                    ) {
                        stops += 1;
                        it += r.state().get_iter();
                        if p.cost(r.state().get_best_param().unwrap()) - min > 3.0 * tol {
                            wrong += 1;
                        }
                    }
                }
                println!(
                    "{name:50} rel {rel:.0e} stops {stops}/{seeds} wrong {wrong} iters {:.0}",
                    it as f64 / stops as f64
                );
            }
        }
        return;
    }
    for p in suite::suite() {
        let name = p.name();
        if p.noise_free() || !filter.iter().any(|f| name.contains(f.as_str())) {
            continue;
        }
        let t = Instant::now();
        let best = minimizer(&*p);
        let min = p.cost(&best);
        let n = best.len();
        let (mut cov, mut ccov, mut tot, mut ctot) = (0u64, 0u64, 0u64, 0u64);
        let (mut z2, mut gap, mut pg, mut over, mut lim) = (0.0, 0.0, 0.0, 0, 0);
        let (mut nl_gap, mut dec, mut cgap) = (0.0, 0.0, 0.0);
        let mut zmax: Vec<f64> = vec![0.0; n];
        let mut cz = 0.0;
        for seed in 0..seeds {
            let mut r = Executor::new(Oracle(&*p), Arturo::new().with_seed(seed))
                .configure(|s| s.param(p.start()).max_iters(draws))
                .run()
                .unwrap();
            let s: Solution = match r.solver().solution(r.state()) {
                Ok(s) => s,
                Err(_) => continue,
            };
            if !matches!(s.verdict, Verdict::NoiseLimited { .. }) {
                dec += 1.0;
                if std::env::var("V").is_ok() {
                    println!("{s}");
                }
                continue;
            }
            lim += 1;
            let g = p.cost(&s.param) - min;
            gap += g;
            pg += s.predicted_gain;
            if g > s.predicted_gain_bound {
                over += 1;
            }
            nl_gap += s.effective_draws.unwrap();
            for i in 0..n {
                let z = (s.param[i] - best[i]) / s.standard_error[i];
                z2 += z * z;
                zmax[i] += z * z;
                tot += 1;
                cov += u64::from(z.abs() < 1.96);
            }
            if hd > 0 {
                let c = r
                    .solver
                    .certify(
                        &mut r.problem,
                        &r.state,
                        &Certification::new(draws).unwrap().with_hessian_draws(hd).unwrap(),
                    )
                    .unwrap();
                cgap += p.cost(&c.param) - min;
                if let Some(e) = c.standard_error() {
                    for i in 0..n {
                        let z = (c.param[i] - best[i]) / e[i];
                        cz += z * z;
                        ctot += 1;
                        ccov += u64::from(z.abs() < 1.96);
                    }
                }
            }
        }
        let l = lim as f64;
        println!(
            "{name:55} n={n} lim {lim}/{seeds} cov {:.1}% rms z {:.2} max {:.2} | cert cov {:.1}% rms {:.2} | gap {:.2e} pred {:.2e} over {:.1}% cgap {:.2e} | eff {:.0} start gap {:.1e} {:.0}s",
            100.0 * cov as f64 / tot as f64,
            (z2 / tot as f64).sqrt(),
            zmax.iter().map(|z| (z / l).sqrt()).fold(0.0, f64::max),
            100.0 * ccov as f64 / ctot as f64,
            (cz / ctot as f64).sqrt(),
            gap / l,
            pg / l,
            100.0 * over as f64 / l,
            cgap / l,
            nl_gap / l,
            p.cost(&p.start()) - min,
            t.elapsed().as_secs_f64()
        );
    }
}
