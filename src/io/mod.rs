//! Files, pipes and terminals: the sources and targets of bytes.

pub mod access;
pub mod cleanup;
pub mod dir;
pub mod file_at;
pub mod file_to_file;
pub mod fstab;
pub mod in_place;
pub mod input;
pub mod output;
pub mod process;
pub mod prompt;
pub mod sparse;
pub mod staged;
pub mod standard;
pub mod stat;
pub mod status_line;
pub mod terminal_safe;
pub mod uncached;
pub mod xattrs;

use nix::sys::stat::{FileStat, SFlag};
use std::fs::Metadata;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The identity of a file: its device and inode. Only regular files have one: reading and writing the same pipe or
/// terminal is normal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub fn of(metadata: &Metadata) -> Option<Self> {
        metadata.is_file().then(|| Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }

    /// Returns that of the file at a path, following links; `None` if there is none.
    pub fn of_path(path: &Path) -> Option<Self> {
        Self::of(&std::fs::metadata(path).ok()?)
    }

    /// Returns that of an open file of this process, by its descriptor.
    pub fn of_descriptor(number: impl std::fmt::Display) -> Option<Self> {
        Self::of_path(format!("/dev/fd/{number}").as_ref())
    }

    pub fn of_stat(stat: &FileStat) -> Option<Self> {
        let kind = SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT;
        (kind == SFlag::S_IFREG).then_some(Self {
            device: stat.st_dev,
            inode: stat.st_ino,
        })
    }
}

/// Lets the system copy at most `len` bytes between two files at their positions: without passing them through this
/// process, and on some file systems without a second copy. Returns `None` if nothing was copied: the system cannot, or
/// nothing is left.
#[cfg(target_os = "linux")]
pub fn copy_range(from: impl AsFd, to: impl AsFd, len: usize) -> Option<usize> {
    let copied = rustix::fs::copy_file_range(from, None, to, None, len);
    copied.ok().filter(|copied| *copied > 0)
}

#[cfg(not(target_os = "linux"))]
pub fn copy_range(_from: impl AsFd, _to: impl AsFd, _len: usize) -> Option<usize> {
    None
}

/// Asks for room for a whole chunk in a pipe, so that one system call is enough. If the system refuses, it takes more
/// of them.
#[cfg(target_os = "linux")]
pub fn widen_pipe(fd: impl AsFd) {
    use nix::fcntl::{FcntlArg, fcntl};
    let _ = fcntl(fd, FcntlArg::F_SETPIPE_SZ(1 << 20));
}

#[cfg(not(target_os = "linux"))]
pub fn widen_pipe(_fd: impl AsFd) {}
