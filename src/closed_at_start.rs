//! Which standard descriptors were closed when the process started.
//!
//! Rust's runtime opens `/dev/null` in their place before `main`. From then on nothing distinguishes a
//! closed descriptor from a `/dev/null` that the caller gave, so a constructor looks before the runtime.

use rustix::io::{Errno, fcntl_getfd};
use rustix::stdio::{stderr, stdin, stdout};
use std::sync::atomic::{AtomicU8, Ordering};

/// One bit for each closed descriptor. It only needs to be set before `main`, which has one thread.
static CLOSED: AtomicU8 = AtomicU8::new(0);

ctor::declarative::ctor! {
    // Sound before `main`: three system calls and an atomic, and nothing of the runtime.
    #[ctor(unsafe)]
    fn look() {
        for (number, descriptor) in [stdin(), stdout(), stderr()].into_iter().enumerate() {
            if fcntl_getfd(descriptor) == Err(Errno::BADF) {
                CLOSED.fetch_or(1 << number, Ordering::Relaxed);
            }
        }
    }
}

/// Returns whether standard input, output and error were closed when the process started.
#[doc(hidden)]
#[must_use]
pub fn closed_at_start() -> [bool; 3] {
    let closed = CLOSED.load(Ordering::Relaxed);
    [0, 1, 2].map(|number| closed & (1 << number) != 0)
}
