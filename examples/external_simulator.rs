//! Fits the Nile by a simulator in another process, which crashes on the way.
//!
//! ```text
//! F(a, b, s) = mean over years of  s + (y - level)^2 / (2 e^(2 s)),   level a until 1898, b from 1899
//! ```
//!
//! The simulator could be any program: it reads a question a line from its standard input, and writes an
//! answer a line to its standard output,
//!
//! ```text
//! {"ticket": 7, "x": [9.1, 9.2, 0.3], "seed": 1, "index": 5}
//! {"ticket": 7, "gradient": [0.1, -0.2, 0.05]}      or      {"ticket": 7, "lost": "the reason"}
//! ```
//!
//! Here it is this program with another argument. It crashes after each 900 answers; the driver starts it
//! again and asks the open questions once more. As draws are values, the run has the bits of one in argmin's
//! executor, which is shown at the end.
//!
//! `cargo run --release --example external_simulator`
//!
//! Data: annual flow of the Nile at Aswan, 1871-1970, in 10^8 m^3 (R's `datasets::Nile`).

use argmin::core::{Error, Executor, State};
use argmin_arturo::session::{Asked, Session};
use argmin_arturo::{Arturo, Draw, NonFinite, StochasticGradient};
use rand::Rng;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const DRAWS: u64 = 3000;
/// Questions that the simulator gets at once, where there are so many.
const AT_ONCE: usize = 4;
const CRASH_AFTER: u64 = 900;
const START: [f64; 3] = [10.0, 10.0, 1.0];

fn main() -> Result<(), Error> {
    if std::env::args().nth(1).as_deref() == Some("simulator") {
        return simulate();
    }
    // a draw at which the simulator fails is left out
    let solver = Arturo::new().with_seed(1).with_non_finite(NonFinite::Skip);
    let mut session = Session::new(solver.clone(), START.to_vec())?.with_max_iters(DRAWS);
    let mut simulator = Simulator::start()?;
    let mut crashes = 0;
    while !session.is_done() {
        while session.open().count() < AT_ONCE
            && let Some(asked) = session.ask()?
        {
            // an error of the pipe shows when the answer is read
            let _ = simulator.ask(asked);
        }
        let Some(answer) = simulator.answer()? else {
            crashes += 1;
            simulator = Simulator::start()?;
            session.open().try_for_each(|asked| simulator.ask(asked))?;
            continue;
        };
        let ticket = answer["ticket"].as_u64().ok_or(Error::msg("no ticket"))?;
        match answer["lost"].as_str() {
            Some(reason) => session.tell_lost(ticket, reason)?,
            None => session.tell(ticket, &numbers(&answer["gradient"])?)?,
        }
    }

    let years = Years::load()?;
    println!("{} draws, {crashes} crashes of the simulator", session.state().iter);
    println!("          until 1898   from 1899   deviation      in 10^10 m^3");
    let [a, b, s] = years.optimum();
    println!("optimum   {a:10.3}  {b:10.3}  {:10.3}", s.exp());
    let solution = session.solution()?;
    let [a, b, s] = [0, 1, 2].map(|i| solution.param[i]);
    println!("found     {a:10.3}  {b:10.3}  {:10.3}      {:?}", s.exp(), solution.verdict);

    let result = Executor::new(years, solver)
        .configure(|state| state.param(START.to_vec()).max_iters(DRAWS))
        .run()?;
    assert_eq!(result.state().get_best_param().map(Vec::as_slice), Some(session.best()));
    println!("argmin's executor has the same bits");
    Ok(())
}

/// The other process.
struct Simulator {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Simulator {
    fn start() -> Result<Self, Error> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("simulator")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let questions = process.stdin.take().ok_or(Error::msg("no pipe to the simulator"))?;
        let answers = process.stdout.take().ok_or(Error::msg("no pipe from the simulator"))?;
        Ok(Self { process, questions, answers: BufReader::new(answers) })
    }

    fn ask(&mut self, asked: Asked<'_, f64>) -> Result<(), Error> {
        let Asked { ticket, param, draw, .. } = asked;
        let (seed, index) = (draw.seed(), draw.index());
        let line = json!({ "ticket": ticket, "x": param, "seed": seed, "index": index });
        Ok(writeln!(self.questions, "{line}")?)
    }

    /// The next answer; none where the simulator is gone.
    fn answer(&mut self) -> Result<Option<Value>, Error> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        if !line.ends_with('\n') {
            // it may have crashed within a line
            return Ok(None);
        }
        Ok(Some(serde_json::from_str(&line)?))
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // it may be gone already
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The simulator's side.
fn simulate() -> Result<(), Error> {
    let years = Years::load()?;
    for (count, line) in (0..).zip(std::io::stdin().lock().lines()) {
        if count == CRASH_AFTER {
            std::process::exit(101);
        }
        let question: Value = serde_json::from_str(&line?)?;
        let x = numbers(&question["x"])?;
        let [seed, index] = ["seed", "index"].map(|key| question[key].as_u64().unwrap_or(0));
        let mut gradient = vec![0.0; x.len()];
        let answer = match years.stochastic_gradient(&x, Draw::new(seed, index), &mut gradient) {
            Ok(()) => json!({ "ticket": question["ticket"], "gradient": gradient }),
            Err(reason) => json!({ "ticket": question["ticket"], "lost": reason.to_string() }),
        };
        println!("{answer}");
    }
    Ok(())
}

fn numbers(value: &Value) -> Result<Vec<f64>, Error> {
    let values = value.as_array().ok_or_else(|| Error::msg(format!("{value} is no list")))?;
    let number = |value: &Value| value.as_f64().ok_or_else(|| Error::msg(format!("{value}?")));
    values.iter().map(number).collect()
}

/// Flows in 10^10 m^3, and whether they are of the time of the first dam.
struct Years(Vec<(f64, bool)>);

impl Years {
    const BATCH: usize = 5;

    fn load() -> Result<Self, Error> {
        let mut reader = csv::Reader::from_reader(&include_bytes!("data/nile.csv")[..]);
        let rows = reader.deserialize::<(u32, f64)>();
        let rows = rows.map(|row| row.map(|(year, flow)| (flow / 100.0, year > 1898)));
        Ok(Self(rows.collect::<Result<_, _>>()?))
    }

    /// Means and logarithm of the deviation.
    fn optimum(&self) -> [f64; 3] {
        let mean = |dammed| {
            let flows: Vec<f64> = self.0.iter().filter(|y| y.1 == dammed).map(|y| y.0).collect();
            flows.iter().sum::<f64>() / flows.len() as f64
        };
        let [a, b] = [mean(false), mean(true)];
        let squares = self.0.iter().map(|&(y, dammed)| (y - if dammed { b } else { a }).powi(2));
        [a, b, 0.5 * (squares.sum::<f64>() / self.0.len() as f64).ln()]
    }
}

impl StochasticGradient for Years {
    type Param = Vec<f64>;

    fn stochastic_gradient(&self, x: &Vec<f64>, draw: Draw, g: &mut Vec<f64>) -> Result<(), Error> {
        if x[2] < -10.0 {
            return Err(Error::msg("the deviation is too small"));
        }
        let precision = (-2.0 * x[2]).exp();
        let mut rng = draw.rng();
        g.fill(0.0);
        for _ in 0..Self::BATCH {
            let (y, dammed) = self.0[rng.random_range(0..self.0.len())];
            let level = usize::from(dammed);
            let residual = x[level] - y;
            g[level] += residual * precision / Self::BATCH as f64;
            g[2] += (1.0 - residual * residual * precision) / Self::BATCH as f64;
        }
        Ok(())
    }
}
