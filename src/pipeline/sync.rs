//! What the threads are made of. The model check in `model/` compiles the modules that use this with
//! its own, which explores their schedules.

pub use crossbeam::channel::{Receiver, Sender, bounded};
pub use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
pub use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
pub use std::thread;
