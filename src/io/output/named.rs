//! The file that a path of an output names: which links are followed, and which devices opened.

use super::Refused;
use crate::io::dir::{Dir, parent};
use nix::sys::stat::{FileStat, Mode, SFlag};
use nix::unistd::geteuid;
use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A resolved path: its directory, its name there, and the existing file of that name.
pub(super) struct Named {
    pub dir: Dir,
    pub name: OsString,
    /// Never a symbolic link: links were followed.
    pub existing: Option<FileStat>,
    /// The open file of this process that the path names, if it does.
    pub open: Option<File>,
}

impl Named {
    /// Follows symbolic links to their target, whether that exists or not, so that the links stay and the target is
    /// replaced.
    ///
    /// Only links of the user, of root or of the owner of their directory are followed. Others were made by somebody
    /// who may write to the directory, and could lead anywhere.
    pub fn find(path: &Path) -> Result<Self, Refused> {
        const MOST: usize = 40; // as the Linux kernel has it
        let mut path = path.to_owned();
        for _ in 0..MOST {
            let name = match path.file_name() {
                Some(name) if !path.as_os_str().as_bytes().ends_with(b"/") => name.to_owned(),
                _ if path.is_dir() => {
                    return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
                }
                _ => return Err(io::Error::from(io::ErrorKind::InvalidFilename).into()),
            };
            let dir = Dir::open(parent(&path))?;
            let existing = dir.look(&name)?;
            let is_link = existing.filter(|stat| kind(stat) == SFlag::S_IFLNK);
            let Some(link) = is_link else {
                return Ok(Self {
                    dir,
                    name,
                    existing,
                    open: None,
                });
            };
            #[cfg(target_os = "linux")]
            if dir.is_proc()? {
                return Ok(Self {
                    open: Some(OpenOptions::new().write(true).open(&path)?),
                    existing: None,
                    dir,
                    name,
                });
            }
            if !is_trusted(link.st_uid) && link.st_uid != dir.stat()?.st_uid {
                return Err(Refused::ForeignLink);
            }
            // A relative link starts at the link's directory; an absolute one replaces everything.
            path = dir.path_of(OsStr::new("")).join(dir.read_link(&name)?);
        }
        Err(io::Error::other("too many levels of symbolic links").into())
    }
}

pub(super) fn kind(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT
}

/// Returns whether a user's files are trusted: those of the effective user and of root.
fn is_trusted(user: u32) -> bool {
    user == geteuid().as_raw() || user == 0
}

/// Opens a FIFO or a device. One of another user is opened only in a directory where nobody else could have made it:
/// its owner may read what is written to it.
pub(super) fn open_device(
    dir: &Dir,
    name: &OsStr,
    kind_before: SFlag,
    before: &FileStat,
) -> Result<File, Refused> {
    let parent = dir.stat()?;
    let others_write = Mode::S_IWGRP | Mode::S_IWOTH;
    let is_private = is_trusted(parent.st_uid)
        && !Mode::from_bits_truncate(parent.st_mode).intersects(others_write);
    if !is_trusted(before.st_uid) && !is_private {
        return Err(Refused::Foreign(match kind_before {
            SFlag::S_IFIFO => "FIFO",
            SFlag::S_IFSOCK => "socket",
            _ => "device",
        }));
    }
    let file = dir.device(name)?;
    let now = nix::sys::stat::fstat(&file).map_err(io::Error::from)?;
    if (now.st_dev, now.st_ino, kind(&now)) != (before.st_dev, before.st_ino, kind_before) {
        return Err(io::Error::other("another file has taken its place").into());
    }
    Ok(file)
}
