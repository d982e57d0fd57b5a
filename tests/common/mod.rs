//! What several test files share.
#![allow(dead_code, reason = "each test file uses its own part")]

pub mod draws;
pub mod oracles;
pub mod standard;

use argmin::core::observers::Observe;
use argmin::core::{CostFunction, Error, Gradient, Hessian, KV, State};
use argmin_arturo::oracle::GaussianNoise;
use argmin_arturo::{ParamVec, Scalar};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};

/// An observer that keeps every KV.
#[derive(Clone, Default)]
pub struct Recorder {
    rows: Arc<Mutex<Vec<KV>>>,
}

impl Recorder {
    pub fn rows(&self) -> Vec<KV> {
        self.rows.lock().unwrap().clone()
    }
}

impl<I: State> Observe<I> for Recorder {
    fn observe_iter(&mut self, _state: &I, kv: &KV) -> Result<(), Error> {
        self.rows.lock().unwrap().push(kv.clone());
        Ok(())
    }
}

/// A number of a KV.
pub fn float(kv: &KV, key: &str) -> f64 {
    kv.get(key).unwrap_or_else(|| panic!("no {key}")).get_float().unwrap()
}

/// An observer that keeps the path of the point.
#[derive(Clone, Default)]
pub struct Path {
    points: Arc<Mutex<Vec<Vec<f64>>>>,
}

impl Path {
    pub fn points(&self) -> Vec<Vec<f64>> {
        self.points.lock().unwrap().clone()
    }
}

impl<I: State<Param = Vec<f64>>> Observe<I> for Path {
    fn observe_iter(&mut self, state: &I, _kv: &KV) -> Result<(), Error> {
        self.points.lock().unwrap().push(state.get_param().unwrap().clone());
        Ok(())
    }
}

/// f(x) = 1/2 sum_i (i + 1) (x_i - 1)^2 over any vector type.
pub struct Quadratic<P>(PhantomData<P>);

pub fn quadratic<P>() -> Quadratic<P> {
    Quadratic(PhantomData)
}

impl<P: ParamVec> Gradient for Quadratic<P> {
    type Param = P;
    type Gradient = P;

    fn gradient(&self, x: &P) -> Result<P, Error> {
        let mut gradient = x.clone();
        for (i, g) in gradient.as_coordinates_mut()?.iter_mut().enumerate() {
            *g = P::Scalar::from_f64_lossy(i as f64 + 1.0) * (*g - P::Scalar::from_f64_lossy(1.0));
        }
        Ok(gradient)
    }
}

impl CostFunction for Quadratic<Vec<f64>> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Ok(x.iter().enumerate().map(|(i, x)| 0.5 * (i as f64 + 1.0) * (x - 1.0).powi(2)).sum())
    }
}

impl Hessian for Quadratic<Vec<f64>> {
    type Param = Vec<f64>;
    type Hessian = Vec<Vec<f64>>;

    fn hessian(&self, x: &Vec<f64>) -> Result<Vec<Vec<f64>>, Error> {
        let entry = |i, j| if i == j { i as f64 + 1.0 } else { 0.0 };
        Ok((0..x.len()).map(|i| (0..x.len()).map(|j| entry(i, j)).collect()).collect())
    }
}

/// The quadratic with noise of standard deviation 0.5 on its gradients.
pub fn noisy<P: ParamVec>() -> GaussianNoise<Quadratic<P>> {
    GaussianNoise::new(quadratic(), 0.5).unwrap()
}
