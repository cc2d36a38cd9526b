//! Temporary files that killed runs left behind.

use super::{Dir, FLAGS, is_temporary};
use crate::io::stat::Stat;
use nix::sys::stat::{FileStat, Mode};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;

impl Dir {
    /// Removes temporary files that nobody writes any more. Returns how many. Symbolic links cannot be locked:
    /// if others may be making some, only old ones are removed.
    pub fn remove_stale(&self, alone: bool) -> io::Result<usize> {
        let mut removed = 0;
        let mut dir = nix::dir::Dir::openat(&self.fd, ".", FLAGS, Mode::empty())?;
        for entry in dir.iter() {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            // Held until it is gone, so that nobody else takes it for stale meanwhile.
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

    /// A temporary file that nobody writes, locked: whoever writes one holds its lock.
    fn stale(&self, name: &OsStr) -> Option<File> {
        let file = self.file(name).ok()??;
        let stale = file.metadata().ok()?.is_file() && file.try_lock().is_ok();
        stale.then_some(file)
    }

    /// Whether it is a symbolic link under a temporary name; with others, for longer than making it takes.
    fn is_stale_link(&self, name: &OsStr, alone: bool) -> bool {
        const LONG: i64 = 3600;
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed();
        let now = now.map_or(0, |now| now.as_secs() as i64); // until long after 2262
        let found = self.look(name).ok().flatten();
        let is_stale = |found: &FileStat| alone || now - found.st_ctime > LONG;
        found.is_some_and(|found| Stat::from(&found).is_link() && is_stale(&found))
    }
}

/// Locks a new temporary file, so that nobody takes it for one that was left behind. `false` where
/// somebody has done that already, in the moment before.
pub fn is_ours(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    match file.try_lock() {
        Ok(()) => Ok(file.metadata()?.nlink() > 0),
        Err(std::fs::TryLockError::WouldBlock) => Ok(false),
        // File systems without locks: there nobody can take it for a stale one either.
        Err(std::fs::TryLockError::Error(_)) => Ok(true),
    }
}
