//! What the system tells of a file without opening it.

use nix::sys::stat::{FileStat, Mode, SFlag};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// The time that a file system keeps of a file, from 1970 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    pub seconds: i64,
    pub nanoseconds: i64,
}

/// Everything about a file that is compared, carried over or counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    pub device: u64,
    pub inode: u64,
    /// The kind and the permissions, as the system has them.
    pub mode: u32,
    pub user: u32,
    pub group: u32,
    pub len: u64,
    /// Of 512 bytes each, on the disk.
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

    /// Whether its owner may read, write and enter.
    pub fn is_open_to_owner(&self) -> bool {
        Mode::from_bits_truncate(self.mode).contains(Mode::S_IRWXU)
    }

    /// Whether it has holes, as far as the space that it takes tells. Short files may be kept without
    /// blocks of their own.
    pub fn has_holes(&self) -> bool {
        const BLOCK: u64 = 4096;
        let taken = self.blocks.saturating_mul(512);
        self.is_file() && taken.saturating_add(BLOCK) <= self.len
    }

    /// The permissions, with the bits for set-user-ID, set-group-ID and sticky.
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
