//! What several test files share.
#![allow(dead_code, reason = "each test file uses its own part")]

use argmin::core::observers::Observe;
use argmin::core::{Error, KV, State};
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
