//! The order of the modules in `docs/architecture.md`, read from the imports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The floors, lowest first. A module imports from floors below its own.
const FLOORS: [&[&str]; 15] = [
    &["draw", "threads", "radius", "dense", "stop"],
    &["error"],
    &["param"],
    &["kernel", "model", "touch"],
    &["dual", "groups", "schedule", "settings", "bounds", "averaging", "scale"],
    &["gaussian", "oracle", "checkpoint"],
    &["score", "transform", "run"],
    &["hessian", "multi_start"],
    &["method"],
    &["solution"],
    &["observer"],
    &["solver", "baseline"],
    &["session"],
    &["basin", "mpi"],
    &["guide", "prelude"],
];

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let files = |path: PathBuf| if path.is_dir() { sources(&path) } else { vec![path] };
    entries.flat_map(files).collect()
}

/// The top module of a file, and the top modules that its code imports.
fn imports(root: &Path, file: &Path) -> (String, BTreeSet<String>) {
    let top = file.strip_prefix(root).unwrap().components().next().unwrap();
    let top = top.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_string();
    let text = fs::read_to_string(file).unwrap();
    // documentation may link anywhere, and unit tests may use anything
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let names = code.flat_map(|line| {
        line.split("crate::").skip(1).map(|rest| {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            rest[..end].to_string()
        })
    });
    let names = names.filter(|name| *name != top).collect();
    (top, names)
}

#[test]
fn imports_go_down_the_floors() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let floors: BTreeMap<&str, usize> = FLOORS
        .iter()
        .enumerate()
        .flat_map(|(floor, modules)| modules.iter().map(move |module| (*module, floor)))
        .collect();
    let mut seen = BTreeSet::new();
    for file in sources(&root) {
        let (module, names) = imports(&root, &file);
        if module == "lib" || file.ends_with("tests.rs") {
            continue;
        }
        let floor_of = |name: &str| {
            let floor = floors.get(name).copied();
            floor.unwrap_or_else(|| panic!("{}: `{name}` is on no floor", file.display()))
        };
        let floor = floor_of(&module);
        for name in &names {
            let below = floor_of(name);
            assert!(below < floor, "{} imports {name}, which is not below", file.display());
        }
        seen.insert(module);
    }
    // no name on the floors is out of date
    assert!(floors.keys().all(|module| seen.contains(*module)), "{seen:?}");
}
