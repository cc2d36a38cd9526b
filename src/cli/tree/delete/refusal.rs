//! When nothing is removed.

use super::Delete;
use crate::cli::failure::{Failure, shown};
use crate::cli::tree::report::Report;
use crate::cli::tree::sources::LOST_FOUND;
use crate::cli::tree::task::Task;
use crate::io::dir::parent;
use crate::io::fstab;
use fetool::status;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Refuses overlapping directories: sources would be mistaken for results, or results for backups.
///
/// # Errors
/// Before anything is done.
pub fn refuse_overlaps(task: &Task<'_>, deletes: bool, paths: &[PathBuf]) -> Result<(), Failure> {
    let tree = task.tree;
    let Some(dir) = &tree.output_dir else {
        return Ok(());
    };
    if !deletes && tree.backup_dir.is_none() {
        return Ok(());
    }
    let dir = real_or_refused(dir)?;
    let targets = task.mapping().targets();
    // A PATH without a slash has its results in a directory of its name below; and the directory that a walk
    // begins with is never left out of it.
    let inside = |path: &&PathBuf, dir: &Path| {
        real(path).is_some_and(|path| {
            path == dir || targets.iter().any(|to| path.starts_with(dir.join(to)))
        })
    };
    if deletes && let Some(path) = paths.iter().find(|path| inside(path, &dir)) {
        return Err(
            Failure::usage("--delete would look for results in this PATH itself")
                .about(shown(path))
                .hint("give -O a directory in which no PATH is"),
        );
    }
    let Some(backups) = &tree.backup_dir else {
        return Ok(());
    };
    let aside = real_or_refused(backups)?;
    // Above the results, it would contain them; below, a later run would remove its content.
    let mixes = |target: PathBuf| {
        aside.starts_with(&target) || aside.starts_with(&dir) && target.starts_with(&aside)
    };
    if targets.iter().any(|to| mixes(dir.join(to)))
        || paths.iter().any(|path| inside(&path, &aside))
    {
        let what = "--backup-dir would put files among the results or the PATHs";
        return Err(Failure::usage(what)
            .about(shown(backups))
            .hint("give it a directory of its own"));
    }
    Ok(())
}

fn real_or_refused(dir: &Path) -> Result<PathBuf, Failure> {
    real(dir).ok_or_else(|| {
        Failure::usage("the path has '..' behind a directory that does not exist")
            .about(shown(dir))
            .hint("give a path without '..', or make that directory first")
    })
}

/// Returns the real path, also if it does not exist yet. `None` if it has `..` behind what does not exist: where
/// that leads is not known before it does.
fn real(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok().or_else(|| {
        let name = path.file_name()?;
        Some(real(parent(path))?.join(name))
    })
}

impl Delete<'_> {
    /// Returns why nothing is removed, if that was not reported already.
    pub(super) fn refusal(&self, report: &Report) -> Option<Option<Failure>> {
        if self.task.is_ended() {
            return Some(None);
        }
        let mapping = self.task.mapping();
        // Each of them has failed.
        let excused = match self.task.force {
            true => mapping.missing(),
            false => 0,
        };
        if report.failed() > excused {
            let failure = Failure::usage("nothing was deleted, because of what failed before");
            return Some(Some(
                failure.with_status(status::SYSTEM).about(shown(self.dir)),
            ));
        }
        if self.task.force {
            return None;
        }
        let empty = mapping
            .paths()
            .map(Path::to_owned)
            .find(|path| is_empty(path));
        let empty = empty.or_else(|| {
            let linked = self.linked_dirs();
            let is_gone = |(dir, to): &&(PathBuf, PathBuf)| is_empty(dir) && self.has_results(to);
            let gone = linked.iter().find(is_gone).map(|(dir, _)| dir.clone());
            gone.or_else(|| self.missing_disk(&linked))
        })?;
        let failure = Failure::usage("the directory is empty, so nothing was deleted")
            .with_status(status::SYSTEM)
            .about(shown(&empty))
            .hint("if its files are really gone, --force deletes their results");
        Some(Some(failure))
    }

    /// Returns the directories that --follow finds through links, and those of their results. They are on other disks.
    fn linked_dirs(&self) -> Vec<(PathBuf, PathBuf)> {
        let mapping = self.task.mapping();
        let dirs = mapping.dirs().filter(|_| self.task.tree.walk.follow);
        let linked = dirs.flat_map(|(path, to)| {
            let found = WalkDir::new(path).min_depth(1).follow_links(true);
            let is_linked =
                |entry: &walkdir::DirEntry| entry.path_is_symlink() && entry.file_type().is_dir();
            let linked = found.into_iter().flatten().filter(is_linked);
            linked.filter_map(move |entry| {
                let below = entry.path().strip_prefix(path).ok()?;
                let to = to.join(below);
                Some((entry.into_path(), to))
            })
        });
        linked.collect()
    }

    /// Returns a directory of a PATH, or one of these, on which a disk should be mounted, and which is empty although
    /// it has results.
    fn missing_disk(&self, linked: &[(PathBuf, PathBuf)]) -> Option<PathBuf> {
        let mapping = self.task.mapping();
        fstab::mount_points().into_iter().find_map(|disk| {
            let disk = disk.canonicalize().ok().filter(|disk| is_empty(disk))?;
            let linked = linked.iter().map(|(dir, to)| (dir.as_path(), to.as_path()));
            mapping.dirs().chain(linked).find_map(|(path, to)| {
                let below = disk.strip_prefix(path.canonicalize().ok()?).ok()?;
                self.has_results(&to.join(below)).then(|| path.join(below))
            })
        })
    }

    fn has_results(&self, to: &Path) -> bool {
        let results = self.dir.join(to);
        results.is_dir() && !is_empty(&results)
    }
}

/// Returns whether a directory can be read, and is empty. A new file system has a lost+found.
fn is_empty(dir: &Path) -> bool {
    let is_systems = |entry: DirEntry| entry.file_name() == LOST_FOUND;
    fs::read_dir(dir).is_ok_and(|all| all.flatten().all(is_systems))
}
