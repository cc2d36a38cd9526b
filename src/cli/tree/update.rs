//! `--update`: processes only what is new or has changed.
//!
//! A result is unchanged if it has the time of its source and the length that the source makes. Threads between the one
//! that finds files and the workers check that without opening either. In case of doubt, the workers decide.
//!
//! Most files are unchanged, so they are passed on by name alone, as their directory lists them: each costs one system
//! call for either side, in an open directory.

use super::directories::Directory;
use super::entry::SourceDir;
use super::find::{Item, Kind};
use super::lengths::Lengths;
use super::operation::Operation;
use super::outcome::{Outcome, What};
use super::skip::Skip;
use super::task::Task;
use super::times::Times;
use crate::cli::failure::{Failure, shown};
use crate::io::access::Access;
use crate::io::dir::Dir;
use crate::io::stat::Stat;
use crossbeam::channel::{Receiver, Sender};
use fetool::{Error, Fault, SealedLen};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Files are passed on in batches of this size, so that unchanged ones take little time.
pub const BATCH: usize = 256;

/// Data about all results.
#[derive(Default)]
pub struct Update {
    lengths: Lengths,
    times: Times,
    /// Whether the file system does not keep modes.
    keeps_no_modes: AtomicBool,
}

/// The relation of an existing result to its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Unchanged,
    /// Only its mode or owner differs.
    OtherAccess,
    Differs,
}

impl Update {
    /// Creates it from the lengths of this run's files: one with plaintext, and one without.
    pub fn of_sealed(full: SealedLen, empty: SealedLen) -> Self {
        Self {
            lengths: Lengths::of_own(full, empty),
            ..Self::default()
        }
    }

    /// Returns whether a result is certainly unchanged.
    fn is_unchanged(&self, task: &Task<'_>, source: &Stat, result: &Stat, dir: &Arc<Dir>) -> bool {
        let (sealed, plain) = task.operation.sides(source, result);
        result.is_file()
            && self.lengths.match_(sealed.len, plain.len)
            && self.has_access(task, source, result)
            && self.has_time(task, source, result, dir)
    }

    /// Returns whether a result has the time of a source.
    pub fn has_time(&self, task: &Task<'_>, source: &Stat, result: &Stat, dir: &Arc<Dir>) -> bool {
        let look_only = task.tree.walk.dry_run;
        self.times.are_same(source, result, dir, look_only)
    }

    fn has_access(&self, task: &Task<'_>, source: &Stat, result: &Stat) -> bool {
        Access::is_carried_over(source, result, task.limits_modes())
            || self.keeps_no_modes.load(Ordering::Relaxed)
    }

    /// Compares a result with its source, both open. With `--checksum`, compares their contents.
    ///
    /// # Errors
    /// [`Error::Read`], and those that do not concern the sealed file.
    pub fn compare(
        &self,
        task: &Task<'_>,
        (source, file): (&Stat, &File),
        (result, found): (&Stat, &File),
        dir: &Arc<Dir>,
    ) -> Result<Verdict, Error> {
        let is_same = if task.tree.checksum {
            task.operation
                .are_same(file, found, NonZeroUsize::MIN, None)
                .map(|same| same && self.has_time(task, source, result, dir))?
        } else {
            self.has_time(task, source, result, dir)
                && self.has_length(&task.operation, (source, file), (result, found))?
        };
        Ok(match is_same {
            false => Verdict::Differs,
            true if self.has_access(task, source, result) => Verdict::Unchanged,
            true => Verdict::OtherAccess,
        })
    }

    fn has_length(
        &self,
        way: &Operation<'_>,
        (source, file): (&Stat, &File),
        (result, found): (&Stat, &File),
    ) -> Result<bool, Error> {
        let (sealed, plain) = way.sides(source, result);
        if self.lengths.match_(sealed.len, plain.len) {
            return Ok(true);
        }
        let (sealed, _) = way.sides(file, found);
        match way.inspect(sealed) {
            Ok(report) => {
                if let Some(Fault { .. }) = report.fault {
                    return Ok(false);
                }
                self.lengths.learn(&report);
                Ok(report.plaintext_len == plain.len)
            }
            // Without a magic number, only the secret shows its length.
            Err(Error::UnknownFormat(_)) if matches!(way, Operation::Open { .. }) => {
                way.are_same(file, found, NonZeroUsize::MIN, None)
            }
            Err(Error::Read(error)) => Err(Error::Read(error)),
            Err(_) => Ok(false),
        }
    }

    /// Gives a result the mode and owner of its source. Returns whether that changed anything.
    pub fn give_access(&self, access: Access, result: &File) -> io::Result<bool> {
        let before = Stat::from(&result.metadata()?);
        access.give(result)?;
        let after = Stat::from(&result.metadata()?);
        if !access.is_kept_by(&after) {
            self.keeps_no_modes.store(true, Ordering::Relaxed);
        }
        Ok(before != after)
    }
}

/// What to compare with its result.
pub enum Candidate<'t> {
    /// A file whose status is known.
    Seen(Item<'t>),
    Unseen(Siblings<'t>),
}

/// Files of one directory, whose status is not known yet.
pub struct Siblings<'t> {
    pub dir: Arc<SourceDir>,
    pub directory: Option<Arc<Directory<'t>>>,
    pub files: Vec<PathBuf>,
}

/// Reports unchanged files, and passes on all others.
pub fn check_all<'t>(
    task: &'t Task<'t>,
    batches: &Receiver<Vec<Candidate<'t>>>,
    files: &Sender<Item<'t>>,
    outcomes: &Sender<Outcome>,
) {
    let mut checker = Checker {
        task,
        files,
        outcomes,
        target: None,
        unchanged: 0,
    };
    for batch in batches {
        if checker.check(batch).is_break() {
            return;
        }
    }
}

struct Checker<'c, 't> {
    task: &'t Task<'t>,
    files: &'c Sender<Item<'t>>,
    outcomes: &'c Sender<Outcome>,
    /// The last directory of results.
    target: Option<Entered>,
    /// Unchanged files that were not reported yet.
    unchanged: u64,
}

struct Entered {
    root: PathBuf,
    below: PathBuf,
    /// `None` if it cannot be entered, or does not exist.
    dir: Option<Arc<Dir>>,
}

impl<'t> Checker<'_, 't> {
    /// Breaks if the run ends.
    fn check(&mut self, batch: Vec<Candidate<'t>>) -> ControlFlow<()> {
        let checked = batch.into_iter().try_for_each(|candidate| match candidate {
            Candidate::Seen(item) => self.check_seen(item),
            Candidate::Unseen(siblings) => self.check_siblings(siblings),
        });
        // Also if the run ends in the middle.
        match std::mem::take(&mut self.unchanged) {
            0 => {}
            files => self.tell(Outcome::unchanged(files))?,
        }
        checked
    }

    fn check_seen(&mut self, item: Item<'t>) -> ControlFlow<()> {
        let (task, place) = (self.task, &item.place);
        let target = match item.kind {
            // The target of a link is opened.
            Kind::File if !place.link => {
                let (root, below) = task.target_dir(place);
                let name = place.source.file_name().unwrap_or_default();
                let dir = self.enter(root, below);
                self.unchanged(dir.as_ref(), name, &place.found)
            }
            _ => None,
        };
        self.pass_on(item, target)
    }

    fn check_siblings(&mut self, siblings: Siblings<'t>) -> ControlFlow<()> {
        let task = self.task;
        let Siblings {
            dir,
            directory,
            files,
        } = siblings;
        let source = Dir::open(&dir.root).and_then(|root| root.enter(&dir.below, None));
        let (root, below) = task.target_dir_of(&dir);
        let results = self.enter(root, below);
        for path in files {
            let name = path.file_name().unwrap_or_default();
            let found = match &source {
                Ok(source) => source.see(name),
                Err(_) => fs::symlink_metadata(&path).map(|it| Stat::from(&it)),
            };
            let found = match found {
                Ok(found) if found.is_file() => found,
                Ok(_) => {
                    self.tell(Outcome::skipped(&path, Skip::Changed, false))?;
                    continue;
                }
                Err(error) => {
                    let failure = Failure::system(shown(&path), &error);
                    self.tell(Outcome::failed(&path, failure))?;
                    continue;
                }
            };
            task.counters.found_len(found.len);
            task.count_oddities(&path, &found);
            let target = self.unchanged(results.as_ref(), name, &found);
            if target.is_some() && !task.tells_of_each() && !task.is_ended() {
                task.counters.passed(found.len);
                self.unchanged += 1;
                continue;
            }
            let item = Item {
                place: dir.entry(path, found),
                len: found.len,
                kind: Kind::File,
                directory: directory.clone(),
            };
            self.pass_on(item, target)?;
        }
        ControlFlow::Continue(())
    }

    /// Reports a file whose result has the name `target` and is unchanged, or passes it on.
    fn pass_on(&mut self, item: Item<'t>, target: Option<OsString>) -> ControlFlow<()> {
        let task = self.task;
        if task.is_ended() {
            return ControlFlow::Break(());
        }
        let Some(target) = target else {
            return match self.files.send(item) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            };
        };
        task.counters.passed(item.len);
        if !task.tells_of_each() {
            self.unchanged += 1;
            return ControlFlow::Continue(());
        }
        self.tell(Outcome {
            output: Some(task.target_path(&item.place, &target)),
            path: item.place.source,
            named: false,
            what: What::Unchanged(1),
        })
    }

    fn tell(&self, outcome: Outcome) -> ControlFlow<()> {
        match self.outcomes.send(outcome) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    /// Returns the name of a result that is certainly unchanged. `results` is its directory.
    fn unchanged(
        &self,
        results: Option<&Arc<Dir>>,
        name: &OsStr,
        source: &Stat,
    ) -> Option<OsString> {
        let task = self.task;
        if task.tree.checksum || task.mapping().is_ambiguous() {
            return None;
        }
        let dir = results?;
        let target = task.operation.target_by_name(name)?;
        let result = dir.see(&target).ok()?;
        let is_unchanged = task.update.is_unchanged(task, source, &result, dir);
        is_unchanged.then_some(target)
    }

    fn enter(&mut self, root: &Path, below: &Path) -> Option<Arc<Dir>> {
        let is_this = |entered: &&Entered| {
            entered.root.as_os_str() == root.as_os_str()
                && entered.below.as_os_str() == below.as_os_str()
        };
        if let Some(entered) = self.target.as_ref().filter(is_this) {
            return entered.dir.clone();
        }
        let dir = Dir::open(root).and_then(|dir| dir.enter(below, None)).ok();
        let dir = dir.map(Arc::new);
        self.target = Some(Entered {
            root: root.to_owned(),
            below: below.to_owned(),
            dir: dir.clone(),
        });
        dir
    }
}
