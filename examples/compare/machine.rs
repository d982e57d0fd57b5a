//! Where a report was made.

use std::env::consts::{ARCH, OS};
use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

/// What can be found out about the machine and the sources, as items of a list.
pub fn description() -> String {
    let cores = available_parallelism().map_or_else(|_| "?".into(), |cores| cores.to_string());
    let mut lines = vec![
        format!("machine: {}, {cores} cores", processor().unwrap_or_else(|| ARCH.into())),
        format!("system: {OS} {ARCH}"),
    ];
    lines.extend(answer("rustc", &["--version"]).map(|version| format!("compiler: {version}")));
    let commit = answer("git", &["describe", "--always", "--dirty", "--exclude=*"]);
    lines.extend(commit.map(|commit| format!("commit: {commit}")));
    lines.extend(answer("date", &["-u", "+%Y-%m-%d"]).map(|date| format!("date: {date}")));
    lines.iter().map(|line| format!("- {line}\n")).collect()
}

/// The model of the processor, where Linux tells it.
fn processor() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().into())
}

/// What a command prints, run among the sources.
fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().into())
}
