//! `--backup-dir`: moves there what would be replaced or removed.

use super::task::{Task, dir_of};
use crate::io::access::Access;
use crate::io::dir::Dir;
use std::ffi::OsStr;
use std::io;
use std::path::Path;

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
    let to = Dir::open(backups)?.enter(dir_of(relative), Some(&new))?;
    let moved = match then {
        Then::Replaced => dir.link_to(name, &to),
        Then::Removed => dir.move_to(name, &to),
    };
    moved.map(|()| true).map_err(|error| match error.kind() {
        io::ErrorKind::CrossesDevices => {
            io::Error::other("--backup-dir must be on the same file system")
        }
        _ => error,
    })
}
