//! `--update`: only what is new or has changed is done.
//!
//! A result is taken for that of its source if it has the same time and the length that the source
//! makes. Both sides are looked at without being opened, by threads of their own between the one that
//! finds the files and those that work on them. What they are not sure of is left to the workers.

use super::lengths::Lengths;
use super::operation::Operation;
use super::report::{Outcome, What};
use super::times::Times;
use super::{Item, Kind, Task, TreeEntry};
use crate::io::access::Access;
use crate::io::dir::Dir;
use crate::io::stat::Stat;
use crossbeam::channel::{Receiver, Sender};
use fetool::{Error, Fault, SealedLen};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Files that are handed over together, so that those that are unchanged take no time.
pub const BATCH: usize = 256;

/// What is known of results in general.
#[derive(Default)]
pub struct Update {
    lengths: Lengths,
    times: Times,
    /// Modes that are set are not kept.
    keeps_no_modes: AtomicBool,
}

/// What a result that exists is to its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Unchanged,
    /// Its mode or owner is another one, and nothing else.
    OtherAccess,
    Differs,
}

impl Update {
    /// For files that are sealed like these: one with a plaintext, and one without.
    pub fn of_sealed(full: SealedLen, empty: SealedLen) -> Self {
        Self {
            lengths: Lengths::of_own(full, empty),
            ..Self::default()
        }
    }

    /// Whether a result is surely unchanged.
    fn is_unchanged(&self, task: &Task<'_>, source: &Stat, result: &Stat, dir: &Arc<Dir>) -> bool {
        let (sealed, plain) = task.operation.sides(source, result);
        result.is_file()
            && self.lengths.match_(sealed.len, plain.len)
            && self.has_access(task, source, result)
            && self.has_time(task, source, result, dir)
    }

    fn has_time(&self, task: &Task<'_>, source: &Stat, result: &Stat, dir: &Arc<Dir>) -> bool {
        let look_only = task.tree.walk.dry_run;
        self.times.are_same(source, result, dir, look_only)
    }

    fn has_access(&self, task: &Task<'_>, source: &Stat, result: &Stat) -> bool {
        Access::is_carried_over(source, result, task.limits_modes())
            || self.keeps_no_modes.load(Ordering::Relaxed)
    }

    /// What a result is to its source, both of them open. With `--checksum` their contents are compared.
    ///
    /// # Errors
    /// [`Error::Read`], and those that say nothing about the sealed file.
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
            // Without a magic number, nothing but its secret tells its length.
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

/// Reports files that are unchanged, and passes on all others.
pub fn check_all<'t>(
    task: &'t Task<'t>,
    batches: &Receiver<Vec<Item<'t>>>,
    files: &Sender<Item<'t>>,
    outcomes: &Sender<Outcome>,
) {
    let mut targets = Targets::default();
    let by_name = task.tells_of_each();
    for batch in batches {
        let mut unchanged = 0;
        for item in batch {
            if task.is_ended() {
                return;
            }
            let Some(target) = targets.unchanged(task, &item) else {
                if files.send(item).is_err() {
                    return;
                }
                continue;
            };
            task.counters.passed(item.len);
            if !by_name {
                unchanged += 1;
                continue;
            }
            let outcome = Outcome {
                output: Some(task.target_path(&item.place, &target)),
                path: item.place.source,
                named: false,
                what: What::Unchanged(1),
            };
            if outcomes.send(outcome).is_err() {
                return;
            }
        }
        if unchanged > 0 && outcomes.send(Outcome::unchanged(unchanged)).is_err() {
            return;
        }
    }
}

/// The directory that was looked into last.
#[derive(Default)]
struct Targets(Option<Entered>);

struct Entered {
    root: PathBuf,
    below: PathBuf,
    /// `None` where it cannot be entered, or does not exist.
    dir: Option<Arc<Dir>>,
}

impl Targets {
    /// Returns the name of a result that is surely unchanged.
    fn unchanged(&mut self, task: &Task<'_>, item: &Item<'_>) -> Option<OsString> {
        let place = &item.place;
        // What a link leads to is opened.
        if item.kind != Kind::File
            || place.link
            || task.tree.checksum
            || task.mapping().is_ambiguous()
        {
            return None;
        }
        let target = task
            .operation
            .target_by_name(place.source.file_name().unwrap_or_default())?;
        let dir = self.enter(task, place)?;
        let result = Stat::from(&dir.look(&target).ok()??);
        let update = &task.update;
        update
            .is_unchanged(task, &place.found, &result, dir)
            .then_some(target)
    }

    fn enter(&mut self, task: &Task<'_>, place: &TreeEntry) -> Option<&Arc<Dir>> {
        let (root, below) = task.target_dir(place);
        let is_this = |entered: &Entered| {
            entered.root.as_os_str() == root.as_os_str()
                && entered.below.as_os_str() == below.as_os_str()
        };
        if !self.0.as_ref().is_some_and(is_this) {
            let dir = Dir::open(root).and_then(|dir| dir.enter(below, None)).ok();
            self.0 = Some(Entered {
                root: root.to_owned(),
                below: below.to_owned(),
                dir: dir.map(Arc::new),
            });
        }
        self.0.as_ref()?.dir.as_ref()
    }
}
