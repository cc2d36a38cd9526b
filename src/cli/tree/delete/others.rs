//! Results that the runs for other parts of a tree (`--shard`) remove.

use super::{Delete, is_missing};
use crate::cli::tree::sources::is_own;
use crate::cli::tree::task::{Task, dir_of};
use crate::io::dir::Dir;
use std::fs;
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// Returns whether a directory whose source is gone holds only results that other parts of the tree remove.
pub fn is_left_to_others(task: &Task<'_>, relative: &Path) -> bool {
    let dir = task.tree.output_dir.as_deref();
    let Some(dir) = dir.filter(|_| task.tree.walk.shard.is_some()) else {
        return false;
    };
    let is_dir = |source: PathBuf| fs::symlink_metadata(source).is_ok_and(|found| found.is_dir());
    if task.mapping().sources(relative).any(is_dir) {
        return false;
    }
    let delete = Delete { task, dir };
    let mut all = WalkDir::new(dir.join(relative)).min_depth(1).into_iter();
    all.all(|entry| match entry {
        Ok(entry) => entry.file_type().is_dir() || delete.is_of_other(&entry),
        // Another part's run has removed it in the meantime.
        Err(error) => error.io_error().is_some_and(is_missing),
    })
}

impl Delete<'_> {
    /// Returns whether another part's run removes this entry.
    fn is_of_other(&self, entry: &DirEntry) -> bool {
        let name = entry.file_name();
        let Ok(relative) = entry.path().strip_prefix(self.dir) else {
            return false;
        };
        if entry.file_type().is_symlink() {
            return !self.is_gone_link(relative, true);
        }
        if !entry.file_type().is_file() {
            return false;
        }
        if is_own(name) {
            return true;
        }
        let is_result = self.task.operation.source_name(name).is_some();
        let is_sealed = || {
            let dir = Dir::open(self.dir)?.enter(dir_of(relative), None)?;
            self.is_sealed(&dir, name)
        };
        let is_theirs = is_result && !self.is_gone_file(relative, true);
        is_theirs
            && match is_sealed() {
                Ok(is_sealed) => is_sealed || fs::symlink_metadata(entry.path()).is_err(),
                // Another part's run has removed it in the meantime.
                Err(error) => is_missing(&error),
            }
    }
}
