//! Directories under the output directory: all are made, and each gets the mode, owner and time of its source when
//! everything in it is done.
//!
//! Every current file holds its directory, and every directory its parent. Dropping the last reference to a directory
//! completes it. So only directories with unfinished work are in memory.

use super::entry::TreeEntry;
use super::outcome::Outcome;
use super::task::Task;
use crate::cli::failure::{Failure, shown};
use crate::io::access::Access;
use crate::io::dir::Dir;
use crate::io::stat::Stat;
use crate::io::xattrs;
use crossbeam::channel::Sender;
use std::fs::FileTimes;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A directory with unfinished work.
pub struct Directory<'t> {
    task: &'t Task<'t>,
    outcomes: Sender<Outcome>,
    entry: TreeEntry,
    _parent: Option<Arc<Directory<'t>>>,
}

impl Drop for Directory<'_> {
    fn drop(&mut self) {
        let dir = &self.task.tree.output_dir;
        let Some(dir) = dir.as_deref().filter(|_| !self.task.is_ended()) else {
            return;
        };
        if let Err(error) = carry_over(self.task, dir, &self.entry) {
            let path = shown(&dir.join(&self.entry.relative));
            let outcome = Outcome::failed(&self.entry.source, Failure::system(path, &error));
            // The receiver has gone.
            let _ = self.outcomes.send(outcome);
        }
    }
}

/// The directories on the path of the walk.
pub struct Directories<'t> {
    task: &'t Task<'t>,
    outcomes: Sender<Outcome>,
    open: Vec<Arc<Directory<'t>>>,
}

impl<'t> Directories<'t> {
    pub fn new(task: &'t Task<'t>, outcomes: Sender<Outcome>) -> Self {
        Self {
            task,
            outcomes,
            open: Vec::new(),
        }
    }

    /// Enters a directory of the walk.
    pub fn enter(&mut self, entry: TreeEntry) {
        let parent = self.of(&entry.source, entry.named);
        self.open.push(Arc::new(Directory {
            task: self.task,
            outcomes: self.outcomes.clone(),
            entry,
            _parent: parent,
        }));
    }

    /// Returns the directory of what the walk has found.
    pub fn of(&mut self, source: &Path, named: bool) -> Option<Arc<Directory<'t>>> {
        let parent = source.parent()?;
        while let Some(last) = self.open.last() {
            if last.entry.source.as_os_str() == parent.as_os_str()
                || last.entry.source == parent && !named
            {
                return Some(last.clone());
            }
            self.open.pop();
        }
        None
    }
}

/// Creates the directory of a source under `dir`, with the properties of its source.
fn carry_over(task: &Task<'_>, dir: &Path, entry: &TreeEntry) -> io::Result<()> {
    // The output directory itself belongs to the user.
    if entry.relative.as_os_str().is_empty() {
        return Ok(());
    }
    let new = |_| Access::of_new_directory();
    let made = task.enter(dir, &entry.relative, &new)?;
    give(task, &made, &entry.source, &entry.found)
}

/// Gives a directory the properties of its source.
pub fn give(task: &Task<'_>, made: &Dir, source: &Path, found: &Stat) -> io::Result<()> {
    if task.tree.no_preserve {
        return Ok(());
    }
    let from = match task.tree.xattrs {
        true => Some(Dir::open(source)?.as_file()?),
        false => None,
    };
    let carry_over = |kind| match &from {
        Some(from) => task.tolerate_xattrs(xattrs::carry_over(from, &made.as_file()?, kind)),
        None => Ok(()),
    };
    if from.is_some() {
        task.tolerate_modes(made.allow_writing().map(drop))?;
    }
    carry_over(xattrs::Kind::User)?;
    let is = Stat::from(&made.stat()?);
    let access = Access::of_source_directory(source, found, task.limits_modes());
    if !access.is_given(&is) {
        task.tolerate_modes(access.give(&made.as_file()?))?;
    }
    carry_over(xattrs::Kind::List)?;
    if is.modified != found.modified {
        let seconds = Duration::from_secs(found.modified.seconds.unsigned_abs());
        let whole = match found.modified.seconds < 0 {
            true => SystemTime::UNIX_EPOCH.checked_sub(seconds),
            false => SystemTime::UNIX_EPOCH.checked_add(seconds),
        };
        let nanoseconds = u64::try_from(found.modified.nanoseconds).unwrap_or(0);
        if let Some(time) = whole.and_then(|it| it.checked_add(Duration::from_nanos(nanoseconds))) {
            let times = FileTimes::new().set_modified(time);
            task.tolerate_times(made.as_file()?.set_times(times))?;
        }
    }
    Ok(())
}
