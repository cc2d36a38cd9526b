//! Threads, locks and channels. The model check in `model/` replaces them by ones whose schedules it explores.

#[cfg(fetool_model)]
pub use super::model::sync::*;
#[cfg(not(fetool_model))]
pub use crossbeam::channel::{Receiver, Sender, bounded};
#[cfg(not(fetool_model))]
pub use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
#[cfg(not(fetool_model))]
pub use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
#[cfg(not(fetool_model))]
pub use std::thread;
