//! Files that appear whole or not at all: written under a temporary name, and renamed when complete.

use super::cleanup::Temporary;
use super::dir::{Dir, is_ours, temporary_name};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, renameat};
use nix::unistd::linkat;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::sync::Arc;

/// A new file under a temporary name. Dropping it before [`place`](Self::place) removes it.
pub struct Staged {
    pub file: File,
    placed: bool,
    temporary: Temporary,
}

impl Staged {
    /// Creates a new file, under a temporary name and with mode 0600.
    pub fn new(dir: &Arc<Dir>) -> io::Result<Self> {
        loop {
            let name = temporary_name()?;
            let (file, temporary) = Temporary::make(dir, &name, || dir.create(&name))?;
            let staged = Self {
                file,
                placed: false,
                temporary,
            };
            if is_ours(&staged.file)? {
                return Ok(staged);
            }
        }
    }

    /// Returns its directory.
    pub fn dir(&self) -> &Arc<Dir> {
        self.temporary.dir()
    }

    /// Closes one of two descriptors of the file: some file systems (NFS) report only then that there was no room. The
    /// other one keeps the lock.
    pub fn close_once(&self) -> io::Result<()> {
        Ok(nix::unistd::close(self.file.try_clone()?)?)
    }

    /// Closes it once, and gives it its name.
    ///
    /// # Errors
    /// Those of [`close_once`](Self::close_once) and [`give_name`](Self::give_name).
    pub fn place(self, name: &OsStr, force: bool) -> io::Result<()> {
        self.close_once()?;
        self.give_name(name, force)
    }

    /// Gives the file its name. Without `force`, an existing file of that name stays as it is, and is an error
    /// ([`io::ErrorKind::AlreadyExists`]).
    pub fn give_name(mut self, name: &OsStr, force: bool) -> io::Result<()> {
        let fd = &self.dir().fd;
        let temporary = self.temporary.name();
        if force {
            renameat(fd, temporary, fd, name)?;
        } else {
            match linkat(fd, temporary, fd, name, AtFlags::empty()) {
                // The temporary name is removed on drop.
                Ok(()) => return Ok(()),
                // Some file systems have no hard links.
                Err(Errno::EPERM | Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EMLINK) => {
                    self.rename_without_links(name)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.placed = true;
        Ok(())
    }

    /// Renames to an unused name, as far as the system can guarantee that.
    fn rename_without_links(&self, name: &OsStr) -> io::Result<()> {
        let fd = &self.dir().fd;
        let temporary = self.temporary.name();
        #[cfg(target_os = "linux")]
        {
            // nix has it only for glibc.
            use rustix::fs::{RenameFlags, renameat_with};
            use rustix::io::Errno;
            match renameat_with(fd, temporary, fd, name, RenameFlags::NOREPLACE) {
                Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
                renamed => return Ok(renamed?),
            }
        }
        if self.dir().has(name)? {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        Ok(renameat(fd, temporary, fd, name)?)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.placed {
            let _ = self.dir().remove(self.temporary.name());
        }
    }
}
