//! How many threads can work at a time.

use std::num::NonZeroUsize;

/// Returns the number of cores that this process may use, one where the system does not tell.
pub fn all_cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
