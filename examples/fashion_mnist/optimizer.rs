//! The optimizers, with the values published for Fashion-MNIST.

use crate::curve::Curve;
use crate::training::Task;
use argmin::core::Error;
use argmin_arturo::baseline::{Adam, AdamW, Sgd};
use argmin_arturo::schedule::KlSchedule;
use argmin_arturo::{Arturo, PaperSettings};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    ArturoPaper,
    /// The same with settings that are not the published ones.
    ArturoChanged,
    Arturo,
    Adam,
    AdamW,
    Sgd,
}

pub const ALL: [Kind; 6] =
    [Kind::ArturoPaper, Kind::ArturoChanged, Kind::Arturo, Kind::Adam, Kind::AdamW, Kind::Sgd];

const ADAM_RATE: f64 = 0.001_012_44;
const ADAM_BETAS: (f64, f64) = (0.945_256_12, 0.990_341_75);
const SGD_RATE: f64 = 0.071_049_41;
const SGD_MOMENTUM: f64 = 0.865_729_92;
const SGD_WEIGHT_DECAY: f64 = 2.247e-4;
/// Factor of the published schedule, at a half and at three quarters of the run.
const PAPER_GAMMA: f64 = 0.006;
const BASELINE_GAMMA: f64 = 0.1;

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::ArturoPaper => "arturo-paper",
            Self::ArturoChanged => "arturo-changed",
            Self::Arturo => "arturo",
            Self::Adam => "adam",
            Self::AdamW => "adamw",
            Self::Sgd => "sgd",
        }
    }

    /// What it is called in pictures and tables.
    pub fn title(self) -> &'static str {
        match self {
            Self::ArturoPaper => "arTuRO, paper",
            Self::ArturoChanged => "arTuRO, changed",
            Self::Arturo => "arTuRO",
            Self::Adam => "Adam",
            Self::AdamW => "AdamW",
            Self::Sgd => "SGD, momentum",
        }
    }

    /// Runs the optimizer on a task. The published schedule is 120 epochs long, with milestones at 60
    /// and 90; it is scaled to the length of the run. `Arturo::new` has none.
    pub fn run(self, task: &Task, changed: &PaperSettings) -> Result<Curve, Error> {
        let steps = task.step_count();
        let milestones = vec![steps / 2, steps * 3 / 4];
        let schedule = |gamma| KlSchedule::MultiStep { milestones: milestones.clone(), gamma };
        let seed = task.seed;
        match self {
            Self::ArturoPaper | Self::ArturoChanged => {
                let published = PaperSettings::default();
                let settings = if self == Self::ArturoPaper { &published } else { changed };
                let solver = Arturo::paper(settings.clone())?.with_seed(seed);
                task.run(solver.with_kl_schedule(schedule(PAPER_GAMMA))?)
            }
            Self::Arturo => task.run(Arturo::new().with_seed(seed)),
            Self::Adam => {
                let solver = Adam::new(ADAM_RATE)?.with_betas(ADAM_BETAS.0, ADAM_BETAS.1)?;
                task.run(solver.with_seed(seed).with_schedule(schedule(BASELINE_GAMMA))?)
            }
            // nothing is published for it but its default weight decay
            Self::AdamW => {
                let solver = AdamW::new(ADAM_RATE)?.with_betas(ADAM_BETAS.0, ADAM_BETAS.1)?;
                task.run(solver.with_seed(seed).with_schedule(schedule(BASELINE_GAMMA))?)
            }
            Self::Sgd => {
                let solver = Sgd::new(SGD_RATE)?
                    .with_momentum(SGD_MOMENTUM)?
                    .with_weight_decay(SGD_WEIGHT_DECAY)?;
                task.run(solver.with_seed(seed).with_schedule(schedule(BASELINE_GAMMA))?)
            }
        }
    }
}
