//! Walking a PATH.

use super::{Found, Left, Take, Wanted, by_name, failed};
use crate::cli::tree::steps::Steps;
use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::vec;
use walkdir::WalkDir;

/// A directory that the walk is in.
struct Above {
    path: PathBuf,
    /// Its links to directories that cannot be opened, as far as no error was attributed to them.
    unopened: Option<vec::IntoIter<PathBuf>>,
}

impl Above {
    /// Returns the path that an error in this directory concerns.
    ///
    /// walkdir does not name a link to a directory that it cannot open, and tries the links in the order of their
    /// names. An error in the middle of the directory has no other path.
    fn path_of(&mut self, error: &walkdir::Error) -> PathBuf {
        let kind = error.io_error().map(io::Error::kind);
        let is_refused = kind == Some(io::ErrorKind::PermissionDenied);
        let unopened = self
            .unopened
            .get_or_insert_with(|| unopened(&self.path).into_iter());
        let link = is_refused.then(|| unopened.next()).flatten();
        link.unwrap_or_else(|| self.path.clone())
    }
}

impl Wanted<'_> {
    pub(super) fn walk(&self, path: &Path, take: Take<'_>) -> ControlFlow<()> {
        let depth = self
            .args
            .max_depth
            .map_or(usize::MAX, |depth| depth as usize);
        let walk = WalkDir::new(path)
            .sort_by(by_name)
            .follow_links(self.args.follow)
            .max_depth(depth);
        let mut here = None;
        let mut above: Vec<Above> = Vec::new();
        let mut entries = Steps::new(walk, path, self.args.one_file_system);
        while let Some(entry) = entries.next() {
            let found = match entry {
                Ok(entry) => {
                    if entry.file_type().is_dir() {
                        above.truncate(entry.depth());
                        above.push(Above {
                            path: entry.path().to_owned(),
                            unopened: None,
                        });
                    }
                    let left = match self.takes(path, &entry) {
                        Ok(()) => None,
                        Err(why) => {
                            let extra = self.left_out(entry.path(), why);
                            Some(extra)
                        }
                    };
                    if left.is_some() && entry.file_type().is_dir() {
                        entries.leave_out(&entry);
                    }
                    match left {
                        None if self.is_unseen(&entry) => self.unseen(path, entry, &mut here),
                        None => self.walked(path, &entry),
                        Some(found) => found,
                    }
                }
                Err(error) => {
                    let depth = error.depth().checked_sub(1);
                    let dir = depth.and_then(|depth| above.get_mut(depth));
                    let at = match (error.path(), dir) {
                        (Some(at), _) => at.to_owned(),
                        (None, Some(dir)) => dir.path_of(&error),
                        (None, None) => path.to_owned(),
                    };
                    self.error(path, &at, error)
                }
            };
            if let Some(found) = found {
                take(found)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Returns what to report about an error at `source`, found when walking `path`.
    fn error(&self, path: &Path, source: &Path, error: walkdir::Error) -> Option<Found> {
        match self.left_out_link(path, source, &error) {
            Some(why) => self.left_out(source, why),
            None => Some(failed(source, error)),
        }
    }

    /// Returns why a link that leads nowhere, back, or to a directory that cannot be opened (--follow) is left out, if
    /// it is whatever it should lead to.
    fn left_out_link(
        &self,
        path: &Path,
        source: &Path,
        error: &walkdir::Error,
    ) -> Option<Left<'_>> {
        if error.loop_ancestor().is_some() {
            return self.takes_name(path, source, true).err();
        }
        if !source.is_symlink() {
            return None;
        }
        match fs::metadata(source) {
            Ok(found) if found.is_dir() => self.takes_name(path, source, true).err(),
            Ok(_) => None,
            Err(_) => {
                let [as_directory, as_file] =
                    [true, false].map(|is_dir| self.takes_name(path, source, is_dir).err());
                as_directory.and(as_file)
            }
        }
    }
}

/// Returns the symbolic links in a directory that lead to directories that cannot be opened, in the order of their
/// names.
fn unopened(dir: &Path) -> Vec<PathBuf> {
    let is_refused = |path: &PathBuf| {
        let opened = File::open(path);
        path.is_symlink()
            && path.is_dir()
            && opened.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
    };
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut links: Vec<_> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()))
        .map(|entry| entry.path())
        .filter(is_refused)
        .collect();
    links.sort_unstable();
    links
}
