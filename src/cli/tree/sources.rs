//! Which files are worked on: a walk through directories, or a list of paths.

use super::args::{Pattern, Shard, WalkArgs};
use super::entry::{self, TreeEntry};
use super::skip::Skip;
use crate::cli::failure::{Failure, shown};
use crate::io::dir::{is_recovery, is_temporary};
use crate::io::input::Input;
use crate::io::stat::Stat;
use globset::{GlobSet, GlobSetBuilder};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, BufRead, BufReader};
use std::ops::ControlFlow;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use walkdir::{DirEntry, WalkDir};

/// What was come by.
pub enum Found {
    /// A regular file, and its length.
    File(TreeEntry, u64),
    /// The reason, and whether the user named the file itself.
    Skipped(PathBuf, Skip, bool),
    Failed(PathBuf, Failure),
}

/// Who gets what was found, and says whether to go on.
pub type Take<'a> = &'a mut dyn FnMut(Found) -> ControlFlow<()>;

/// Decides what of a tree is wanted.
pub struct Wanted<'a> {
    args: &'a WalkArgs,
    include: Globs,
    exclude: Globs,
    /// A directory that is not walked into: the outputs' own.
    not: Option<(u64, u64)>,
    /// Whether files need a place in such a directory.
    placed: bool,
}

/// Globs for names and for paths.
struct Globs {
    names: GlobSet,
    paths: GlobSet,
    empty: bool,
}

impl Globs {
    fn new(patterns: &[Pattern]) -> Result<Self, Failure> {
        let set = |names| {
            let mut set = GlobSetBuilder::new();
            for pattern in patterns.iter().filter(|pattern| pattern.names == names) {
                set.add(pattern.glob.clone());
            }
            set.build()
                .map_err(|error| Failure::usage(error.to_string()))
        };
        Ok(Self {
            names: set(true)?,
            paths: set(false)?,
            empty: patterns.is_empty(),
        })
    }

    fn match_(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        self.names.is_match(name) || self.paths.is_match(path)
    }
}

impl<'a> Wanted<'a> {
    /// `outputs` is the directory for the outputs, where there is one.
    pub fn new(args: &'a WalkArgs, outputs: Option<&Path>) -> Result<Self, Failure> {
        Ok(Self {
            args,
            placed: outputs.is_some(),
            include: Globs::new(&args.include)?,
            exclude: Globs::new(&args.exclude)?,
            not: outputs
                .and_then(|outputs| fs::metadata(outputs).ok())
                .map(|metadata| id(&metadata)),
        })
    }

    /// Gives out all files of the PATHs or the list, in a fixed order.
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

    fn walk(&self, path: &Path, take: Take<'_>) -> ControlFlow<()> {
        let depth = self
            .args
            .max_depth
            .map_or(usize::MAX, |depth| depth as usize);
        let walk = WalkDir::new(path)
            .sort_by_file_name()
            .follow_links(self.args.follow)
            .same_file_system(self.args.one_file_system)
            .max_depth(depth);
        let mut entries = walk.into_iter();
        while let Some(entry) = entries.next() {
            let found = match entry {
                Ok(entry) => {
                    let taken = self.takes(path, &entry);
                    if taken != Ok(()) && entry.file_type().is_dir() {
                        entries.skip_current_dir();
                    }
                    match taken {
                        Ok(()) => self.walked(path, &entry),
                        Err(skip) => {
                            skip.map(|skip| Found::Skipped(entry.into_path(), skip, false))
                        }
                    }
                }
                Err(error) => Some(failed(path, error)),
            };
            if let Some(found) = found {
                take(found)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether a file, or what is in a directory, is looked at.
    ///
    /// # Errors
    /// Why it is skipped; no reason for what was not selected in the first place.
    fn takes(&self, path: &Path, entry: &DirEntry) -> Result<(), Option<Skip>> {
        if entry.depth() == 0 {
            return Ok(());
        }
        let below = entry.path().strip_prefix(path).unwrap_or(entry.path());
        let outputs = || {
            entry.file_type().is_dir()
                && self.not.is_some()
                && entry.metadata().ok().map(|metadata| id(&metadata)) == self.not
        };
        let name = entry.file_name();
        let included =
            entry.file_type().is_dir() || self.include.empty || self.include.match_(below);
        if is_own(name) || !included || self.exclude.match_(below) || outputs() {
            return Err(None);
        }
        if self.args.no_hidden && name.as_bytes().starts_with(b".") {
            return Err(Some(Skip::Hidden));
        }
        Ok(())
    }

    fn walked(&self, path: &Path, entry: &DirEntry) -> Option<Found> {
        let source = entry.path();
        // A PATH that is a link to a directory means the directory.
        if entry.file_type().is_dir() || (entry.depth() == 0 && source.is_dir()) {
            return None;
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
        match entry.metadata() {
            Ok(metadata) => {
                let place = entry::walked(path, source, Stat::from(&metadata))?;
                self.regular(source, place, &metadata)
            }
            Err(error) => Some(failed(path, error)),
        }
    }

    /// What a path stands for that the user named, which may be a link; and whether it is one.
    fn named(&self, path: &Path) -> Result<(Metadata, bool), Failure> {
        let looked = || {
            let link = fs::symlink_metadata(path)?.is_symlink();
            Ok((fs::metadata(path)?, link))
        };
        looked().map_err(|error: io::Error| Failure::system(shown(path), &error))
    }

    fn regular(&self, source: &Path, place: TreeEntry, metadata: &Metadata) -> Option<Found> {
        if let Some(shard) = self.args.shard
            && !is_in(shard, &place.relative)
        {
            return None;
        }
        if !metadata.is_file() {
            let skip = Skip::of(metadata.file_type());
            return Some(skipped(source, skip, place.named));
        }
        Some(Found::File(place, metadata.len()))
    }

    fn listed(&self, list: &Path, take: Take<'_>) -> Result<(), Failure> {
        let system = |error: io::Error| Failure::system(shown(list), &error);
        let list: Box<dyn BufRead> = if list.as_os_str() == "-" {
            Box::new(BufReader::new(Input::stdin().map_err(system)?))
        } else {
            Box::new(BufReader::new(File::open(list).map_err(system)?))
        };
        for path in list.split(0) {
            let path = PathBuf::from(std::ffi::OsString::from_vec(path.map_err(system)?));
            if let Some(found) = self.one_listed(path)
                && take(found).is_break()
            {
                break;
            }
        }
        Ok(())
    }

    fn one_listed(&self, path: PathBuf) -> Option<Found> {
        let name = path.file_name().unwrap_or_default();
        let wanted = (self.include.empty || self.include.match_(&path))
            && !self.exclude.match_(&path)
            && !is_own(name);
        if !wanted {
            return None;
        }
        let failed = |failure: Failure| Some(Found::Failed(path.clone(), failure));
        let (metadata, link) = match self.named(&path) {
            Ok(named) => named,
            Err(failure) => {
                let path = path.as_os_str().as_bytes();
                let has_mark = path.starts_with("\u{feff}".as_bytes());
                return failed(if has_mark {
                    failure
                        .hint("the list begins with a byte order mark (BOM); write it without one")
                } else {
                    failure
                });
            }
        };
        match entry::listed(&path, Stat::from(&metadata)) {
            // Only directories have no name, such as "..".
            None => Some(skipped(&path, Skip::of(metadata.file_type()), true)),
            Some((_, Err(why))) if self.placed => failed(Failure::usage(why).about(shown(&path))),
            Some((place, _)) => self.regular(&path, TreeEntry { link, ..place }, &metadata),
        }
    }
}

/// Whether fetool made a file for itself, and not for its user.
fn is_own(name: &OsStr) -> bool {
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

/// Directories count as named only to be found below: 'find -print0' lists each of them.
fn skipped(path: &Path, skip: Skip, named: bool) -> Found {
    Found::Skipped(path.to_owned(), skip, named && skip != Skip::Directory)
}

/// Whether a file is in a part of the tree: by a hash of its relative path, so that no other file
/// moves when one comes or goes.
fn is_in(shard: Shard, relative: &Path) -> bool {
    let hash = blake3::hash(relative.as_os_str().as_bytes());
    let (number, _) = hash
        .as_bytes()
        .split_first_chunk()
        .expect("a hash has 32 bytes");
    u64::from_le_bytes(*number) % shard.count == shard.index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_in_one_part_and_stays_there() {
        for count in 1..10 {
            let parts = |path: &str| -> Vec<u64> {
                (0..count)
                    .filter(|index| {
                        let shard = Shard {
                            index: *index,
                            count,
                        };
                        is_in(shard, Path::new(path))
                    })
                    .collect()
            };
            for file in 0..100 {
                assert_eq!(parts(&format!("a/{file}")).len(), 1);
            }
        }
        // Other machines and other versions must cut the tree in the same way.
        let of_8: Vec<bool> = (0..8)
            .map(|index| is_in(Shard { index, count: 8 }, Path::new("photos/a.jpg")))
            .collect();
        assert_eq!(of_8.iter().position(|is| *is), Some(PART_OF_PHOTOS));
    }

    /// Computed with the `b3sum` program: the first 8 bytes, little-endian, modulo 8.
    const PART_OF_PHOTOS: usize = 0;
}
