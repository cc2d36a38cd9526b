//! When nothing is removed.

use super::Delete;
use crate::cli::failure::{Failure, shown};
use crate::cli::tree::report::Report;
use crate::cli::tree::task::Task;
use crate::io::fstab;
use fetool::status;
use std::fs;
use std::path::{Path, PathBuf};

/// Refuses directories that are each other's: sources would be taken for results, or results for what
/// was set aside.
///
/// # Errors
/// Before anything is done.
pub fn refuse_overlaps(task: &Task<'_>, deletes: bool, paths: &[PathBuf]) -> Result<(), Failure> {
    let tree = task.tree;
    // What does not exist yet is in nothing.
    let real = |path: &Path| path.canonicalize().ok();
    let Some(dir) = tree.output_dir.as_deref().and_then(real) else {
        return Ok(());
    };
    let targets = task.mapping().targets();
    let inside = |path: &&PathBuf, dir: &Path| {
        real(path).is_some_and(|path| targets.iter().any(|to| path.starts_with(dir.join(to))))
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
    let Some(aside) = real(backups) else {
        return Ok(());
    };
    // Above the results it would hold them; below, a later run would remove what is there.
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

impl Delete<'_> {
    /// Why nothing is removed, if that was not told already.
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
        let empty = empty.or_else(|| self.missing_disk())?;
        let failure = Failure::usage("the directory is empty, so nothing was deleted")
            .with_status(status::SYSTEM)
            .about(shown(&empty))
            .hint("if its files are really gone, --force deletes their results");
        Some(Some(failure))
    }

    /// A directory of a PATH on which a disk should be mounted, and which is empty although it has results.
    fn missing_disk(&self) -> Option<PathBuf> {
        let mapping = self.task.mapping();
        fstab::mount_points().into_iter().find_map(|disk| {
            let disk = disk.canonicalize().ok().filter(|disk| is_empty(disk))?;
            mapping.dirs().find_map(|(path, to)| {
                let below = disk.strip_prefix(path.canonicalize().ok()?).ok()?;
                let results = self.dir.join(to).join(below);
                (results.is_dir() && !is_empty(&results)).then(|| path.join(below))
            })
        })
    }
}

/// Whether a directory can be read, and has nothing in it.
fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).is_ok_and(|mut all| all.next().is_none())
}
