//! The most memory that some work had at once.

mod allocator;

use crate::common::no_hang;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Each test holds this from its beginning to its end.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The most memory that `work` has at once, beyond what there was before.
pub fn peak<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> (T, usize) {
    let before = allocator::start();
    let done = no_hang(work);
    (done, allocator::peak().saturating_sub(before))
}
