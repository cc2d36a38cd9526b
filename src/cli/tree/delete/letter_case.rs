//! Results on file systems that take `A` and `a` for one name.
//!
//! There, a source that was renamed from `A` to `a` has its result under the old name.

use super::Delete;
use crate::io::dir::{Dir, parent, same_but_case};
use std::fs;
use std::path::{Path, PathBuf};

impl Delete<'_> {
    /// Returns whether a result without a source belongs to one whose path differs only in case. `source` is the
    /// relative path of the missing source.
    pub(super) fn is_in_other_case(&self, result: &Path, source: &Path) -> bool {
        let path = self.dir.join(result);
        let name = path.file_name().unwrap_or_default();
        let ignores_case = Dir::open(parent(&path)).and_then(|dir| dir.ignores_case_of(name));
        // If that is unknown, the result is not known to have no source.
        let roots = self.task.mapping().dirs();
        ignores_case.unwrap_or(true)
            && roots
                .filter_map(|(path, to)| Some((path, source.strip_prefix(to).ok()?)))
                .any(|(path, below)| exists(path.to_owned(), below))
    }
}

/// Returns whether something is at the path `below` a directory, whatever the case of its names.
fn exists(dir: PathBuf, below: &Path) -> bool {
    let mut names = below.components();
    let Some(name) = names.next() else {
        return true;
    };
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut same = entries.filter(|entry| same_but_case(&entry.file_name(), name.as_os_str()));
    same.any(|entry| exists(entry.path(), names.as_path()))
}
