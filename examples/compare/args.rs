//! The command line.

use crate::select::Size;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::path::PathBuf;

pub struct Args {
    pub size: Size,
    /// What the names of the problems must contain.
    pub filter: String,
    pub seeds: u64,
    pub out: PathBuf,
    /// Name the problems, run nothing.
    pub list: bool,
}

impl Args {
    /// Of this process; ends it where they are wrong or ask for help.
    pub fn parse() -> Self {
        Self::of(&command().get_matches())
    }

    fn of(matches: &ArgMatches) -> Self {
        let size = match (matches.get_flag("quick"), matches.get_flag("full")) {
            (true, _) => Size::Quick,
            (_, true) => Size::Full,
            _ => Size::Medium,
        };
        Self {
            size,
            filter: matches.get_one::<String>("problems").cloned().unwrap_or_default(),
            seeds: matches.get_one::<u64>("seeds").copied().unwrap_or(size.seeds()),
            out: matches.get_one::<PathBuf>("out").cloned().unwrap_or("target/compare".into()),
            list: matches.get_flag("list"),
        }
    }
}

fn command() -> Command {
    let flag = |name, help| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    Command::new("compare")
        .about("Compares arTuRO with what others would use on problems with known minima")
        .arg(flag("quick", "Two problems of each family, one seed").conflicts_with("full"))
        .arg(flag("full", "All problems, 3 seeds, 1 of slow ones, and the longest budget"))
        .arg(flag("list", "Name the problems, run nothing"))
        .arg(
            Arg::new("problems")
                .long("problems")
                .value_name("SUBSTRING")
                .help("Only problems whose name contains this"),
        )
        .arg(
            Arg::new("seeds")
                .long("seeds")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..))
                .help("Runs of every solver on a noisy problem"),
        )
        .arg(
            Arg::new("out")
                .long("out")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .help("Where the report goes [default: target/compare]"),
        )
}
