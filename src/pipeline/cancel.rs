//! Cancelling the work from any thread.

use super::sync::{AtomicBool, Mutex, Ordering, PoisonError};
use std::fmt;
use std::sync::Arc;

/// Cancels one operation. Clones share the state.
///
/// The pipeline cancels itself at the first error. Any other thread may cancel the work, which then ends
/// with [`Error::Stopped`](crate::Error::Stopped). A blocked `read` does not see that, so an input that may
/// block for long registers a waker ([`CancelToken::on_stop`]).
///
/// ```
/// use fetool::{CancelToken, Error, Seal, Secret};
/// use std::{io, thread};
///
/// let stop = CancelToken::new();
/// let token = stop.clone();
/// thread::spawn(move || token.stop());
///
/// let key = Secret::key([7; 32]);
/// let error = Seal::new(&key).stop(&stop).run(io::repeat(0), io::sink()).unwrap_err();
/// assert!(matches!(error, Error::Stopped));
/// ```
#[derive(Clone, Default)]
pub struct CancelToken(Arc<Inner>);

#[derive(Default)]
struct Inner {
    stopped: AtomicBool,
    wakers: Mutex<Vec<Box<dyn Fn() + Send>>>,
}

impl CancelToken {
    /// Creates a token that is not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancels the work and calls the wakers. This cannot be undone.
    pub fn stop(&self) {
        // Under the lock, so that a waker is either called here or by `on_stop`.
        let wakers = self.0.wakers.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.0.stopped.swap(true, Ordering::SeqCst) {
            wakers.iter().for_each(|wake| wake());
        }
    }

    /// Returns whether the work is cancelled.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::SeqCst)
    }

    /// Calls `wake` when the work is cancelled, or at once if it already is.
    pub fn on_stop(&self, wake: impl Fn() + Send + 'static) {
        let mut wakers = self.0.wakers.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_stopped() {
            wake();
        } else {
            wakers.push(Box::new(wake));
        }
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CancelToken({})", self.is_stopped())
    }
}
