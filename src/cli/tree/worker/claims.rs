//! Which source of this run each output belongs to.
//!
//! Two sources may have one output: by name (`seal -r a/ b/ -O out`), or because the file system takes
//! two names for one. The second must neither replace the first, nor be skipped or removed as if the
//! output were its own.

use crate::io::stat::Stat;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Outputs and their sources, each as a keyed hash of device and inode: 20 to 40 bytes a file.
#[derive(Default)]
pub struct Claims {
    sources: Mutex<HashMap<u64, u64>>,
    hasher: RandomState,
}

/// The claims, which nobody else changes meanwhile.
pub struct Held<'c> {
    sources: MutexGuard<'c, HashMap<u64, u64>>,
    hasher: &'c RandomState,
}

impl Claims {
    /// Waits for other workers.
    pub fn hold(&self) -> Held<'_> {
        Held {
            sources: self.sources.lock().unwrap_or_else(PoisonError::into_inner),
            hasher: &self.hasher,
        }
    }
}

impl Held<'_> {
    /// Returns whether a file is an output of this run.
    pub fn has(&self, file: &Stat) -> bool {
        self.sources.contains_key(&self.id(file.device, file.inode))
    }

    /// Returns whether the output belongs to that source: nothing else claimed it before.
    pub fn claim(&mut self, output: &Stat, source: &Stat) -> bool {
        let [output, source] = [output, source].map(|file| self.id(file.device, file.inode));
        *self.sources.entry(output).or_insert(source) == source
    }

    fn id(&self, device: u64, inode: u64) -> u64 {
        self.hasher.hash_one((device, inode))
    }
}
