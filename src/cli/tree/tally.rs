//! How far the work on a tree is: files and bytes, done and found, and what is worked on now.

use crate::cli::args::WorkArgs;
use crate::cli::failure::shown;
use crate::progress::{self, State};
use fetool::Meter;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts. Clones count together.
#[derive(Clone, Default)]
pub struct Tally(Arc<Counts>);

#[derive(Default)]
struct Counts {
    found_files: AtomicU64,
    found_bytes: AtomicU64,
    /// All were found.
    all: AtomicBool,
    files: AtomicU64,
    bytes: Arc<AtomicU64>,
    /// Files in work.
    names: Mutex<Vec<String>>,
}

impl Tally {
    /// A file of `len` bytes was found.
    pub fn found(&self, len: u64) {
        self.0.found_files.fetch_add(1, Ordering::Relaxed);
        self.0.found_bytes.fetch_add(len, Ordering::Relaxed);
    }

    pub fn found_all(&self) {
        self.0.all.store(true, Ordering::Relaxed);
    }

    /// A file is worked on for as long as the result lives.
    pub fn start(&self, path: &Path) -> Current {
        let name = shown(path);
        self.names().push(name.clone());
        Current {
            tally: self.clone(),
            name,
        }
    }

    pub fn finish(&self) {
        self.0.files.fetch_add(1, Ordering::Relaxed);
    }

    /// What counts a file's bytes while it is worked on.
    pub fn meter(&self) -> Meter {
        Meter::counting(self.0.bytes.clone())
    }

    /// Shows it, where that is wanted, for as long as the result lives.
    pub fn show(&self, work: &WorkArgs) -> progress::Display {
        let tally = self.clone();
        progress::Display::start(work.progress, work.quiet, move || tally.state())
    }

    fn state(&self) -> State {
        let all = self.0.all.load(Ordering::Relaxed);
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        State {
            files: load(&self.0.files),
            bytes: load(&self.0.bytes),
            total: all.then(|| (load(&self.0.found_files), load(&self.0.found_bytes))),
            current: self.names().join(", "),
        }
    }

    fn names(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file in work.
pub struct Current {
    tally: Tally,
    name: String,
}

impl Drop for Current {
    fn drop(&mut self) {
        let mut names = self.tally.names();
        if let Some(at) = names.iter().position(|name| *name == self.name) {
            names.swap_remove(at);
        }
    }
}
