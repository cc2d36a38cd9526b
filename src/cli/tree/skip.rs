//! Why files of a tree are skipped.

use std::collections::BTreeMap;
use std::fs::FileType;
use std::os::unix::fs::FileTypeExt;

/// A reason for which nothing is done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// The result is there and sound, as far as `--skip-existing` looks.
    Existing,
    /// It has the magic number of a format.
    Sealed,
    /// The new secret opens it.
    Rekeyed,
    /// Its name does not end in the suffix of a format.
    NotSealed,
    /// Its suffix is not that of `--format`.
    OtherFormat,
    /// It holds a secret of this run.
    Key,
    /// It is the list that `--files0-from` names.
    List,
    /// `--no-hidden`.
    Hidden,
    /// What file systems have for root.
    LostFound,
    Link,
    Directory,
    Fifo,
    Socket,
    Device,
    /// Another part of the tree (--shard) does it.
    OtherPart,
    /// It was a regular file when it was found.
    Changed,
}

impl Skip {
    /// The reason for something that is not a regular file.
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

    /// What is said of one file, and the reason in JSON.
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

    /// Whether a line is due without `--verbose`: few expect such a thing in a tree.
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

/// How many files were skipped for which reason.
#[derive(Default)]
pub struct Skips(BTreeMap<Skip, u64>);

impl Skips {
    pub fn add(&mut self, skip: Skip) {
        *self.0.entry(skip).or_default() += 1;
    }

    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// For the summary: `3 skipped (2 symbolic links, 1 FIFO)`.
    pub fn text(&self) -> String {
        let reasons = self.0.iter().map(|(skip, count)| skip.counted(*count));
        let reasons = reasons.collect::<Vec<_>>().join(", ");
        match self.total() {
            0 => "0 skipped".to_owned(),
            total => format!("{total} skipped ({reasons})"),
        }
    }

    /// For JSON: the counts by reason.
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
