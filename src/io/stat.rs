//! The status of a file, without opening it.

use nix::sys::stat::{FileStat, Mode, SFlag};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// A file's time, counted from 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    pub seconds: i64,
    pub nanoseconds: i64,
}

/// The properties of a file that are compared, copied or counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    pub device: u64,
    pub inode: u64,
    /// The kind and the permissions, as in `st_mode`.
    pub mode: u32,
    pub user: u32,
    pub group: u32,
    pub len: u64,
    /// On the disk, of 512 bytes each.
    pub blocks: u64,
    pub links: u64,
    pub modified: Time,
}

impl Stat {
    fn kind(&self) -> SFlag {
        SFlag::from_bits_truncate(self.mode) & SFlag::S_IFMT
    }

    pub fn is_file(&self) -> bool {
        self.kind() == SFlag::S_IFREG
    }

    pub fn is_dir(&self) -> bool {
        self.kind() == SFlag::S_IFDIR
    }

    pub fn is_link(&self) -> bool {
        self.kind() == SFlag::S_IFLNK
    }

    /// Returns whether its owner may read, write and search it.
    pub fn is_open_to_owner(&self) -> bool {
        Mode::from_bits_truncate(self.mode).contains(Mode::S_IRWXU)
    }

    /// Returns whether it has holes, judging by its space on the disk. Short files may have no blocks of their own.
    pub fn has_holes(&self) -> bool {
        const BLOCK: u64 = 4096;
        let taken = self.blocks.saturating_mul(512);
        self.is_file() && taken.saturating_add(BLOCK) <= self.len
    }

    /// Returns the permissions, including the set-user-ID, set-group-ID and sticky bits.
    pub fn permissions(&self) -> u32 {
        self.mode & !SFlag::S_IFMT.bits()
    }
}

impl From<&Metadata> for Stat {
    fn from(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            mode: metadata.mode(),
            user: metadata.uid(),
            group: metadata.gid(),
            len: metadata.len(),
            blocks: metadata.blocks(),
            links: metadata.nlink(),
            modified: Time {
                seconds: metadata.mtime(),
                nanoseconds: metadata.mtime_nsec(),
            },
        }
    }
}

impl From<&FileStat> for Stat {
    #[allow(
        clippy::unnecessary_cast,
        clippy::useless_conversion,
        reason = "the types differ between systems"
    )]
    fn from(stat: &FileStat) -> Self {
        Self {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            mode: stat.st_mode.into(),
            user: stat.st_uid,
            group: stat.st_gid,
            len: stat.st_size.try_into().unwrap_or(0),
            blocks: stat.st_blocks.try_into().unwrap_or(0),
            links: stat.st_nlink as u64,
            modified: Time {
                seconds: stat.st_mtime.into(),
                nanoseconds: stat.st_mtime_nsec.into(),
            },
        }
    }
}
