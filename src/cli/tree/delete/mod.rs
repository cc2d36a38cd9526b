//! `--delete`: removes results whose sources are gone, after everything else succeeded.
//!
//! No list of sources is kept: for each result, the possible paths of its source are examined.

mod gone;
mod letter_case;
mod others;
mod refusal;

pub use others::is_left_to_others;
pub use refusal::refuse_overlaps;

use super::outcome::{Outcome, What};
use super::report::Report;
use super::set_aside::{Then, set_aside};
use super::task::{Task, dir_of};
use crate::cli::failure::{Failure, say, shown};
use crate::io::dir::Dir;
use fetool::status;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Options for results whose sources are gone.
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

/// Removes results whose sources are gone.
///
/// # Errors
/// Only if reporting fails.
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
        let (mut count, mut entered) = (0, None);
        delete.find(&mut |relative, gone| {
            let is_removed = match gone {
                Ok(Gone::File) => delete.is_sealed_at(&mut entered, relative).unwrap_or(true),
                Ok(Gone::Link) => true,
                Ok(Gone::Directory) | Err(_) => false,
            };
            count += u64::from(is_removed);
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
                // Another part's run has removed it in the meantime.
                Err(error) if is_missing(&error) && !exists(&dir.join(relative)) => Ok(None),
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

/// A result whose source is gone.
#[derive(Clone, Copy)]
enum Gone {
    File,
    Link,
    /// Possibly not empty.
    Directory,
}

/// Receives the path of each result whose source is gone, and returns whether it was removed.
type Take<'a> = &'a mut dyn FnMut(&Path, Result<Gone, Failure>) -> Result<bool, Failure>;

/// The directory of the last result, by its relative path.
type Entered = Option<(PathBuf, Dir)>;

struct Delete<'t> {
    task: &'t Task<'t>,
    dir: &'t Path,
}

impl Delete<'_> {
    /// Removes a result, or plans to. Returns `None` if it stays.
    fn remove(
        &self,
        entered: &mut Entered,
        relative: &Path,
        gone: Gone,
    ) -> io::Result<Option<What>> {
        let name = relative.file_name().unwrap_or_default();
        let dir = self.enter(entered, relative)?;
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
                Err(error) => match error.kind() {
                    // It holds files of others, or of another part of the tree.
                    io::ErrorKind::DirectoryNotEmpty => Ok(None),
                    // Another part has removed it, and made a link.
                    io::ErrorKind::NotADirectory => Ok(None),
                    _ => Err(error),
                },
            };
        }
        if dry_run {
            return Ok(Some(What::PlannedDelete));
        }
        // The run for another part of the tree may have made a directory there meanwhile.
        if let Gone::Link = gone
            && !dir.see(name)?.is_link()
        {
            return Ok(None);
        }
        dir.allow_writing()?;
        if !set_aside(self.task, dir, name, relative, Then::Removed)? {
            dir.remove(name)?;
        }
        Ok(Some(What::Deleted))
    }

    /// Opens the directory of a result, unless it was entered last.
    fn enter<'e>(&self, entered: &'e mut Entered, relative: &Path) -> io::Result<&'e Dir> {
        let below = dir_of(relative);
        if entered.as_ref().is_none_or(|(path, _)| path != below) {
            *entered = None;
            *entered = Some((below.to_owned(), Dir::open(self.dir)?.enter(below, None)?));
        }
        let (_, dir) = entered.as_ref().expect("it was just entered");
        Ok(dir)
    }

    fn is_sealed_at(&self, entered: &mut Entered, relative: &Path) -> io::Result<bool> {
        let dir = self.enter(entered, relative)?;
        self.is_sealed(dir, relative.file_name().unwrap_or_default())
    }

    fn is_sealed(&self, dir: &Dir, name: &OsStr) -> io::Result<bool> {
        match dir.file(name)? {
            Some(file) if file.metadata()?.is_file() => self.task.operation.is_sealed(name, &file),
            _ => Ok(false),
        }
    }
}

/// Returns whether a path leads to something, or may do so.
fn exists(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(_) => true,
        Err(error) => !is_missing(&error),
    }
}

fn is_missing(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    [NotFound, NotADirectory].contains(&error.kind())
}
