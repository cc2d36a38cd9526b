//! The number of threads that can run at once.

use std::num::NonZeroUsize;

/// Returns the number of cores that this process can use, or one if the system does not tell.
///
/// ```
/// use fetool::{RunOptions, all_cores};
/// use std::num::NonZeroUsize;
///
/// // Leaves one core to others.
/// let jobs = NonZeroUsize::new(all_cores().get() - 1);
/// let options = RunOptions::new().jobs(jobs);
/// ```
pub fn all_cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
