//! The command line.

use crate::optimizer::{ALL, Kind};
use argmin_arturo::PaperSettings;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::path::PathBuf;

pub struct Args {
    pub data: PathBuf,
    /// The digits in place of Fashion-MNIST.
    pub digits: bool,
    /// Digits without a gradient that is exactly 0.
    pub smooth: bool,
    pub epochs: u64,
    pub kinds: Vec<Kind>,
    /// Training images, from the first.
    pub subset: usize,
    /// Images of each kind that curves are made of; the last point is made of all.
    pub evaluate: usize,
    pub seeds: Vec<u64>,
    pub threads: usize,
    pub out: PathBuf,
    /// Settings of the published method, changed as `--paper` says.
    pub paper: PaperSettings,
    /// What `--paper` says.
    pub changed: Vec<String>,
}

/// Where Debian's package has the files.
const DEBIAN: &str = "/usr/share/datasets/fashion-mnist";

impl Args {
    /// Of this process; ends it where they are wrong or ask for help.
    pub fn parse() -> Self {
        Self::of(&command().get_matches()).unwrap_or_else(|text| {
            command().error(clap::error::ErrorKind::InvalidValue, text).exit()
        })
    }

    fn of(matches: &ArgMatches) -> Result<Self, String> {
        let digits = matches.get_flag("digits");
        let number =
            |name: &str, default: u64| matches.get_one::<u64>(name).copied().unwrap_or(default);
        let path = |name: &str, default: &str| {
            matches.get_one::<PathBuf>(name).cloned().unwrap_or(default.into())
        };
        let mut kinds = Vec::new();
        for name in matches.get_many::<String>("optimizer").into_iter().flatten() {
            kinds.extend(ALL.into_iter().filter(|kind| name == "all" || name == kind.name()));
        }
        if kinds.is_empty() {
            kinds = ALL.to_vec();
        }
        let changed: Vec<String> =
            matches.get_many::<String>("paper").into_iter().flatten().cloned().collect();
        let mut paper = PaperSettings::default();
        for setting in &changed {
            change(&mut paper, setting)?;
        }
        if changed.is_empty() {
            kinds.retain(|&kind| kind != Kind::ArturoChanged);
        }
        if kinds.is_empty() {
            return Err("--optimizer arturo-changed: say by --paper what is changed".into());
        }
        let seed = number("seed", 0);
        Ok(Self {
            data: path("data", DEBIAN),
            digits,
            smooth: matches.get_flag("smooth"),
            epochs: number("epochs", if digits { 30 } else { 6 }),
            kinds,
            subset: number("subset", u64::MAX) as usize,
            evaluate: number("evaluate", 2000) as usize,
            seeds: (seed..seed + number("seeds", 1)).collect(),
            threads: number("threads", 0) as usize,
            out: path("out", "target/fashion_mnist"),
            paper,
            changed,
        })
    }
}

/// Changes a setting of the published method, given as `name=value`.
fn change(paper: &mut PaperSettings, setting: &str) -> Result<(), String> {
    let number = |value: &str| value.parse::<f64>().ok();
    let (name, value) = setting
        .split_once('=')
        .and_then(|(name, value)| Some((name, number(value)?)))
        .ok_or_else(|| format!("--paper {setting}: give it as NAME=NUMBER"))?;
    let place = match name {
        "kl_bound" => &mut paper.kl_bound,
        "reg_weight" => &mut paper.reg_weight,
        "initial_variance" => &mut paper.initial_variance,
        "measurement_noise" => &mut paper.measurement_noise,
        "process_noise" => &mut paper.process_noise,
        "nu" => &mut paper.nu,
        "eta_tolerance" => &mut paper.eta_tolerance,
        _ => return Err(format!("--paper {setting}: there is no setting `{name}` to change")),
    };
    *place = value;
    Ok(())
}

fn command() -> Command {
    let flag = |name, help| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let number = |name, help| {
        let parser = value_parser!(u64).range(1..);
        Arg::new(name).long(name).value_name("N").value_parser(parser).help(help)
    };
    let path = |name, help| {
        let parser = value_parser!(PathBuf);
        Arg::new(name).long(name).value_name("DIR").value_parser(parser).help(help)
    };
    let names = ALL.iter().map(|kind| kind.name()).chain(["all"]);
    Command::new("fashion_mnist")
        .about("Trains a network on images by arTuRO, Adam, AdamW and SGD, and draws their curves")
        .arg(path("data", "Where the gzipped idx files are [default: that of Debian's package]"))
        .arg(flag("digits", "8 by 8 digits and a small network in place of Fashion-MNIST"))
        .arg(
            flag("smooth", "Digits with noise in all pixels and tanh: no gradient is exactly 0")
                .requires("digits"),
        )
        .arg(number("epochs", "Epochs, to which the schedules are scaled [default: 6, digits 30]"))
        .arg(
            Arg::new("optimizer")
                .long("optimizer")
                .value_delimiter(',')
                .value_parser(names.collect::<Vec<_>>())
                .help("One or more, with commas between [default: all]"),
        )
        .arg(number("subset", "Training images, from the first [default: all]"))
        .arg(number("evaluate", "Images that curves are made of, but for the end [default: 2000]"))
        .arg(
            Arg::new("seed")
                .long("seed")
                .value_name("N")
                .value_parser(value_parser!(u64))
                .help("Seed of initial values and draws [default: 0]"),
        )
        .arg(number("seeds", "Number of seeds, from --seed on [default: 1]"))
        .arg(number(
            "threads",
            "Threads; RAYON_NUM_THREADS=N limits those of candle, too [default: one per core]",
        ))
        .arg(path("out", "Where results and checkpoints go [default: target/fashion_mnist]"))
        .arg(
            Arg::new("paper")
                .long("paper")
                .value_name("NAME=NUMBER")
                .action(ArgAction::Append)
                .help("What arturo-changed changes of the published settings, as nu=1"),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_changed_by_name() {
        let mut paper = PaperSettings::default();
        change(&mut paper, "nu=2.5").unwrap();
        assert_eq!(paper, PaperSettings { nu: 2.5, ..PaperSettings::default() });
        assert!(change(&mut paper, "nu").is_err());
        assert!(change(&mut paper, "mu=1").unwrap_err().contains("`mu`"));
    }
}
