//! The command line.

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::path::PathBuf;

pub struct Args {
    /// Problems of the seeds below this.
    pub problems: u64,
    /// Only this one, in detail.
    pub seed: Option<u64>,
    pub out: PathBuf,
}

const ALL: u64 = 3000;
const QUICK: u64 = 100;

impl Args {
    /// Of this process; ends it where they are wrong or ask for help.
    pub fn parse() -> Self {
        Self::of(&command().get_matches())
    }

    fn of(matches: &ArgMatches) -> Self {
        let size = if matches.get_flag("quick") { QUICK } else { ALL };
        Self {
            problems: matches.get_one::<u64>("problems").copied().unwrap_or(size),
            seed: matches.get_one::<u64>("seed").copied(),
            out: matches
                .get_one::<PathBuf>("out")
                .cloned()
                .unwrap_or("target/trust/trust.md".into()),
        }
    }
}

fn command() -> Command {
    let number = |name: &'static str, help| {
        let value = value_parser!(u64).range(if name == "seed" { 0.. } else { 1.. });
        Arg::new(name).long(name).value_name("N").value_parser(value).help(help)
    };
    Command::new("trust")
        .about("Counts wrong answers and false claims of arTuRO on generated problems")
        .arg(
            Arg::new("quick")
                .long("quick")
                .action(ArgAction::SetTrue)
                .help("100 problems in place of 3000"),
        )
        .arg(number("problems", "How many problems").conflicts_with("quick"))
        .arg(number("seed", "Only the problem of this seed, in detail"))
        .arg(
            Arg::new("out")
                .long("out")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Where the report goes [default: target/trust/trust.md]"),
        )
}
