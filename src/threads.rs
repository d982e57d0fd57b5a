//! Threads of rayon, where there are any; without the feature `rayon` all runs on one.

#[cfg(feature = "rayon")]
pub(crate) fn are_many() -> bool {
    rayon::current_num_threads() > 1
}

/// The results of `a` and `b`, at once where `parallel`.
#[cfg(feature = "rayon")]
pub(crate) fn join<A: Send, B: Send>(
    parallel: bool,
    a: impl FnOnce() -> A + Send,
    b: impl FnOnce() -> B + Send,
) -> (A, B) {
    if parallel { rayon::join(a, b) } else { (a(), b()) }
}

#[cfg(not(feature = "rayon"))]
pub(crate) fn are_many() -> bool {
    false
}

#[cfg(not(feature = "rayon"))]
pub(crate) fn join<A, B>(_parallel: bool, a: impl FnOnce() -> A, b: impl FnOnce() -> B) -> (A, B) {
    (a(), b())
}
