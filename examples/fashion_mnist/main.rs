//! Images of clothes: the convolutional network of the arTuRO paper on Fashion-MNIST, trained by
//! arTuRO, Adam, AdamW and SGD with the published values, all on the same batches and masks.
//!
//! `cargo run --release --example fashion_mnist --features candle,serde1,progress -- --help`
//!
//! The data come by `apt-get install dataset-fashion-mnist`; `--digits` needs none. Curves go to
//! `curves.svg` in the directory of `--out`, the table to `summary.md`, the points to one CSV file a
//! run. A run that is stopped goes on with the same bits when started again.
//!
//! Data: Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747 (MIT licence).

mod args;
mod curve;
mod data;
mod layers;
mod network;
mod optimizer;
mod plot;
mod training;

use argmin::core::Error;
use args::Args;
use curve::Runs;
use data::Data;
use optimizer::Kind;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use training::Task;

/// The paper's, and one for 1498 digits.
const BATCH_SIZE: usize = 255;
const DIGITS_BATCH_SIZE: usize = 64;
/// Noise on the pixels of smooth digits, of which white is 1.
const PIXEL_NOISE: f32 = 0.3;

fn main() -> Result<(), Error> {
    let args = Args::parse();
    rayon::ThreadPoolBuilder::new().num_threads(args.threads).build_global()?;
    let mut data = if args.digits { Data::digits() } else { Data::fashion_mnist(&args.data) }?;
    data.train = data.train.first(args.subset)?;
    if args.smooth {
        data.train = data.train.with_noise(PIXEL_NOISE)?;
    }
    fs::create_dir_all(&args.out)?;

    let data = Arc::new(data);
    let mut all = Vec::new();
    for &kind in &args.kinds {
        let mut runs = Runs { title: title(&args, kind), curves: Vec::new(), failures: 0 };
        for &seed in &args.seeds {
            let task = task(&args, &data, kind, seed);
            eprintln!("{}", task.path.display());
            match kind.run(&task, &args.paper) {
                Ok(curve) => {
                    if let Some(end) = curve.rows.last() {
                        let (loss, accuracy) = (end.train_loss, 100.0 * end.test_accuracy);
                        eprintln!("train loss {loss:.4}, test accuracy {accuracy:.2} %");
                    }
                    runs.curves.push(curve);
                }
                // the others go on: that an optimizer fails belongs to the comparison
                Err(error) => {
                    eprintln!("failed: {error:#}");
                    runs.failures += 1;
                }
            }
        }
        all.push(runs);
        write(&args.out, &all)?;
    }
    println!("{}", curve::table(&all));
    Ok(())
}

/// What an optimizer is called in pictures and tables.
fn title(args: &Args, kind: Kind) -> String {
    match kind {
        Kind::ArturoChanged => format!("arTuRO, {}", args.changed.join(", ")),
        _ => kind.title().into(),
    }
}

fn task(args: &Args, data: &Arc<Data>, kind: Kind, seed: u64) -> Task {
    let set = match (args.digits, args.smooth) {
        (true, true) => "smooth-digits",
        (true, false) => "digits",
        _ => "images",
    };
    let changes: String = match kind {
        Kind::ArturoChanged => args.changed.iter().map(|change| format!("-{change}")).collect(),
        _ => String::new(),
    };
    let (epochs, images) = (args.epochs, data.train.len());
    let file = format!("{}{changes}-{images}-{set}-{epochs}-epochs-seed-{seed}", kind.name());
    Task {
        data: Arc::clone(data),
        digits: args.digits,
        smooth: args.smooth,
        batch_size: if args.digits { DIGITS_BATCH_SIZE } else { BATCH_SIZE },
        epochs,
        evaluate: args.evaluate,
        seed,
        // the dots of numbers would begin extensions
        path: args.out.join(file.replace('.', ",")),
    }
}

/// Writes the table and the curves of what there is so far.
fn write(out: &Path, all: &[Runs]) -> Result<(), Error> {
    fs::write(out.join("summary.md"), curve::table(all))?;
    plot::draw(&out.join("curves.svg"), all).map_err(|e| Error::msg(e.to_string()))
}
