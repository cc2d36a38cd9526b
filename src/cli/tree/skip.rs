//! The reasons for skipping files of a tree.

use std::collections::BTreeMap;
use std::fs::FileType;
use std::os::unix::fs::FileTypeExt;

/// The reason why a file is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// The result exists and passes the checks of `--skip-existing`.
    Existing,
    /// The file has the magic number of a format.
    Sealed,
    /// The new secret opens the file already.
    Rekeyed,
    /// The name does not end in the suffix of a format.
    NotSealed,
    /// The suffix is not that of `--format`.
    OtherFormat,
    /// The file holds a secret of this run.
    Key,
    /// The file is the list of `--files0-from`.
    List,
    /// The name begins with a dot, and `--no-hidden` is given.
    Hidden,
    /// root's lost+found, which the user cannot read.
    LostFound,
    Link,
    Directory,
    Fifo,
    Socket,
    Device,
    /// Another part of the tree (--shard) handles it.
    OtherPart,
    /// It was a regular file when the walk found it, and is none now.
    Changed,
}

impl Skip {
    /// Returns the reason for a file that is not regular.
    pub fn of(kind: FileType) -> Self {
        if kind.is_symlink() {
            Self::Link
        } else if kind.is_dir() {
            Self::Directory
        } else if kind.is_fifo() {
            Self::Fifo
        } else if kind.is_socket() {
            Self::Socket
        } else {
            Self::Device
        }
    }

    /// Returns the reason for messages and JSON.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Existing => "result exists",
            Self::Sealed => "sealed already",
            Self::Rekeyed => "rekeyed already",
            Self::NotSealed => "not a sealed file",
            Self::OtherFormat => "sealed in another format",
            Self::Key => "key file",
            Self::List => "list of files",
            Self::Hidden => "hidden",
            Self::LostFound => "lost+found",
            Self::Link => "symbolic link",
            Self::Directory => "directory",
            Self::Fifo => "FIFO",
            Self::Socket => "socket",
            Self::Device => "device",
            Self::OtherPart => "left to another part",
            Self::Changed => "no longer a regular file",
        }
    }

    /// Returns whether to report the file without `--verbose`, since few trees have such files.
    pub fn is_unusual(self) -> bool {
        matches!(self, Self::Fifo | Self::Socket | Self::Device)
    }

    fn counted(self, count: u64) -> String {
        let reason = match self {
            Self::NotSealed => "not sealed",
            _ => self.reason(),
        };
        let several = match self {
            Self::Existing => "results exist",
            Self::Key => "key files",
            Self::List => "lists of files",
            Self::Link => "symbolic links",
            Self::Directory => "directories",
            Self::Fifo => "FIFOs",
            Self::Socket => "sockets",
            Self::Device => "devices",
            Self::OtherPart => "left to other parts",
            Self::Changed => "no longer regular files",
            _ => reason,
        };
        format!("{count} {}", if count == 1 { reason } else { several })
    }
}

/// The number of skipped files by reason.
#[derive(Default)]
pub struct Skips(BTreeMap<Skip, u64>);

impl Skips {
    pub fn add(&mut self, skip: Skip) {
        *self.0.entry(skip).or_default() += 1;
    }

    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Formats the counts for the summary: `3 skipped (2 symbolic links, 1 FIFO)`.
    pub fn text(&self) -> String {
        let reasons = self.0.iter().map(|(skip, count)| skip.counted(*count));
        let reasons = reasons.collect::<Vec<_>>().join(", ");
        match self.total() {
            0 => "0 skipped".to_owned(),
            total => format!("{total} skipped ({reasons})"),
        }
    }

    /// Returns the counts by reason, for JSON.
    pub fn by_reason(&self) -> BTreeMap<&'static str, u64> {
        let reasons = self.0.iter();
        reasons
            .map(|(skip, count)| (skip.reason(), *count))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_files_are_counted_by_reason() {
        let mut skips = Skips::default();
        assert_eq!(skips.text(), "0 skipped");
        for skip in [Skip::Link, Skip::Key, Skip::Link, Skip::Sealed] {
            skips.add(skip);
        }
        let text = "4 skipped (1 sealed already, 1 key file, 2 symbolic links)";
        assert_eq!(skips.text(), text);
        assert_eq!(skips.by_reason()["symbolic link"], 2);
    }
}
