//! Buffers that an oracle reuses, so that a drawn gradient allocates nothing after the first.

use crate::param::ParamVec;
use std::any::Any;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Vectors to work in, of any type, lent out one at a time.
///
/// An oracle is shared by threads and pure in (x, draw), so a buffer comes with arbitrary content
/// and is the borrower's alone. The lock is held only to take one and to give it back.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Vec<Box<dyn Any + Send>>>);

/// A clone works in buffers of its own.
impl Clone for Pool {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Pool {
    /// A buffer of the type and length of `like`, with arbitrary content.
    pub(crate) fn take<P: ParamVec>(&self, like: &P) -> Loan<'_, P> {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let buffer = match spare.map(<Box<dyn Any + Send>>::downcast::<P>) {
            Some(Ok(buffer)) if len(&*buffer) == len(like) => buffer,
            _ => Box::new(like.clone()),
        };
        Loan { pool: self, buffer: Some(buffer) }
    }
}

fn len<P: ParamVec>(vector: &P) -> Option<usize> {
    vector.try_as_slice().map(<[_]>::len)
}

/// A buffer on loan: it goes back to its pool when dropped.
pub(crate) struct Loan<'a, P: ParamVec> {
    pool: &'a Pool,
    /// Empty only while it is dropped.
    buffer: Option<Box<P>>,
}

const LENT: &str = "a loan has its buffer until it is dropped";

impl<P: ParamVec> Deref for Loan<'_, P> {
    type Target = P;

    fn deref(&self) -> &P {
        self.buffer.as_ref().expect(LENT)
    }
}

impl<P: ParamVec> DerefMut for Loan<'_, P> {
    fn deref_mut(&mut self) -> &mut P {
        self.buffer.as_mut().expect(LENT)
    }
}

impl<P: ParamVec> Drop for Loan<'_, P> {
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            self.pool.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_come_back_and_fit() {
        let pool = Pool::default();
        let x = vec![1.0_f64; 3];
        let address = {
            let (a, b) = (pool.take(&x), pool.take(&x));
            assert_ne!(a.as_ptr(), b.as_ptr());
            a.as_ptr()
        };
        // b was given back first, so that a is on top
        assert_eq!(pool.take(&x).as_ptr(), address);
        assert_eq!(pool.take(&vec![0.0_f64; 5]).len(), 5);
        assert_eq!(pool.take(&vec![0.0_f32; 3]).len(), 3);
    }
}
