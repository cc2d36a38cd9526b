//! Open directories, and the files in them.
//!
//! All work in a directory goes through its descriptor. Directories below it are entered one by one, without following
//! symbolic links, so that nobody can redirect the path with one.

mod letter_case;
mod links;
mod stale;

pub use letter_case::same_but_case;
pub use stale::is_ours;

use super::access::{Access, is_unsupported};
use super::stat::Stat;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, renameat};
use nix::sys::stat::{FileStat, Mode, fstat, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// The beginning of the name of a temporary file,
pub const TEMPORARY_PREFIX: &str = ".fetool-";
/// and its end.
pub const TEMPORARY_SUFFIX: &str = ".tmp";
/// The end of the name of a recovery file of [`super::in_place`], which begins like that of a temporary file.
const RECOVERY_SUFFIX: &str = ".header";

const FLAGS: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_CLOEXEC);

/// An open directory.
pub struct Dir {
    pub(super) fd: OwnedFd,
    path: PathBuf,
}

impl Dir {
    /// Opens a directory that the user named, and follows links.
    pub fn open(path: &Path) -> io::Result<Self> {
        let fd = nix::fcntl::open(path, FLAGS, Mode::empty())?;
        Ok(Self {
            fd,
            path: path.to_owned(),
        })
    }

    /// Opens the directory `below` this one, through directories only. If `new` is given, missing directories are made
    /// with the access that it returns for the index of the part of `below`.
    ///
    /// # Errors
    /// Also if a symbolic link or something else that is not a directory is in the way.
    pub fn enter(&self, below: &Path, new: Option<&dyn Fn(usize) -> Access>) -> io::Result<Self> {
        let mut dir = Self {
            fd: self.fd.try_clone()?,
            path: self.path.clone(),
        };
        for (i, component) in below.components().enumerate() {
            let Component::Normal(name) = component else {
                return Err(io::Error::other("the path leads out of the directory"));
            };
            dir = dir.enter_one(name, new.map(|new| move || new(i)))?;
        }
        Ok(dir)
    }

    fn enter_one(&self, name: &OsStr, new: Option<impl Fn() -> Access>) -> io::Result<Self> {
        let open = || openat(&self.fd, name, FLAGS | OFlag::O_NOFOLLOW, Mode::empty());
        let fd = match (open(), new) {
            (Err(Errno::ENOENT), Some(access)) => {
                let make = || mkdirat(&self.fd, name, Mode::S_IRWXU);
                let made = match make() {
                    Err(Errno::EACCES) if self.allow_writing()? => make(),
                    made => made,
                };
                let opened = open();
                match made {
                    // It gets the rights of the original, whatever the umask is.
                    Ok(()) => {
                        let dir = File::from(opened?);
                        match access().give(&dir) {
                            Err(error) if !is_unsupported(&error) => return Err(error),
                            _ => Ok(dir.into()),
                        }
                    }
                    // Another worker has made it.
                    Err(Errno::EEXIST) => opened,
                    Err(error) => return Err(error.into()),
                }
            }
            (opened, _) => opened,
        };
        match fd {
            Ok(fd) => Ok(Self {
                fd,
                path: self.path.join(name),
            }),
            Err(Errno::ELOOP | Errno::ENOTDIR) => Err(io::Error::new(
                io::ErrorKind::NotADirectory,
                format!(
                    "{} is not a directory, and links are not followed there",
                    name.display()
                ),
            )),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a regular file for reading; `None` if there is none. Links are not followed.
    pub fn file(&self, name: &OsStr) -> io::Result<Option<File>> {
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        match openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => Ok(Some(File::from(fd))),
            Err(Errno::ENOENT) => Ok(None),
            Err(Errno::ELOOP) => Err(io::Error::other("a symbolic link is in the way")),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a regular file for reading and writing. Links are not followed.
    pub fn file_to_change(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlag::O_RDWR | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        match openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => Ok(File::from(fd)),
            Err(Errno::ELOOP) => Err(io::Error::other("a symbolic link is in the way")),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns whether `name` still names `file`.
    pub fn names(&self, name: &OsStr, file: &File) -> io::Result<bool> {
        let Some(there) = self.look(name)? else {
            return Ok(false);
        };
        let file = fstat(file)?;
        Ok((there.st_dev, there.st_ino) == (file.st_dev, file.st_ino))
    }

    /// Returns the names of all recovery files, in byte order.
    pub fn recovery_files(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        let mut dir = nix::dir::Dir::openat(&self.fd, ".", FLAGS, Mode::empty())?;
        for entry in dir.iter() {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if is_recovery(name) {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Returns the path of a file, for messages.
    pub fn path_of(&self, name: &OsStr) -> PathBuf {
        self.path.join(name)
    }

    /// Creates a recovery file with mode 0600, fsyncs it and its directory, and returns its name. Signals must wait
    /// meanwhile ([`super::cleanup::uninterrupted`]).
    pub fn save_recovery(&self, bytes: &[u8]) -> io::Result<OsString> {
        let (temporary, name) = (temporary_name()?, random_name(RECOVERY_SUFFIX)?);
        let mut file = self.create(&temporary)?;
        let saved = (|| {
            if !is_ours(&file)? {
                return Err(io::Error::other("somebody removed a new temporary file"));
            }
            file.write_all(bytes)?;
            file.sync_all()?;
            renameat(&self.fd, temporary.as_os_str(), &self.fd, name.as_os_str())?;
            self.sync()
        })();
        if saved.is_err() {
            let _ = self.remove(&temporary);
            let _ = self.remove(&name);
        }
        saved.map(|()| name)
    }

    /// Creates a new file with mode 0600.
    pub fn create(&self, name: &OsStr) -> io::Result<File> {
        let flags =
            OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        Ok(File::from(openat(&self.fd, name, flags, mode)?))
    }

    /// Returns the status of `name` without following a link; `None` if nothing has that name.
    pub fn look(&self, name: &OsStr) -> io::Result<Option<FileStat>> {
        match fstatat(&self.fd, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::ENOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the status of `name` without following a link.
    pub fn see(&self, name: &OsStr) -> io::Result<Stat> {
        let stat = fstatat(&self.fd, name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
        Ok(Stat::from(&stat))
    }

    /// Returns the status of the directory itself.
    pub fn stat(&self) -> io::Result<FileStat> {
        Ok(fstat(&self.fd)?)
    }

    /// Returns whether it is in a file system of processes, whose links are open files and not paths.
    #[cfg(target_os = "linux")]
    pub fn is_proc(&self) -> io::Result<bool> {
        use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};
        Ok(fstatfs(&self.fd)?.filesystem_type() == PROC_SUPER_MAGIC)
    }

    /// Opens something other than a regular file for writing. Links are not followed.
    pub fn device(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
        Ok(File::from(openat(&self.fd, name, flags, Mode::empty())?))
    }

    /// Returns whether anything has this name.
    pub fn has(&self, name: &OsStr) -> io::Result<bool> {
        Ok(self.look(name)?.is_some())
    }

    /// Removes a file.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.fd, name, UnlinkatFlags::NoRemoveDir)?)
    }

    /// Removes an empty directory.
    pub fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.fd, name, UnlinkatFlags::RemoveDir)?)
    }

    /// Gives the owner read, write and search permission, if that is the effective user. Returns whether that changed
    /// anything.
    pub fn allow_writing(&self) -> io::Result<bool> {
        let found = Stat::from(&self.stat()?);
        if found.is_open_to_owner() || found.user != nix::unistd::geteuid().as_raw() {
            return Ok(false);
        }
        let mode = Mode::from_bits_truncate(found.permissions()) | Mode::S_IRWXU;
        nix::sys::stat::fchmod(&self.fd, mode)?;
        Ok(true)
    }

    /// Returns the directory as an open file, for its mode and times.
    pub fn as_file(&self) -> io::Result<File> {
        Ok(File::from(self.fd.try_clone()?))
    }

    /// Fsyncs the directory.
    pub fn sync(&self) -> io::Result<()> {
        File::from(self.fd.try_clone()?).sync_all()
    }
}

/// Returns the path of the directory that a file is in.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

/// Returns a new name for a temporary file.
pub fn temporary_name() -> io::Result<OsString> {
    random_name(TEMPORARY_SUFFIX)
}

/// Returns whether this is the name of a temporary file of fetool.
pub fn is_temporary(name: &OsStr) -> bool {
    has_affixes(name, TEMPORARY_SUFFIX)
}

/// Returns whether this is the name of a recovery file of fetool.
pub fn is_recovery(name: &OsStr) -> bool {
    has_affixes(name, RECOVERY_SUFFIX)
}

fn has_affixes(name: &OsStr, suffix: &str) -> bool {
    let name = name.as_bytes();
    name.starts_with(TEMPORARY_PREFIX.as_bytes()) && name.ends_with(suffix.as_bytes())
}

/// Returns an unused name for a temporary file or a recovery file.
fn random_name(suffix: &str) -> io::Result<OsString> {
    let mut random = [0; 8];
    fetool::random(&mut random).map_err(io::Error::other)?;
    let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(OsString::from(format!(
        "{TEMPORARY_PREFIX}{random}{suffix}"
    )))
}
