//! Temporary files that killed runs left.

use super::{Dir, FLAGS, is_temporary};
use crate::io::stat::Stat;
use nix::sys::stat::{FileStat, Mode};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;

impl Dir {
    /// Removes temporary files that no process is writing, and returns their number. Symbolic links cannot be locked:
    /// unless this run is `alone`, only old ones are removed.
    pub fn remove_stale(&self, alone: bool) -> io::Result<usize> {
        let mut removed = 0;
        let mut dir = nix::dir::Dir::openat(&self.fd, ".", FLAGS, Mode::empty())?;
        for entry in dir.iter() {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            // Locked until it is removed, so that nobody else treats it as stale meanwhile.
            if !is_temporary(name) {
                continue;
            }
            let lock = self.stale(name);
            if lock.is_some() || self.is_stale_link(name, alone) {
                match self.remove(name) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => removed += 1,
                }
            }
        }
        Ok(removed)
    }

    /// Returns a temporary file that no process is writing, locked: a writer holds its lock.
    fn stale(&self, name: &OsStr) -> Option<File> {
        let file = self.file(name).ok()??;
        let stale = file.metadata().ok()?.is_file() && file.try_lock().is_ok();
        stale.then_some(file)
    }

    /// Returns whether it is a symbolic link with a temporary name. Unless this run is `alone`, it must be older than
    /// any that is being made.
    fn is_stale_link(&self, name: &OsStr, alone: bool) -> bool {
        const LONG: i64 = 3600;
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed();
        let now = now.map_or(0, |now| now.as_secs() as i64); // until long after 2262
        let found = self.look(name).ok().flatten();
        let is_stale = |found: &FileStat| alone || now - found.st_ctime > LONG;
        found.is_some_and(|found| Stat::from(&found).is_link() && is_stale(&found))
    }
}

/// Locks a new temporary file, so that nobody treats it as stale. Returns `false` if somebody has just done that.
pub fn is_ours(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    match file.try_lock() {
        Ok(()) => Ok(file.metadata()?.nlink() > 0),
        Err(std::fs::TryLockError::WouldBlock) => Ok(false),
        // The file system has no locks: then nobody can treat it as stale either.
        Err(std::fs::TryLockError::Error(_)) => Ok(true),
    }
}
