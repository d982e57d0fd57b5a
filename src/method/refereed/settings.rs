//! What users set of the default.

use crate::bounds::BoxBounds;

/// Dimension up to which there is a dense model: 200 takes 3.6 MB, and a step some milliseconds. In noise the
/// model does not pay from some 50 coordinates on, and costs a sixth of the gap; without noise it is worth
/// powers of ten (docs/default.md).
const MODEL_DIMENSION: usize = 200;

/// What users set.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde1", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Settings<F> {
    pub bounds: Option<BoxBounds<F>>,
    /// The units of x; else the start gives them.
    pub scale: Option<Vec<F>>,
    /// Coordinates up to which there is a model.
    pub model_dimension: usize,
}

impl<F> Default for Settings<F> {
    fn default() -> Self {
        Self { bounds: None, scale: None, model_dimension: MODEL_DIMENSION }
    }
}
