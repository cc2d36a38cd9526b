//! The steps of a walk, some of which are left out with everything below them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use walkdir::{DirEntry, IntoIter, WalkDir};

/// The entries of a walk.
pub struct Steps {
    entries: IntoIter,
    /// The only file system to walk, by its device.
    device: Option<u64>,
}

impl Steps {
    /// Begins a walk at `path`, which stays on its file system if that is wanted.
    pub fn new(walk: WalkDir, path: &Path, one_file_system: bool) -> Self {
        let device = || fs::metadata(path).ok().map(|found| found.dev());
        Self {
            entries: walk.same_file_system(one_file_system).into_iter(),
            device: one_file_system.then(device).flatten(),
        }
    }

    /// Leaves out a directory that the walk has just returned, with everything in it.
    pub fn leave_out(&mut self, dir: &DirEntry) {
        // walkdir returns a directory of another file system and does not enter it. Then the current directory is the
        // one above, whose other files are wanted.
        let is_entered = self.device.is_none_or(|device| {
            let found = fs::metadata(dir.path());
            found.is_ok_and(|found| found.dev() == device)
        });
        if is_entered {
            self.entries.skip_current_dir();
        }
    }
}

impl Iterator for Steps {
    type Item = walkdir::Result<DirEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        self.entries.next()
    }
}
