//! Results whose sources are gone.

use super::{Delete, Gone, Take, is_missing};
use crate::cli::failure::{Failure, shown};
use crate::cli::tree::directories;
use crate::cli::tree::sources::{LOST_FOUND, by_name, is_in, is_locked, is_own};
use crate::cli::tree::steps::Steps;
use crate::cli::tree::task::dir_of;
use crate::io::dir::Dir;
use crate::io::stat::Stat;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use walkdir::{DirEntry, WalkDir};

/// A directory on the path of the walk.
struct Open {
    relative: PathBuf,
    depth: usize,
    /// Whether something in it was removed.
    changed: bool,
    /// Whether its source is a symbolic link now, so that nothing in it has a source.
    is_gone: bool,
}

impl Delete<'_> {
    /// Passes on all of them, each directory after its content.
    pub(super) fn find(&self, take: Take<'_>) -> Result<(), Failure> {
        for target in self.task.mapping().targets() {
            self.walk(target, take)?;
        }
        Ok(())
    }

    fn walk(&self, target: &Path, take: Take<'_>) -> Result<(), Failure> {
        let root = self.dir.join(target);
        if !fs::symlink_metadata(&root).is_ok_and(|found| found.is_dir()) {
            return Ok(());
        }
        let mut open: Vec<Open> = Vec::new();
        let one_file_system = self.task.tree.walk.one_file_system;
        let walk = WalkDir::new(&root).sort_by(by_name);
        let mut entries = Steps::new(walk, &root, one_file_system);
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = error.path().unwrap_or(&root).to_owned();
                    let relative = path.strip_prefix(self.dir).unwrap_or(&path).to_owned();
                    let error = error.into_io_error();
                    let error = error.unwrap_or_else(|| io::Error::other("cannot be read"));
                    // Another part of the tree (--shard) has removed it meanwhile.
                    if is_missing(&error) {
                        continue;
                    }
                    take(&relative, Err(Failure::system(shown(&path), &error)))?;
                    continue;
                }
            };
            while open.last().is_some_and(|last| last.depth >= entry.depth()) {
                self.leave(&mut open, take)?;
            }
            let relative = entry.path().strip_prefix(self.dir).unwrap_or(entry.path());
            let is_gone = open.last().is_some_and(|last| last.is_gone);
            if entry.file_type().is_dir() && self.is_systems(&entry, relative) {
                entries.leave_out(&entry);
                continue;
            }
            if entry.file_type().is_dir() {
                let is_link = !is_gone && self.became_link(relative);
                open.push(Open {
                    relative: relative.to_owned(),
                    depth: entry.depth(),
                    changed: false,
                    is_gone: is_gone || is_link,
                });
                if is_link && !self.task.tree.links {
                    // The link is skipped, and the results of what it replaced stay.
                    open.pop();
                    entries.leave_out(&entry);
                }
                continue;
            }
            if is_own(entry.file_name()) && !self.task.tree.walk.dry_run {
                let alone = self.task.is_alone.load(Ordering::Relaxed);
                // A run was killed here, and no later one may come to this directory.
                let clean = || {
                    let dir = Dir::open(self.dir)?.enter(dir_of(relative), None)?;
                    dir.allow_writing()?;
                    dir.remove_stale(alone)
                };
                if let Err(error) = clean() {
                    let path = dir_of(relative);
                    take(
                        path,
                        Err(Failure::system(shown(&self.dir.join(path)), &error)),
                    )?;
                } else if let Some(last) = open.last_mut() {
                    last.changed = true;
                }
                continue;
            }
            let gone = if entry.file_type().is_file() {
                self.is_gone_file(relative, is_gone).then_some(Gone::File)
            } else if entry.file_type().is_symlink() {
                self.is_gone_link(relative, is_gone).then_some(Gone::Link)
            } else {
                None
            };
            if let Some(gone) = gone
                && take(relative, Ok(gone))?
                && let Some(last) = open.last_mut()
            {
                last.changed = true;
            }
        }
        while !open.is_empty() {
            self.leave(&mut open, take)?;
        }
        Ok(())
    }

    /// Leaves the last directory of the walk.
    fn leave(&self, open: &mut Vec<Open>, take: Take<'_>) -> Result<(), Failure> {
        let Some(last) = open.pop() else {
            return Ok(());
        };
        if last.relative.as_os_str().is_empty() {
            return Ok(());
        }
        let mapping = self.task.mapping();
        let mut sources = mapping.sources(&last.relative).filter(|_| !last.is_gone);
        let source = sources.find_map(|source| match fs::metadata(&source) {
            Ok(found) if found.is_dir() => Some(Ok((source, Stat::from(&found)))),
            Err(error) if !self.is_surely_missing(&error, &source) => Some(Err(error)),
            _ => None,
        });
        match source {
            // A source that cannot be examined may exist.
            Some(Err(_)) => {}
            Some(Ok((source, found))) if last.changed => {
                let dir = Dir::open(self.dir).and_then(|dir| dir.enter(&last.relative, None));
                let given = dir.and_then(|dir| directories::give(self.task, &dir, &source, &found));
                if let Err(error) = given {
                    let path = shown(&self.dir.join(&last.relative));
                    take(&last.relative, Err(Failure::system(path, &error)))?;
                }
            }
            Some(Ok(_)) => {}
            None if !last.is_gone && self.is_in_other_case(&last.relative, &last.relative) => {}
            None => {
                if take(&last.relative, Ok(Gone::Directory))?
                    && let Some(above) = open.last_mut()
                {
                    above.changed = true;
                }
            }
        }
        Ok(())
    }

    /// Returns whether it is root's lost+found: part of a file system, not of a tree.
    fn is_systems(&self, dir: &DirEntry, relative: &Path) -> bool {
        let is_dir = |source: PathBuf| source.is_dir();
        dir.file_name() == LOST_FOUND
            && dir.metadata().is_ok_and(|found| found.uid() == 0)
            && (is_locked(dir.path()) || !self.task.mapping().sources(relative).any(is_dir))
    }

    /// Returns whether the source of a directory is a symbolic link that is not followed, in each PATH that has it.
    fn became_link(&self, relative: &Path) -> bool {
        let mapping = self.task.mapping();
        if self.task.tree.walk.follow {
            return false;
        }
        let mut is_link = false;
        for source in mapping.sources(relative) {
            match fs::symlink_metadata(&source) {
                Ok(found) if found.is_symlink() && !mapping.is_named(&source) => is_link = true,
                Err(error) if is_missing(&error) => {}
                _ => return false,
            }
        }
        is_link
    }

    /// Returns whether the source of a file is gone. With `dir_is_gone`, nothing in its directory has a source.
    pub(super) fn is_gone_file(&self, relative: &Path, dir_is_gone: bool) -> bool {
        let Some(name) = relative.file_name() else {
            return false;
        };
        let Some(source) = self.task.operation.source_name(name) else {
            return false;
        };
        // A skipped source may be a file again later: it is not gone, and its result stays.
        let links = self.task.tree.links;
        let is_file = |found: &Metadata| !(found.is_dir() || links && found.is_symlink());
        let source = relative.with_file_name(source);
        self.is_gone(&source, dir_is_gone, is_file)
            && (dir_is_gone || !self.is_in_other_case(relative, &source))
    }

    pub(super) fn is_gone_link(&self, relative: &Path, dir_is_gone: bool) -> bool {
        let is_link = |found: &Metadata| !found.is_dir() && !found.is_file();
        self.task.tree.links && self.is_gone(relative, dir_is_gone, is_link)
    }

    /// Returns whether no source with this relative path is of the wanted kind.
    fn is_gone(&self, relative: &Path, dir_is_gone: bool, is: impl Fn(&Metadata) -> bool) -> bool {
        let walk = &self.task.tree.walk;
        let mapping = self.task.mapping();
        let look = |source: &PathBuf| match walk.follow || mapping.is_named(source) {
            true => fs::metadata(source),
            false => fs::symlink_metadata(source),
        };
        if walk.shard.is_some_and(|shard| !is_in(shard, relative)) {
            return false;
        }
        dir_is_gone
            || !mapping.sources(relative).any(|source| match look(&source) {
                Ok(found) => is(&found),
                // A source that cannot be examined may exist.
                Err(error) => !self.is_surely_missing(&error, &source),
            })
    }

    /// Returns whether a source is missing for good. With --follow, it may be on an unmounted disk behind a link. Such
    /// a link fails, unless a rule excludes it.
    fn is_surely_missing(&self, error: &io::Error, source: &Path) -> bool {
        let leads_nowhere = |path: &Path| {
            let is_link = |found: Metadata| found.is_symlink();
            fs::symlink_metadata(path).is_ok_and(is_link) && fs::metadata(path).is_err()
        };
        let follows = self.task.tree.walk.follow;
        is_missing(error) && !(follows && source.ancestors().any(leads_nowhere))
    }
}
