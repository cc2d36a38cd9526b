//! `--backup-dir`: moves there what would be replaced or removed.

use super::task::{Task, dir_of};
use crate::cli::failure::shown;
use crate::io::access::Access;
use crate::io::dir::Dir;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// What happens to the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// A new file replaces it, so it may stay until then.
    Replaced,
    Removed,
}

/// Moves the file `name` of `dir` to the backup directory, if there is one, replacing an earlier one. `relative` is its
/// path under the output directory. Returns whether there is a backup directory.
pub fn set_aside(
    task: &Task<'_>,
    dir: &Dir,
    name: &OsStr,
    relative: &Path,
    then: Then,
) -> io::Result<bool> {
    let Some(backups) = &task.tree.backup_dir else {
        return Ok(false);
    };
    let new = |_| Access::of_new_directory();
    let to = Dir::open(backups).and_then(|dir| dir.enter(dir_of(relative), Some(&new)));
    let moved = to.map_err(about_backups).and_then(|to| match then {
        Then::Replaced => dir.link_to(name, &to),
        Then::Removed => dir.move_to(name, &to),
    });
    moved.map(|()| true).map_err(|error| match error.kind() {
        io::ErrorKind::CrossesDevices => {
            io::Error::other("--backup-dir must be on the same file system")
        }
        // A file, link or directory has the place.
        io::ErrorKind::NotADirectory
        | io::ErrorKind::IsADirectory
        | io::ErrorKind::DirectoryNotEmpty
        | io::ErrorKind::AlreadyExists => {
            let earlier = shown(&in_the_way(backups, relative));
            io::Error::other(format!(
                "the earlier backup {earlier} is in the way; give each run a --backup-dir of its own"
            ))
        }
        _ => error,
    })
}

/// Returns the path of an earlier backup that is in the way of the backup of `relative`.
fn in_the_way(backups: &Path, relative: &Path) -> PathBuf {
    let mut path = backups.to_owned();
    for name in relative {
        path.push(name);
        if !fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir()) {
            break;
        }
    }
    path
}

/// Callers take "not found" for a result that another run has removed.
fn about_backups(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound => io::Error::other("--backup-dir does not exist any more"),
        _ => error,
    }
}
