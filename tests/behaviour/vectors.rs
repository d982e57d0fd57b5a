//! Every vector type gives the same bits; those that are not contiguous are refused by name.

use crate::common::noisy;
use argmin::core::{Error, Executor, State};
use argmin_arturo::dual::Newton;
use argmin_arturo::schedule::KlSchedule;
use argmin_arturo::{Arturo, PaperSettings, ParamVec, Scalar};

/// The bits of the recommended point, of either solver.
fn bits<P: ParamVec>(x0: P) -> Vec<u64> {
    let collect = |x: &P| {
        let x = x.as_coordinates().unwrap();
        x.iter().map(|x| x.to_f64_exact().to_bits()).collect::<Vec<_>>()
    };
    let default = run(x0.clone()).unwrap();
    let schedule = KlSchedule::Cosine { horizon: 150 };
    let paper =
        Arturo::paper(PaperSettings::default()).unwrap().with_kl_schedule(schedule).unwrap();
    let paper = Executor::new(noisy::<P>(), paper.with_dual(Newton::default()))
        .configure(|state| state.param(x0.clone()).max_iters(100))
        .run()
        .unwrap();
    let mut bits = collect(&default);
    bits.extend(collect(paper.state().get_best_param().unwrap()));
    bits
}

/// The point that the default solver recommends.
fn run<P: ParamVec>(x0: P) -> Result<P, Error> {
    let result = Executor::new(noisy::<P>(), Arturo::new().with_seed(3))
        .configure(|state| state.param(x0).max_iters(100))
        .run()?;
    Ok(result.state().get_best_param().unwrap().clone())
}

/// What refuses a start.
#[cfg(any(feature = "ndarray", feature = "faer"))]
fn refusal<P: ParamVec>(x0: P) -> String {
    run(x0).err().unwrap().to_string()
}

fn reference() -> Vec<u64> {
    bits(vec![0.5; 6])
}

fn single() -> Vec<u64> {
    bits(vec![0.5_f32; 6])
}

#[test]
fn single_and_double_precision_differ() {
    assert_ne!(single(), reference());
}

#[cfg(feature = "nalgebra")]
#[test]
fn nalgebra_gives_the_same_bits() {
    use nalgebra::{DMatrix, DVector, SMatrix, SVector};
    assert_eq!(bits(DVector::from_element(6, 0.5)), reference());
    assert_eq!(bits(SVector::<f64, 6>::from_element(0.5)), reference());
    assert_eq!(bits(DMatrix::from_element(2, 3, 0.5)), reference());
    assert_eq!(bits(SMatrix::<f64, 3, 2>::from_element(0.5)), reference());
    assert_eq!(bits(DVector::from_element(6, 0.5_f32)), single());
}

#[cfg(feature = "ndarray")]
#[test]
fn ndarray_gives_the_same_bits() {
    use ndarray::{Array, Array1, Array2, IxDyn};
    assert_eq!(bits(Array1::from_elem(6, 0.5)), reference());
    assert_eq!(bits(Array2::from_elem((2, 3), 0.5)), reference());
    assert_eq!(bits(Array::from_elem(IxDyn(&[1, 2, 3]), 0.5)), reference());
    assert_eq!(bits(Array1::from_elem(6, 0.5_f32)), single());
}

#[cfg(feature = "ndarray")]
#[test]
fn ndarray_in_another_layout_is_refused() {
    use ndarray::{Array1, Array2, Axis, ShapeBuilder, Slice};
    let text = "Invalid parameter: \"`ndarray::Array` is not contiguous in memory; pass a \
                parameter vector in standard layout\"";
    // every second element of what it owns
    let mut strided = Array1::from_elem(12, 0.5);
    strided.slice_axis_inplace(Axis(0), Slice::new(0, None, 2));
    assert_eq!(refusal(strided.clone()), text);
    // reversed
    let mut reversed = Array1::from_elem(6, 0.5);
    reversed.invert_axis(Axis(0));
    assert_eq!(refusal(reversed), text);
    // column by column: contiguous, but in another order than the problem's gradients
    assert_eq!(refusal(Array2::from_elem((2, 3).f(), 0.5)), text);
    assert_eq!(refusal(Array2::from_elem((3, 2), 0.5).reversed_axes()), text);
    // what is copied into standard layout runs
    assert_eq!(bits(strided.as_standard_layout().into_owned()), reference());
}

#[cfg(feature = "faer")]
#[test]
fn faer_gives_the_same_bits() {
    use faer::{Col, Mat};
    assert_eq!(bits(Col::from_fn(6, |_| 0.5)), reference());
    assert_eq!(bits(Mat::from_fn(6, 1, |_, _| 0.5)), reference());
    assert_eq!(bits(Col::from_fn(6, |_| 0.5_f32)), single());
}

#[cfg(feature = "faer")]
#[test]
fn faer_matrices_of_several_columns_are_refused() {
    use faer::Mat;
    let text = "Invalid parameter: \"`faer::Mat of several columns` is not contiguous in memory; \
                pass a parameter vector in standard layout\"";
    assert_eq!(refusal(Mat::from_fn(3, 2, |_, _| 0.5)), text);
    // without padding too, so that what is refused does not depend on faer's alignment
    assert_eq!(refusal(Mat::from_fn(8, 2, |_, _| 0.5)), text);
    assert_eq!(refusal(Mat::<f64>::zeros(1, 6)), text);
    // of no columns it is empty
    assert_eq!(
        refusal(Mat::<f64>::zeros(3, 0)),
        "Invalid parameter: \"Arturo: the initial parameter vector is empty; it needs at \
             least one coordinate\""
    );
}

/// A run goes on from its serialized solver and state with the bits of an uninterrupted one.
#[cfg(all(feature = "serde1", any(feature = "ndarray", feature = "faer", feature = "nalgebra")))]
mod resume {
    use super::*;
    use argmin::core::IterState;
    use argmin::core::checkpointing::{Checkpoint, CheckpointingFrequency};
    use argmin_checkpointing_file::FileCheckpoint;
    use serde::{Serialize, de::DeserializeOwned};

    fn assert_resumes<P>(name: &str, x0: P)
    where
        P: ParamVec<Scalar = f64> + PartialEq + Serialize + DeserializeOwned,
    {
        let directory =
            std::env::temp_dir().join(format!("arturo-vectors-{name}-{}", std::process::id()));
        let checkpoint =
            |frequency| FileCheckpoint::new(&*directory.to_string_lossy(), "run", frequency);
        let solver = || Arturo::<f64>::new().with_seed(3);
        Executor::new(noisy::<P>(), solver())
            .configure(|state| state.param(x0.clone()).max_iters(40))
            .checkpointing(checkpoint(CheckpointingFrequency::Every(40)))
            .run()
            .unwrap();
        type Run<P> = IterState<P, P, (), (), (), f64>;
        let saved = checkpoint(CheckpointingFrequency::Never);
        let (arturo, state): (Arturo<f64>, Run<P>) = saved.load().unwrap().unwrap();
        saved.save(&arturo, &state.max_iters(100)).unwrap();
        let resumed = Executor::new(noisy::<P>(), solver()).checkpointing(saved).run().unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
        assert!(*resumed.state().get_best_param().unwrap() == run(x0).unwrap(), "{name}");
    }

    #[test]
    fn matrices_and_vectors_resume() {
        #[cfg(feature = "nalgebra")]
        assert_resumes("nalgebra", nalgebra::DMatrix::from_element(2, 3, 0.5));
        #[cfg(feature = "ndarray")]
        assert_resumes("ndarray", ndarray::Array2::from_elem((2, 3), 0.5));
        #[cfg(feature = "faer")]
        assert_resumes("faer", faer::Mat::from_fn(6, 1, |_, _| 0.5));
    }
}
