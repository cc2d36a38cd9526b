//! Comparing a file with the lists of earlier runs, and the list that this run writes.

use super::one::{Outcome, What};
use super::record::{self, Entry, Record, key, now};
use crate::cli::failure::{Failure, shown};
use fetool::status;
use nix::errno::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

/// The lists at the start of a run.
pub struct Lists {
    /// The file for the new list.
    file: Option<PathBuf>,
    /// The earlier content of that file.
    known: Record,
    /// Whether it existed.
    exists: bool,
    /// Keeps other runs from writing it.
    _lock: Option<File>,
    /// Another list to compare with.
    since: Option<Record>,
}

/// The result of comparing a file with a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// The content is the same.
    Same,
    /// The content differs, and so does the size or the time.
    Changed,
    /// The content differs, but the size and the time do not.
    Corrupted,
    /// It is not in the list.
    New,
}

impl Compared {
    /// Returns the name for JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Changed => "changed",
            Self::Corrupted => "corrupted",
            Self::New => "new",
        }
    }
}

impl Lists {
    /// Reads the list to update and the list to compare with. Unless this is a dry run, locks the list to update, so
    /// that no other run can write it.
    pub fn open(file: Option<&Path>, since: Option<&Path>, dry_run: bool) -> Result<Self, Failure> {
        let lock = match file.filter(|_| !dry_run) {
            Some(file) => record::lock(file)?,
            None => None,
        };
        let known = file.map(record::read).transpose()?.flatten();
        let since = since.filter(|since| Some(*since) != file);
        let since = since.map(|since| {
            let missing = || Failure::system(shown(since), &Errno::ENOENT.into());
            record::read(since)?.ok_or_else(missing)
        });
        Ok(Self {
            file: file.map(Path::to_owned),
            exists: known.is_some(),
            _lock: lock,
            known: known.unwrap_or_default(),
            since: since.transpose()?,
        })
    }

    /// Returns whether there is a list to write or to compare with.
    pub fn are_used(&self) -> bool {
        self.file.is_some() || self.since.is_some()
    }

    /// Returns the list to compare with.
    fn compared(&self) -> &Record {
        self.since.as_ref().unwrap_or(&self.known)
    }

    /// Returns when a file was checked last.
    pub fn last_checked(&self, path: &Path) -> Option<u64> {
        self.known.get(key(path)).map(|entry| entry.checked)
    }

    /// Returns the files of the list below these directories that no longer exist. If a directory itself is gone
    /// or cannot be searched, nothing below it counts as missing.
    pub fn missing<'l>(
        &'l self,
        paths: &'l [PathBuf],
    ) -> impl Iterator<Item = (PathBuf, Failure)> + 'l {
        let roots: Vec<&Path> = paths
            .iter()
            .filter(|path| path.is_dir())
            .map(|path| key(path))
            .collect();
        let below = move |path: &Path| is_below_any(&roots, path);
        let entries = self.compared().iter();
        let entries = entries.filter(move |(path, _)| below(path) && is_gone(path));
        entries.map(|(path, entry)| {
            let what = format!("missing: it was checked on {} and is gone", entry.date());
            let failure = Failure::usage(what).with_status(status::SYSTEM);
            (path.clone(), failure.about(shown(path)))
        })
    }

    /// Starts the new list. Writes it at once, so that an unwritable file is an error before the first check.
    pub fn update(&self, dry_run: bool) -> Result<Update<'_>, Failure> {
        let mut update = Update {
            lists: self,
            file: self.file.as_deref().filter(|_| !dry_run),
            fresh: Record::new(),
            gone: BTreeSet::new(),
            saved: Instant::now(),
            cost: Duration::ZERO,
            exists: self.exists,
            _lock: None,
        };
        update.save()?;
        Ok(update)
    }
}

/// Returns those of the directories that are empty. A disk may not be mounted there, so every run reports their files
/// as missing until they are back.
pub fn empty(paths: &[PathBuf]) -> Vec<&Path> {
    let is_empty = |path: &&PathBuf| fs::read_dir(path).is_ok_and(|mut all| all.next().is_none());
    paths
        .iter()
        .filter(is_empty)
        .map(|path| key(path))
        .collect()
}

/// Returns whether a path is in any of the directories, by their names alone.
pub fn is_below_any(roots: &[&Path], path: &Path) -> bool {
    roots.iter().any(|root| is_below(root, path))
}

/// Returns whether a path is in a directory, by their names alone.
fn is_below(root: &Path, path: &Path) -> bool {
    if root.as_os_str().is_empty() {
        return matches!(path.components().next(), Some(Component::Normal(_)));
    }
    path.starts_with(root)
}

fn is_gone(path: &Path) -> bool {
    let found = fs::symlink_metadata(path);
    found.is_err_and(|e| matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory))
}

/// The list that a run writes: the entries of earlier runs, updated with the files that this run has checked.
pub struct Update<'l> {
    lists: &'l Lists,
    /// Its file, if one is wanted.
    file: Option<&'l Path>,
    fresh: Record,
    /// The files removed from the list.
    gone: BTreeSet<PathBuf>,
    /// When it was written last.
    saved: Instant,
    /// How long the last write took.
    cost: Duration,
    /// Whether it replaces an existing list.
    exists: bool,
    /// The lock on the list that was written last.
    _lock: Option<File>,
}

impl Update<'_> {
    /// Compares the result for a file with the list, and records it.
    pub fn take(&mut self, outcome: &Outcome) -> Option<Compared> {
        let What::Checked(seen, result) = &outcome.what else {
            return None;
        };
        let mut entry = Entry {
            size: seen.size?,
            mtime: seen.mtime?,
            blake3: seen.blake3?,
            result: match result {
                Ok(sound) if sound.reading.is_some() => "authentic".to_owned(),
                Ok(_) => "intact".to_owned(),
                Err(_) => "failed".to_owned(),
            },
            status: result.as_ref().err().map_or(status::OK, Failure::status),
            checked: now(),
        };
        let path = key(&outcome.path);
        let before = self.lists.compared().get(path);
        let compared = match before {
            None => Compared::New,
            Some(before) if before.blake3 == entry.blake3 => Compared::Same,
            Some(before) if (before.size, before.mtime) == (entry.size, entry.mtime) => {
                // The entry keeps the good hash until the file is restored or replaced.
                entry.blake3 = before.blake3;
                entry.result = "corrupted".to_owned();
                entry.status = entry.status.max(status::KEY);
                Compared::Corrupted
            }
            Some(_) => Compared::Changed,
        };
        if self.file.is_some() {
            self.fresh.insert(path.to_owned(), entry);
        }
        Some(compared)
    }

    /// Removes a missing file from the list, after it was reported.
    pub fn forget(&mut self, path: &Path) {
        self.gone.insert(path.to_owned());
    }

    /// Writes the list about once a minute, so that a killed run loses little work.
    pub fn save_if_due(&mut self) -> Result<(), Failure> {
        const PAUSE: Duration = Duration::from_secs(60);
        // A long list takes long to write. At most one twentieth of the time goes into that.
        let pause = PAUSE.max(self.cost * 20);
        match self.file.is_some() && self.saved.elapsed() >= pause {
            true => self.save(),
            false => Ok(()),
        }
    }

    /// Writes the list.
    pub fn save(&mut self) -> Result<(), Failure> {
        let Some(file) = self.file else {
            return Ok(());
        };
        let started = Instant::now();
        let known = self.lists.known.iter();
        let mut entries: BTreeMap<_, _> = known
            .filter(|(path, _)| !self.gone.contains(*path))
            .collect();
        entries.extend(&self.fresh);
        self._lock = record::write(file, entries.into_iter(), self.exists)?;
        self.exists = true;
        self.saved = Instant::now();
        self.cost = started.elapsed();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below() {
        let is = |root, path| is_below(key(Path::new(root)), Path::new(path));
        assert!(is("a", "a/x"));
        assert!(is("a/", "a/b/x"));
        assert!(is("./a", "a/x"));
        assert!(is(".", "a/x"));
        assert!(is("/", "/a"));
        assert!(is("..", "../a"));
        assert!(!is("a", "ab/x"));
        assert!(!is(".", "/a"));
        assert!(!is(".", "../a"));
        assert!(!is("a", "b/a"));
    }
}
