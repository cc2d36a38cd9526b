//! Records which source of this run each output belongs to.
//!
//! Two sources can have the same output: by name (`seal -r a/ b/ -O out`), or because the file system treats
//! two names as one, such as `A` and `a`. The second source must not replace the output of the first. Nor can it be
//! skipped or removed as if that output were its own.

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

/// Exclusive access to the claims.
pub struct Held<'c> {
    sources: MutexGuard<'c, HashMap<u64, u64>>,
    hasher: &'c RandomState,
}

impl Claims {
    /// Locks the claims. Blocks while another worker holds them.
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

    /// Claims an output for a source. Returns false if another source has claimed it before.
    pub fn claim(&mut self, output: &Stat, source: &Stat) -> bool {
        let [output, source] = [output, source].map(|file| self.id(file.device, file.inode));
        *self.sources.entry(output).or_insert(source) == source
    }

    fn id(&self, device: u64, inode: u64) -> u64 {
        self.hasher.hash_one((device, inode))
    }
}
