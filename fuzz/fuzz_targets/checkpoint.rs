//! Checkpoint files of arbitrary content: refused, or loaded to the bit.
#![no_main]

use argmin::core::IterState;
use argmin::core::checkpointing::Checkpoint;
use argmin_arturo::Arturo;
use argmin_arturo::checkpoint::AtomicCheckpoint;
use libfuzzer_sys::fuzz_target;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

type Run = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;
type Solver = Arturo<f64>;

/// A directory of this process, in memory where there is such a place.
static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let path = parent.join(format!("arturo-fuzz-{}", std::process::id()));
    fs::create_dir_all(&path).expect("a temporary directory");
    path
});

const HEAD: usize = 28;

/// Gives the body the length and the checksum that its head says, so that it is looked at.
fn seal(file: &mut [u8]) {
    let Some((head, body)) = file.split_at_mut_checked(HEAD) else { return };
    let sum = body.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    head[..8].copy_from_slice(b"\x89ARTURO\n");
    head[8..12].copy_from_slice(&1_u32.to_le_bytes());
    head[12..20].copy_from_slice(&(body.len() as u64).to_le_bytes());
    head[20..].copy_from_slice(&sum.to_le_bytes());
}

fn load(checkpoint: &AtomicCheckpoint) -> Option<(Solver, Run)> {
    checkpoint.load().ok().flatten()
}

/// The bytes of a file in order of size: argmin's counts have no order.
fn sorted(mut file: Vec<u8>) -> Vec<u8> {
    let mut body = file.split_off(HEAD);
    body.sort_unstable();
    body
}

fuzz_target!(|data: &[u8]| {
    let Some((&first, rest)) = data.split_first() else { return };
    let mut file = rest.to_vec();
    if first & 1 == 1 {
        seal(&mut file);
    }
    let (given, again) = (DIRECTORY.join("given"), DIRECTORY.join("again"));
    fs::write(&given, &file).expect("it can be written");
    let loaded = load(&AtomicCheckpoint::new(&given));
    // a file is moved at most, not changed
    if given.exists() {
        assert_eq!(fs::read(&given).expect("it can be read"), file);
    }
    let Some((solver, state)) = loaded else { return };
    let checkpoint = AtomicCheckpoint::new(&again);
    checkpoint.save(&solver, &state).expect("what was loaded can be saved");
    let saved = fs::read(&again).expect("it was saved");
    if !has_ended(&file) {
        assert!(sorted(saved) == sorted(file), "not what was saved");
    }
    fs::remove_file(&again).expect("it was saved");
});

/// Whether the file names a limit that ended the run: a loaded run goes on, and differs in that.
fn has_ended(file: &[u8]) -> bool {
    ["MaxItersReached", "Timeout", "Interrupt"]
        .iter()
        .any(|limit| file.windows(limit.len()).any(|word| word == limit.as_bytes()))
}
