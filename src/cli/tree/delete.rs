//! `--delete`: results whose sources are gone are removed, after everything else succeeded.
//!
//! Nothing is remembered of the sources: for each result, those places are looked at where its source
//! would be.

use super::directories;
use super::report::{Outcome, Report, What};
use super::set_aside::{Then, set_aside};
use super::sources::{is_in, is_own};
use super::task::{Task, dir_of};
use crate::cli::failure::{Failure, say, shown};
use crate::io::dir::Dir;
use crate::io::fstab;
use crate::io::stat::Stat;
use fetool::status;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Options for what is gone.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Trees")]
pub struct DeleteArgs {
    /// With --update, remove the results of files that are gone
    ///
    /// Only sealed files of the format that is written are removed, only under the directories that the
    /// PATHs map to, and only if nothing failed before. If a PATH is empty or missing, nothing
    /// is removed unless --force is given. -n lists what would be removed.
    #[arg(long, requires_all = ["update", "output_dir"], conflicts_with = "files0_from")]
    pub delete: bool,

    /// With --delete, remove nothing if it would be more than N files
    #[arg(long, value_name = "N", requires = "delete")]
    pub max_delete: Option<u64>,
}

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

/// Removes what is gone.
///
/// # Errors
/// Only where nobody can be told.
pub fn run(task: &Task<'_>, args: &DeleteArgs, report: &mut Report) -> Result<(), Failure> {
    let Some(dir) = &task.tree.output_dir else {
        return Ok(());
    };
    let delete = Delete { task, dir };
    if let Some(why) = delete.refusal(report) {
        return match why {
            Some(failure) => report.tell(&Outcome::failed(dir, failure)),
            None => Ok(()),
        };
    }
    if let Some(most) = args.max_delete {
        let mut count = 0;
        delete.find(&mut |_, gone| {
            count += u64::from(matches!(gone, Ok(Gone::File | Gone::Link)));
            Ok(false)
        })?;
        if count > most {
            let what = format!("{count} results would be deleted, and --max-delete allows {most}");
            let failure = Failure::usage(what).with_status(status::SYSTEM);
            let failure = failure
                .about(shown(dir))
                .hint("nothing was deleted; -n lists them");
            return report.tell(&Outcome::failed(dir, failure));
        }
    }
    let mut entered = None;
    delete.find(&mut |relative, gone| {
        let removed = gone.and_then(|gone| {
            let removed = match delete.remove(&mut entered, relative, gone) {
                Err(error) if is_missing(&error) => Ok(None),
                removed => removed,
            };
            removed.map_err(|error| Failure::system(shown(&dir.join(relative)), &error))
        });
        let path = dir.join(relative);
        let what = match removed {
            Ok(None) => return Ok(false),
            Ok(Some(what)) => what,
            Err(failure) => What::Failed(failure),
        };
        let is_removed = matches!(what, What::Deleted | What::DeletedDirectory);
        report.tell(&Outcome {
            path,
            output: None,
            named: false,
            what,
        })?;
        Ok(is_removed)
    })
}

/// What has no source any more.
#[derive(Clone, Copy)]
enum Gone {
    File,
    Link,
    /// Perhaps with something in it.
    Directory,
}

/// Who gets each path under the output directory that is gone, and says whether it removed it.
type Take<'a> = &'a mut dyn FnMut(&Path, Result<Gone, Failure>) -> Result<bool, Failure>;

struct Delete<'t> {
    task: &'t Task<'t>,
    dir: &'t Path,
}

/// A directory that is walked through.
struct Open {
    relative: PathBuf,
    depth: usize,
    /// Something in it was removed.
    changed: bool,
    /// Its source is a symbolic link now, so nothing in it has a source.
    is_gone: bool,
}

impl Delete<'_> {
    /// Why nothing is removed, if that was not told already.
    fn refusal(&self, report: &Report) -> Option<Option<Failure>> {
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

    fn find(&self, take: Take<'_>) -> Result<(), Failure> {
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
        let mut entries = WalkDir::new(&root)
            .sort_by_file_name()
            .same_file_system(self.task.tree.walk.one_file_system)
            .into_iter();
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
                    entries.skip_current_dir();
                }
                continue;
            }
            if is_own(entry.file_name()) && !self.task.tree.walk.dry_run {
                // A run was killed here, and nothing may have brought a later one to this directory.
                let dir = Dir::open(self.dir).and_then(|dir| dir.enter(dir_of(relative), None));
                if let Err(error) = dir.and_then(|dir| dir.remove_stale()) {
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

    /// Everything in the last directory was looked at.
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
            Err(error) if !is_missing(&error) => Some(Err(error)),
            _ => None,
        });
        match source {
            // What cannot be looked at may well be there.
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

    /// Whether the source of a directory is a symbolic link that is not followed, in each PATH that has it.
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

    /// `dir_is_gone` says that nothing in its directory has a source.
    fn is_gone_file(&self, relative: &Path, dir_is_gone: bool) -> bool {
        let Some(name) = relative.file_name() else {
            return false;
        };
        let Some(source) = self.task.operation.source_name(name) else {
            return false;
        };
        // What is skipped may be a file again tomorrow: it is not gone, and its result stays.
        let links = self.task.tree.links;
        let is_file = |found: &Metadata| !(found.is_dir() || links && found.is_symlink());
        self.is_gone(&relative.with_file_name(source), dir_is_gone, is_file)
    }

    fn is_gone_link(&self, relative: &Path, dir_is_gone: bool) -> bool {
        let is_link = |found: &Metadata| !found.is_dir() && !found.is_file();
        self.task.tree.links && self.is_gone(relative, dir_is_gone, is_link)
    }

    /// Whether nothing of a kind has this relative path in any of the sources.
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
                // What cannot be looked at may well be there.
                Err(error) => !is_missing(&error),
            })
    }

    /// Removes one, or says what would become of it. `None` if it stays.
    fn remove(
        &self,
        entered: &mut Option<(PathBuf, Dir)>,
        relative: &Path,
        gone: Gone,
    ) -> io::Result<Option<What>> {
        let name = relative.file_name().unwrap_or_default();
        let below = dir_of(relative);
        if entered.as_ref().is_none_or(|(path, _)| path != below) {
            *entered = None;
            *entered = Some((below.to_owned(), Dir::open(self.dir)?.enter(below, None)?));
        }
        let (_, dir) = entered.as_ref().expect("it was just entered");
        if let Gone::File = gone
            && !self.is_sealed(dir, name)?
        {
            if self.task.verbose {
                let path = shown(&self.dir.join(relative));
                say(Some(&path), "kept: it has no source, but is no sealed file");
            }
            return Ok(None);
        }
        let dry_run = self.task.tree.walk.dry_run;
        if let Gone::Directory = gone {
            if dry_run {
                return Ok(None);
            }
            dir.allow_writing()?;
            return match dir.remove_dir(name) {
                Ok(()) => Ok(Some(What::DeletedDirectory)),
                // Somebody else's files are in it, or those of another part of the tree.
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(None),
                Err(error) => Err(error),
            };
        }
        if dry_run {
            return Ok(Some(What::PlannedDelete));
        }
        dir.allow_writing()?;
        if !set_aside(self.task, dir, name, relative, Then::Removed)? {
            dir.remove(name)?;
        }
        Ok(Some(What::Deleted))
    }

    fn is_sealed(&self, dir: &Dir, name: &OsStr) -> io::Result<bool> {
        match dir.file(name)? {
            Some(file) if file.metadata()?.is_file() => self.task.operation.is_sealed(name, &file),
            _ => Ok(false),
        }
    }
}

/// Whether a directory can be read, and has nothing in it.
fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).is_ok_and(|mut all| all.next().is_none())
}

fn is_missing(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    [NotFound, NotADirectory].contains(&error.kind())
}
