//! `--links`: symbolic links are recreated, and never followed.
//!
//! Between two runs, a directory can become a link, or a link a directory. A link in the way of a directory is replaced
//! at once. A directory in the way of a link is removed with the results in it, after everything else succeeded
//! (`--delete`); then the link is made. If parts of a tree (`--shard`) have results in it, each removes its own, and
//! the one that empties the directory makes the link.

use super::existing_target::of_another;
use super::{Worker, not_found};
use crate::cli::failure::{Failure, shown};
use crate::cli::tree::delete::is_left_to_others;
use crate::cli::tree::directories;
use crate::cli::tree::entry::TreeEntry;
use crate::cli::tree::outcome::{Outcome, What};
use crate::cli::tree::set_aside::{Then, set_aside};
use crate::cli::tree::skip::Skip;
use crate::cli::tree::task::{Task, dir_of};
use crate::io::access::Access;
use crate::io::dir::{Dir, parent};
use crate::io::stat::Stat;
use fetool::status;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

/// A link that has to wait until the directory in its way is removed.
pub struct LateLink {
    place: TreeEntry,
    /// Whether it belongs to another part of the tree (--shard).
    is_of_other: bool,
}

impl Worker<'_> {
    /// Makes the same link in the output directory.
    pub fn link(&mut self, place: &TreeEntry) -> Outcome {
        let task = self.task;
        let name = place.source.file_name().unwrap_or_default();
        let output = task.target_path(place, name);
        let failed = |path: &Path, error: &io::Error| Failure::system(shown(path), error);
        let made = self
            .read_link(place)
            .map_err(|error| failed(&place.source, &error))
            .and_then(|to| self.make_link(place, &to, &output));
        Outcome {
            path: place.source.clone(),
            output: Some(output),
            named: place.named,
            what: made.unwrap_or_else(What::Failed),
        }
    }

    fn read_link(&mut self, place: &TreeEntry) -> io::Result<PathBuf> {
        let name = place.source.file_name().ok_or_else(not_found)?;
        self.source_dir(place)?.read_link(name)
    }

    fn make_link(&mut self, place: &TreeEntry, to: &Path, output: &Path) -> Result<What, Failure> {
        let task = self.task;
        let about = |error: io::Error| Failure::system(shown(output), &error);
        let name = place.source.file_name().unwrap_or_default();
        let dir = match task.tree.walk.dry_run {
            true => {
                let (root, below) = task.target_dir(place);
                // If the directory does not exist, neither does the link.
                let dir = Dir::open(root).and_then(|dir| dir.enter(below, None));
                dir.ok().map(Arc::new)
            }
            false => {
                self.enter_target(place).map_err(about)?;
                self.target.as_ref().map(|(_, dir)| dir.clone())
            }
        };
        let Some(dir) = dir else {
            return Ok(What::Planned);
        };
        if task.tree.update && task.mapping().is_taken(place) {
            return Err(of_another(&shown(output)));
        }
        // Held from the check until the link is made.
        let mut claims = task.shared.claims.hold();
        let look = || Ok(dir.look(name).map_err(about)?.as_ref().map(Stat::from));
        let there: Option<Stat> = look()?;
        let exists = there.is_some();
        if let Some(there) = there {
            if there.is_dir() {
                return self.meet_directory(place, output);
            }
            if !there.is_link() {
                let failure = Failure::usage("something that is no symbolic link is there already");
                return Err(failure.with_status(status::SYSTEM).about(shown(output)));
            }
            let is_same = dir.read_link(name).map_err(about)? == to;
            if !is_same && claims.has(&there) {
                return Err(of_another(&shown(output)));
            }
            if is_same {
                if task.claims_outputs() {
                    claims.claim(&there, &place.found);
                }
                if task.tree.update {
                    return Ok(What::Unchanged(1));
                } else if task.tree.skip_existing {
                    return Ok(What::Skipped(Skip::Existing));
                }
            }
            if !task.replaces_outputs() {
                let failure = Failure::usage("symbolic link exists");
                return Err(failure
                    .with_status(status::SYSTEM)
                    .about(shown(output))
                    .hint("replace it with --force or --update"));
            }
        }
        if task.tree.walk.dry_run {
            return Ok(match exists {
                true => What::PlannedUpdate,
                false => What::Planned,
            });
        }
        if exists {
            set_aside(task, &dir, name, &place.relative, Then::Replaced).map_err(about)?;
        }
        let time = (!task.tree.no_preserve).then_some(&place.found);
        dir.make_link(name, to, time).map_err(about)?;
        if let Some(made) = look()?.filter(|_| task.claims_outputs()) {
            claims.claim(&made, &place.found);
        }
        Ok(match exists {
            true => What::Updated(0),
            false => What::Linked,
        })
    }

    /// Makes a link that had to wait. Returns `None` if that is left to another part of the tree.
    fn late_link(&mut self, late: &LateLink) -> Option<Outcome> {
        let LateLink { place, is_of_other } = late;
        let name = place.source.file_name().unwrap_or_default();
        let output = self.task.target_path(place, name);
        if *is_of_other && fs::symlink_metadata(output).is_ok() {
            return None;
        }
        let mut outcome = self.link(place);
        if let What::Linked = outcome.what
            && let Err(error) = self.finish_dir_of(place)
        {
            let path = outcome.output.as_deref().unwrap_or(&place.source);
            outcome.what = What::Failed(Failure::system(shown(parent(path)), &error));
        }
        Some(outcome)
    }

    /// Sets the metadata of the output directory again, since the new link has changed its time.
    fn finish_dir_of(&mut self, place: &TreeEntry) -> io::Result<()> {
        if dir_of(&place.relative).as_os_str().is_empty() {
            return Ok(());
        }
        let source = parent(&place.source);
        let found = Stat::from(&fs::metadata(source)?);
        let (_, dir) = self.target.as_ref().ok_or_else(not_found)?;
        directories::give(self.task, dir, source, &found)
    }

    /// Handles a link that has a directory in its way.
    fn meet_directory(&self, place: &TreeEntry, output: &Path) -> Result<What, Failure> {
        let task = self.task;
        let deletes = task.delete.is_some_and(|args| args.delete);
        if deletes && task.tree.walk.dry_run {
            return Ok(What::PlannedUpdate);
        }
        if deletes && !self.is_last {
            task.remember(LateLink {
                place: place.clone(),
                is_of_other: false,
            });
            return Ok(What::Later);
        }
        if deletes && is_left_to_others(task, &place.relative) {
            return Ok(What::Skipped(Skip::OtherPart));
        }
        let failure = Failure::usage("a directory is in the way of the symbolic link");
        let hint = match deletes {
            true => "only results without a source are removed from it: move away what is left",
            false => "with --delete, fetool removes the results in it and makes the link",
        };
        let failure = failure.with_status(status::SYSTEM).about(shown(output));
        Err(failure.hint(hint))
    }
}

/// Records a link of another part (--shard) that has a directory in its way.
pub fn link_of_other(task: &Task<'_>, place: TreeEntry) {
    let name = place.source.file_name().unwrap_or_default();
    let output = task.target_path(&place, name);
    if fs::symlink_metadata(output).is_ok_and(|found| found.is_dir()) {
        let is_of_other = true;
        task.remember(LateLink { place, is_of_other });
    }
}

/// Makes the links that had to wait, after --delete has removed the results without a source.
pub fn make_later(task: &Task<'_>) -> Vec<Outcome> {
    let later = &task.shared.later;
    let mut later = later.lock().unwrap_or_else(PoisonError::into_inner);
    if task.is_ended() {
        return Vec::new();
    }
    let mut worker = Worker::new(task);
    worker.is_last = true;
    let made = later.drain(..).filter_map(|late| worker.late_link(&late));
    made.collect()
}

impl Task<'_> {
    fn remember(&self, late: LateLink) {
        let later = self.shared.later.lock();
        later.unwrap_or_else(PoisonError::into_inner).push(late);
    }

    /// Opens the directory `below` `root`, and creates it if necessary. With --links, removes a link in its way: an
    /// earlier run made it.
    pub fn enter(
        &self,
        root: &Path,
        below: &Path,
        new: &dyn Fn(usize) -> Access,
    ) -> io::Result<Dir> {
        let enter = || Dir::open(root)?.enter(below, Some(new));
        match enter() {
            Err(error)
                if error.kind() == io::ErrorKind::NotADirectory
                    && self.tree.links
                    && self.replaces_outputs() => {}
            entered => return entered,
        }
        let clearing = &self.shared.clearing;
        let _one = clearing.lock().unwrap_or_else(PoisonError::into_inner);
        self.clear(root, below)?;
        enter()
    }

    /// Removes the first link on the path, unless another worker already has.
    fn clear(&self, root: &Path, below: &Path) -> io::Result<()> {
        let mut dir = Dir::open(root)?;
        let mut relative = PathBuf::new();
        for name in below.iter() {
            relative.push(name);
            let Some(there) = dir.look(name)? else {
                return Ok(());
            };
            let there = Stat::from(&there);
            if there.is_link() {
                if self.shared.claims.hold().has(&there) {
                    let what = "a symbolic link of this run is in the way";
                    return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
                }
                let cleared = set_aside(self, &dir, name, &relative, Then::Replaced)
                    .and_then(|_| dir.remove(name));
                let is_link = || -> io::Result<bool> {
                    let there = dir.look(name)?;
                    Ok(there.is_some_and(|there| Stat::from(&there).is_link()))
                };
                return match cleared {
                    // Another part's run has removed it already, and may have created a directory.
                    Err(_) if !is_link()? => Ok(()),
                    cleared => cleared,
                };
            }
            dir = dir.enter(Path::new(name), None)?;
        }
        Ok(())
    }
}
