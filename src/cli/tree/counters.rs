//! The state of the work on a tree: files and bytes, done and found, and the current files.

use crate::cli::args::WorkArgs;
use crate::cli::failure::shown;
use crate::progress::{self, Files, State};
use fetool::Meter;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts files and their bytes. Clones share the counts.
///
/// Bytes are those of the sources, so that all of them are counted in the end: opened data is shorter, and a file that
/// fails or is skipped has none.
#[derive(Clone, Default)]
pub struct Counters(Arc<Counts>);

#[derive(Default)]
struct Counts {
    found_files: AtomicU64,
    found_bytes: AtomicU64,
    /// Whether all files were found.
    all: AtomicBool,
    /// The same counts from the walk that only counts.
    counted_files: AtomicU64,
    counted_bytes: AtomicU64,
    counted_all: AtomicBool,
    /// Files that were processed, with any result.
    files: AtomicU64,
    bytes: AtomicU64,
    /// Those among them that have a result.
    done: AtomicU64,
    /// Files with several names, and files with holes.
    hard_links: AtomicU64,
    holes: AtomicU64,
    /// Files in work, the oldest first.
    current: Mutex<Vec<Arc<InWork>>>,
}

struct InWork {
    name: String,
    len: u64,
    /// Plaintext bytes so far.
    bytes: Arc<AtomicU64>,
}

impl Counters {
    /// Counts a file of `len` bytes that was found.
    pub fn found(&self, len: u64) {
        self.found_name();
        self.found_len(len);
    }

    /// Counts a file that was found, and whose length is not known yet.
    pub fn found_name(&self) {
        self.0.found_files.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds the length of a file that was found.
    pub fn found_len(&self, len: u64) {
        self.0.found_bytes.fetch_add(len, Ordering::Relaxed);
    }

    /// Counts a file of `len` bytes that will be found.
    pub fn count(&self, len: u64) {
        self.0.counted_files.fetch_add(1, Ordering::Relaxed);
        self.0.counted_bytes.fetch_add(len, Ordering::Relaxed);
    }

    pub fn counted_all(&self) {
        self.0.counted_all.store(true, Ordering::Relaxed);
    }

    pub fn found_all(&self) {
        self.0.all.store(true, Ordering::Relaxed);
    }

    /// Counts a file with several names.
    pub fn hard_link(&self) {
        self.0.hard_links.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a file with holes.
    pub fn hole(&self) {
        self.0.holes.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how many files have several names, and how many have holes.
    pub fn oddities(&self) -> (u64, u64) {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (load(&self.0.hard_links), load(&self.0.holes))
    }

    /// Counts a file of `len` bytes that needs no work.
    pub fn passed(&self, len: u64) {
        self.0.files.fetch_add(1, Ordering::Relaxed);
        self.0.bytes.fetch_add(len, Ordering::Relaxed);
    }

    /// Counts a file that has a result.
    pub fn done(&self) {
        self.0.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Marks a file of `len` bytes as current while the returned value lives.
    pub fn start(&self, path: &Path, len: u64) -> Current {
        let file = Arc::new(InWork {
            name: shown(path),
            len,
            bytes: Arc::default(),
        });
        self.current().push(file.clone());
        Current {
            counters: self.clone(),
            file,
        }
    }

    /// Returns how many files have a result, and of how many if that is known: `sealed 3 of 7 files`.
    pub fn describe(&self, done: &str) -> String {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (files, found) = (load(&self.0.done), load(&self.0.found_files));
        let all = self.0.all.load(Ordering::Relaxed);
        let of = if all {
            format!(" of {found}")
        } else {
            String::new()
        };
        let last = if all { found } else { files };
        format!(
            "{done} {files}{of} file{}",
            if last == 1 { "" } else { "s" }
        )
    }

    /// Shows the counts, if wanted, while the returned value lives.
    pub fn show(&self, work: &WorkArgs) -> progress::Display {
        let counters = self.clone();
        progress::Display::of_many(work.progress, work.quiet, move || counters.state())
    }

    fn state(&self) -> State {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (files, bytes) = (load(&self.0.found_files), load(&self.0.found_bytes));
        // Files may be found between the two readings.
        let counted = (
            files.max(load(&self.0.counted_files)),
            bytes.max(load(&self.0.counted_bytes)),
        );
        let is = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        let total = match (is(&self.0.all), is(&self.0.counted_all)) {
            (true, _) => Some((files, bytes)),
            (false, true) => Some(counted),
            (false, false) => None,
        };
        let current = self.current();
        let in_work: u64 = current
            .iter()
            .map(|file| load(&file.bytes).min(file.len))
            .sum();
        State {
            files: Some(Files {
                done: load(&self.0.files),
                total: total.map(|(files, _)| files),
                found: counted.0,
            }),
            bytes: Some(load(&self.0.bytes) + in_work),
            total: total.map(|(_, bytes)| bytes),
            name: current.first().map(|file| file.name.clone()),
        }
    }

    fn current(&self) -> MutexGuard<'_, Vec<Arc<InWork>>> {
        let current = &self.0.current;
        current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A current file.
pub struct Current {
    counters: Counters,
    file: Arc<InWork>,
}

impl Current {
    /// Returns the meter that counts the file's bytes.
    pub fn meter(&self) -> Meter {
        Meter::counting(self.file.bytes.clone())
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        let mut current = self.counters.current();
        current.retain(|file| !Arc::ptr_eq(file, &self.file));
        let counts = &self.counters.0;
        counts.files.fetch_add(1, Ordering::Relaxed);
        counts.bytes.fetch_add(self.file.len, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_the_sources_is_counted_in_the_end() {
        let counters = Counters::default();
        counters.found(100);
        counters.found(20);
        let short = counters.start(Path::new("a"), 100);
        short.file.bytes.store(84, Ordering::Relaxed);
        let next = counters.start(Path::new("b"), 20);
        let state = counters.state();
        assert_eq!((state.bytes, state.total), (Some(84), None));
        assert_eq!(state.name.as_deref(), Some("a"));
        counters.done();
        assert_eq!(counters.describe("opened"), "opened 1 file");
        counters.found_all();
        drop(short);
        assert_eq!(counters.state().name.as_deref(), Some("b"));
        drop(next);
        let state = counters.state();
        assert_eq!((state.bytes, state.total), (Some(120), Some(120)));
        assert_eq!(counters.describe("opened"), "opened 1 of 2 files");
    }
}
