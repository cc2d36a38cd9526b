//! Finds the files to process: by walking directories, or from a list of paths.

mod listed;
mod part;
mod walk;

pub use part::is_in;

use super::args::WalkArgs;
use super::entry::{self, SourceDir, TreeEntry};
use super::excludes::{Excludes, Globs, Rule};
use super::skip::Skip;
use crate::cli::failure::{Failure, shown};
use crate::io::dir::{is_recovery, is_temporary};
use crate::io::stat::Stat;
use std::cmp::Ordering;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use walkdir::DirEntry;

/// The directory in the root of a file system for what a repair finds.
pub const LOST_FOUND: &str = "lost+found";

/// A result of the walk.
pub enum Found {
    /// A regular file, and its length.
    File(TreeEntry, u64),
    /// A skipped file, the reason, and whether the user named the file itself.
    Skipped(PathBuf, Skip, bool),
    Failed(PathBuf, Failure),
    /// Other items, for callers that request them with [`Extras`].
    Extra(Extra),
}

/// Items that a caller must request with [`Extras`].
pub enum Extra {
    /// A directory, before anything in it.
    Directory(TreeEntry),
    /// A symbolic link that is not followed.
    Link(TreeEntry),
    /// A symbolic link in another part of the tree (--shard).
    LinkOfOther(TreeEntry),
    /// A regular file according to its directory entry, without its metadata.
    Unseen(PathBuf, Arc<SourceDir>),
    /// An excluded file, and the rule that excludes it.
    Excluded(PathBuf, String),
}

/// Receives each result, and returns whether to continue.
pub type Take<'a> = &'a mut dyn FnMut(Found) -> ControlFlow<()>;

/// The kinds of items to return besides files.
#[derive(Clone, Copy, Default)]
pub struct Extras {
    pub directories: bool,
    pub links: bool,
    /// Links in other parts of the tree (--shard).
    pub links_of_others: bool,
    pub excluded: bool,
    /// Files without their metadata, which the caller reads. Cannot be used with --follow.
    pub unseen: bool,
}

/// Selects files of a tree.
#[derive(Clone)]
pub struct Wanted<'a> {
    args: &'a WalkArgs,
    include: Arc<Globs>,
    exclude: Arc<Excludes<'a>>,
    /// The other items to return.
    extras: Extras,
    /// Directories that the walk does not enter, such as the output directory, by device and inode.
    not: Vec<(u64, u64)>,
    /// Whether there is an output directory.
    placed: bool,
}

impl<'a> Wanted<'a> {
    /// Creates the selection from the options. The walk does not enter the output directory `outputs`.
    ///
    /// # Errors
    /// Invalid patterns, and files of rules that cannot be read.
    pub fn new(args: &'a WalkArgs, outputs: Option<&Path>) -> Result<Self, Failure> {
        Ok(Self {
            args,
            placed: outputs.is_some(),
            include: Arc::new(Globs::new(&args.include)?),
            exclude: Arc::new(Excludes::new(args)?),
            extras: Extras::default(),
            not: Vec::new(),
        }
        .without(outputs))
    }

    /// Returns the same selection, except that the walk does not enter this directory.
    pub fn without(mut self, dir: Option<&Path>) -> Self {
        let metadata = dir.and_then(|dir| fs::metadata(dir).ok());
        self.not.extend(metadata.map(|metadata| id(&metadata)));
        self
    }

    /// Returns the same selection, with other items.
    pub fn with(&self, extras: Extras) -> Self {
        Self {
            extras,
            ..self.clone()
        }
    }

    /// Passes all files of the PATHs or of the list to `take`, in a fixed order.
    pub fn find(&self, paths: &[PathBuf], take: Take<'_>) -> Result<(), Failure> {
        if let Some(list) = &self.args.files0_from {
            return self.listed(list, take);
        }
        for path in paths {
            if self.walk(path, take).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn is_unseen(&self, entry: &DirEntry) -> bool {
        self.extras.unseen && entry.depth() > 0 && entry.file_type().is_file()
    }

    /// Returns a file without reading its metadata. `here` caches the directory of the previous file.
    fn unseen(
        &self,
        path: &Path,
        entry: DirEntry,
        here: &mut Option<Arc<SourceDir>>,
    ) -> Option<Found> {
        let dir = entry.path().parent()?;
        let here = match here {
            Some(here) if here.path.as_os_str() == dir.as_os_str() => here,
            here => here.insert(Arc::new(SourceDir::of(path, dir)?)),
        };
        // The relative path is needed only with --shard.
        if self.args.shard.is_some() && !self.is_in_part(&here.relative.join(entry.file_name())) {
            return None;
        }
        let unseen = Extra::Unseen(entry.into_path(), here.clone());
        Some(Found::Extra(unseen))
    }

    /// Returns what to report about a file that is left out.
    fn left_out(&self, path: &Path, why: Left<'_>) -> Option<Found> {
        match why {
            Left::Skipped(skip) => Some(Found::Skipped(path.to_owned(), skip, false)),
            Left::Excluded(rule) if self.extras.excluded => {
                let rule = rule.to_string();
                Some(Found::Extra(Extra::Excluded(path.to_owned(), rule)))
            }
            Left::Excluded(_) | Left::NotSelected => None,
        }
    }

    /// Checks whether to take a file, or to enter a directory.
    ///
    /// # Errors
    /// Why it is left out.
    fn takes(&self, path: &Path, entry: &DirEntry) -> Result<(), Left<'_>> {
        if entry.depth() == 0 {
            return Ok(());
        }
        let is_dir = entry.file_type().is_dir();
        let source = entry.path();
        self.takes_name(path, source, is_dir)?;
        if is_dir
            && !self.not.is_empty()
            && entry.metadata().is_ok_and(|it| self.not.contains(&id(&it)))
        {
            return Err(Left::NotSelected);
        }
        if is_dir && entry.file_name() == LOST_FOUND && is_locked(source) {
            return Err(Left::Skipped(Skip::LostFound));
        }
        Ok(())
    }

    /// Returns whether a name is selected, and why not.
    fn takes_name(&self, path: &Path, source: &Path, is_dir: bool) -> Result<(), Left<'_>> {
        let below = source.strip_prefix(path).unwrap_or(source);
        let Some(name) = below.file_name() else {
            return Ok(());
        };
        let included = is_dir || self.include.is_empty() || self.include.match_(below);
        if is_own(name) || !included {
            return Err(Left::NotSelected);
        }
        if !self.exclude.is_empty()
            && let Some(rule) = self.exclude.rule(source, below, is_dir)
        {
            return Err(Left::Excluded(rule));
        }
        if self.args.no_hidden && name.as_bytes().starts_with(b".") {
            return Err(Left::Skipped(Skip::Hidden));
        }
        Ok(())
    }

    /// Returns whether to return directories of this depth. With --include, only directories of selected files are
    /// created, so none is returned here.
    fn takes_directory(&self, depth: usize) -> bool {
        let is_entered = self.args.max_depth.is_none_or(|most| depth < most as usize);
        self.extras.directories && self.include.is_empty() && is_entered
    }

    fn directory(&self, path: &Path, entry: &DirEntry) -> Option<Found> {
        let source = entry.path();
        let found = match entry.depth() {
            0 => fs::metadata(source),
            _ => match entry.metadata() {
                Ok(metadata) => Ok(metadata),
                Err(error) => return Some(failed(path, error)),
            },
        };
        let found = match found {
            Ok(found) => Stat::from(&found),
            Err(error) => {
                let failure = Failure::system(shown(source), &error);
                return Some(Found::Failed(source.to_owned(), failure));
            }
        };
        entry::directory(path, source, found).map(|it| Found::Extra(Extra::Directory(it)))
    }

    fn walked(&self, path: &Path, entry: &DirEntry) -> Option<Found> {
        let source = entry.path();
        // A PATH that is a link to a directory means the directory.
        if entry.file_type().is_dir() || (entry.depth() == 0 && source.is_dir()) {
            let is_of_interest = self.takes_directory(entry.depth());
            return is_of_interest
                .then(|| self.directory(path, entry))
                .flatten();
        }
        if entry.depth() == 0 {
            return match self.named(source) {
                Ok((metadata, link)) => {
                    let place = entry::named(source, Stat::from(&metadata))?;
                    self.regular(source, TreeEntry { link, ..place }, &metadata)
                }
                Err(failure) => Some(Found::Failed(source.to_owned(), failure)),
            };
        }
        // The runs for other parts take the files in them.
        let is_of_other =
            self.args.shard.is_some() && !self.is_in_part(&entry::relative_of(path, source)?);
        if is_of_other && !(self.extras.links_of_others && entry.path_is_symlink()) {
            return None;
        }
        match entry.metadata() {
            Ok(metadata) => {
                let place = entry::walked(path, source, Stat::from(&metadata))?;
                if is_of_other {
                    return Some(Found::Extra(Extra::LinkOfOther(place)));
                }
                self.regular(source, place, &metadata)
            }
            Err(error) => Some(failed(path, error)),
        }
    }

    /// Returns the metadata of the file that a named path leads to, and whether the path is a symbolic link.
    fn named(&self, path: &Path) -> Result<(Metadata, bool), Failure> {
        let looked = || {
            let link = fs::symlink_metadata(path)?.is_symlink();
            Ok((fs::metadata(path)?, link))
        };
        looked().map_err(|error: io::Error| Failure::system(shown(path), &error))
    }

    /// Returns whether a file is in this run's part of the tree.
    fn is_in_part(&self, relative: &Path) -> bool {
        self.args.shard.is_none_or(|shard| is_in(shard, relative))
    }

    fn regular(&self, source: &Path, place: TreeEntry, metadata: &Metadata) -> Option<Found> {
        if place.named && !self.is_in_part(&place.relative) {
            return None;
        }
        if self.extras.links && metadata.is_symlink() {
            return Some(Found::Extra(Extra::Link(place)));
        }
        if !metadata.is_file() {
            let skip = Skip::of(metadata.file_type());
            return Some(skipped(source, skip, place.named));
        }
        Some(Found::File(place, metadata.len()))
    }
}

/// Why a file or directory is left out.
enum Left<'w> {
    /// The options do not select it.
    NotSelected,
    Excluded(Rule<'w>),
    Skipped(Skip),
}

/// Returns whether a directory belongs to root and cannot be read. Nobody but root can change that, so it is no error.
pub fn is_locked(dir: &Path) -> bool {
    let unreadable = fs::read_dir(dir).is_err_and(|e| e.kind() == io::ErrorKind::PermissionDenied);
    unreadable && fs::symlink_metadata(dir).is_ok_and(|found| found.uid() == 0)
}

/// Compares two entries of a directory by name. Their paths have the same parent, so comparing those is enough, and
/// faster.
pub fn by_name(one: &DirEntry, other: &DirEntry) -> Ordering {
    one.path().as_os_str().cmp(other.path().as_os_str())
}

/// Returns whether a file is a temporary or recovery file of fetool.
pub fn is_own(name: &OsStr) -> bool {
    is_temporary(name) || is_recovery(name)
}

fn id(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

fn failed(path: &Path, error: walkdir::Error) -> Found {
    let path = error.path().unwrap_or(path).to_owned();
    let failure = if error.loop_ancestor().is_some() {
        Failure::usage("symbolic link leads back to a directory it is in")
            .with_status(fetool::status::SYSTEM)
            .about(shown(&path))
    } else {
        let error = error
            .into_io_error()
            .unwrap_or_else(|| io::Error::other("cannot be read"));
        Failure::system(shown(&path), &error)
    };
    Found::Failed(path, failure)
}

/// Returns a skipped file. A listed directory does not count as named, since 'find -print0' lists every directory.
fn skipped(path: &Path, skip: Skip, named: bool) -> Found {
    Found::Skipped(path.to_owned(), skip, named && skip != Skip::Directory)
}
