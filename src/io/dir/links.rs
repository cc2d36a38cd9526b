//! Symbolic and hard links, and files that are moved.

use super::{Dir, temporary_name};
use crate::io::stat::Stat;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, readlinkat, renameat};
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, fchownat, linkat, symlinkat};
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

impl Dir {
    /// Returns the target of a symbolic link.
    pub fn read_link(&self, name: &OsStr) -> io::Result<PathBuf> {
        Ok(readlinkat(&self.fd, name)?.into())
    }

    /// Creates a symbolic link, replacing whatever has the name. It gets the time and, as root, the owner of the link
    /// `like`.
    pub fn make_link(&self, name: &OsStr, to: &Path, like: Option<&Stat>) -> io::Result<()> {
        let temporary = temporary_name()?;
        symlinkat(to, &self.fd, temporary.as_os_str())?;
        let placed = (|| {
            if let Some(like) = like {
                self.set_link(&temporary, like)?;
            }
            Ok(renameat(&self.fd, temporary.as_os_str(), &self.fd, name)?)
        })();
        if placed.is_err() {
            let _ = self.remove(&temporary);
        }
        placed
    }

    fn set_link(&self, name: &OsStr, like: &Stat) -> io::Result<()> {
        let time = TimeSpec::new(like.modified.seconds, like.modified.nanoseconds);
        let no_follow = UtimensatFlags::NoFollowSymlink;
        // Not every file system keeps the times of links, and they do not matter much.
        let _ = utimensat(&self.fd, name, &TimeSpec::UTIME_OMIT, &time, no_follow);
        if nix::unistd::geteuid().is_root() {
            let (user, group) = (Uid::from_raw(like.user), Gid::from_raw(like.group));
            let no_follow = AtFlags::AT_SYMLINK_NOFOLLOW;
            let _ = fchownat(&self.fd, name, Some(user), Some(group), no_follow);
        }
        Ok(())
    }

    /// Links a file into another directory under the same name, replacing a file of that name. If the file system has
    /// no hard links, moves it.
    ///
    /// # Errors
    /// Then whatever has the name in the other directory is still there.
    pub fn link_to(&self, name: &OsStr, other: &Self) -> io::Result<()> {
        let link = |to: &OsStr| linkat(&self.fd, name, &other.fd, to, AtFlags::empty());
        let linked = match link(name) {
            Err(Errno::EEXIST) => {
                let temporary = temporary_name()?;
                let renamed = link(&temporary)
                    .and_then(|()| renameat(&other.fd, temporary.as_os_str(), &other.fd, name));
                // It is still there, even without an error, if both names are links to one file.
                let _ = other.remove(&temporary);
                renamed
            }
            linked => linked,
        };
        match linked {
            Err(Errno::EPERM | Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EMLINK)
                if !self.see(name)?.is_dir() =>
            {
                self.move_to(name, other)
            }
            linked => Ok(linked?),
        }
    }

    /// Moves a file to another directory, replacing a file of that name.
    pub fn move_to(&self, name: &OsStr, other: &Self) -> io::Result<()> {
        Ok(renameat(&self.fd, name, &other.fd, name)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Whoever else links or removes one of the files at the same time, no backup is lost.
    #[test]
    fn a_backup_is_replaced_at_once_or_not_at_all() {
        let temporary = tempfile::tempdir().unwrap();
        let dirs = ["out", "old"].map(|name| {
            let path = temporary.path().join(name);
            fs::create_dir(&path).unwrap();
            Dir::open(&path).unwrap()
        });
        let [out, old] = &dirs;
        let name = OsStr::new("name");
        let read = |dir: &Dir| fs::read(dir.path_of(name)).unwrap();
        fs::write(out.path_of(name), "1").unwrap();
        // Also if it is there already.
        for _ in 0..2 {
            out.link_to(name, old).unwrap();
            assert_eq!((read(out), read(old)), (b"1".to_vec(), b"1".to_vec()));
        }
        out.remove(name).unwrap();
        let failed = out.link_to(name, old).map_err(|error| error.kind());
        assert_eq!(
            (failed, read(old)),
            (Err(io::ErrorKind::NotFound), b"1".to_vec())
        );
        fs::write(out.path_of(name), "2").unwrap();
        out.link_to(name, old).unwrap();
        assert_eq!((read(out), read(old)), (b"2".to_vec(), b"2".to_vec()));
        old.remove(name).unwrap();
        fs::create_dir(old.path_of(name)).unwrap();
        let failed = out.link_to(name, old).map_err(|error| error.kind());
        assert_eq!(failed, Err(io::ErrorKind::IsADirectory));
        for dir in ["out", "old"] {
            let entries = fs::read_dir(temporary.path().join(dir)).unwrap();
            assert_eq!(entries.count(), 1);
        }
    }
}
