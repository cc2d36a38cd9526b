//! Results that are there already, and sources that are not needed any more: what it takes to believe
//! that one is what the other was made from.

use super::{End, Job, Worker, not_found};
use crate::cli::failure::{Failure, Subjects, say};
use crate::cli::tree::operation::Operation;
use crate::cli::tree::outcome::What;
use crate::cli::tree::skip::Skip;
use crate::cli::tree::update::Verdict;
use crate::io::FileId;
use crate::io::access::{Access, is_unsupported};
use crate::io::dir::Dir;
use crate::io::stat::Stat;
use fetool::{Error, FileKey, status};
use std::ffi::OsStr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::{fs, io};

impl Worker<'_> {
    /// Handles a file whose result exists.
    pub(super) fn meet_existing(&self, job: &Job<'_>, dir: &Dir, target: &OsStr) -> End {
        let tree = &self.task.tree;
        if tree.remove_source {
            return match self.remove(job, dir, target, None) {
                Ok(()) => End::Done(What::Done(0)),
                Err(failure) => End::Failed(failure),
            };
        }
        if !tree.skip_existing {
            return End::Failed(exists_already(job));
        }
        match self.is_own(job, dir, target) {
            Ok(true) => {}
            Ok(false) => return End::Failed(of_another(&job.subjects.output)),
            Err(error) => return End::Failed(Failure::system(&job.subjects.output, &error)),
        }
        match self.is_sound(job, dir, target) {
            Ok(true) => End::Skipped(Skip::Existing),
            Ok(false) => End::Failed(
                exists_already(job).hint("it is not what the source makes; --force replaces it"),
            ),
            Err(Error::Read(error)) => End::Failed(Failure::system(&job.subjects.output, &error)),
            Err(error) => End::Failed(job.subjects.attribute(&error)),
        }
    }

    /// Returns the outcome for an existing result, unless it must be made anew.
    pub(super) fn update(
        &self,
        job: &Job<'_>,
        dir: &Arc<Dir>,
        target: &OsStr,
    ) -> Result<Option<What>, Failure> {
        let task = self.task;
        let verdict = self.compare(job, dir, target)?;
        if verdict == Verdict::Differs {
            self.refuse_other_result(job, dir, target)?;
        } else if task.mapping().is_ambiguous() || task.tree.checksum {
            // Otherwise most files are found unchanged without a worker.
            self.claim_unchanged(job, dir, target)?;
        }
        Ok(match verdict {
            Verdict::Unchanged => Some(What::Unchanged(1)),
            Verdict::Differs => None,
            Verdict::OtherAccess => {
                let access = Access::of(&job.file, &job.before, self.task.limits_modes());
                let give = || {
                    let output = dir.file(target)?.ok_or_else(not_found)?;
                    self.task.update.give_access(access, &output)
                };
                match give() {
                    Ok(true) => Some(What::Updated(0)),
                    Ok(false) => Some(What::Unchanged(1)),
                    Err(error) if is_unsupported(&error) => Some(What::Unchanged(1)),
                    Err(error) => return Err(job.output_failed(&error)),
                }
            }
        })
    }

    /// Compares a result that exists with its source.
    pub(super) fn compare(
        &self,
        job: &Job<'_>,
        dir: &Arc<Dir>,
        target: &OsStr,
    ) -> Result<Verdict, Failure> {
        let about = |error: io::Error| job.output_failed(&error);
        let result = dir.look(target).map_err(about)?;
        let result = result.as_ref().map(Stat::from);
        let Some(result) = result.filter(Stat::is_file) else {
            return Ok(Verdict::Differs);
        };
        let file = match dir.file(target) {
            // Its owner can get access, but cannot open it now: it is made anew.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => None,
            file => file.map_err(about)?,
        };
        let Some(file) = file else {
            return Ok(Verdict::Differs);
        };
        let source = Stat::from(&job.before);
        let compared =
            self.task
                .update
                .compare(self.task, (&source, &job.file), (&result, &file), dir);
        match compared {
            Ok(verdict) => Ok(verdict),
            Err(Error::Read(error)) => Err(about(error)),
            // A result that does not open is made anew; opening a source again reports why.
            Err(error) if error.offset().is_some() => {
                if !self.task.quiet && matches!(self.task.operation, Operation::Seal { .. }) {
                    let why = format!("warning: {error}; it is made anew");
                    say(Some(&job.subjects.output), &why);
                }
                Ok(Verdict::Differs)
            }
            Err(error) => Err(job.subjects.attribute(&error)),
        }
    }

    /// Returns whether the existing output belongs to no other source of this run.
    fn is_own(&self, job: &Job<'_>, dir: &Dir, target: &OsStr) -> io::Result<bool> {
        let Some(output) = dir.file(target)? else {
            return Ok(true);
        };
        let mut claims = self.task.shared.claims.hold();
        Ok(claims.claim(&Stat::from(&output.metadata()?), &Stat::from(&job.before)))
    }

    fn is_sound(&self, job: &Job<'_>, dir: &Dir, target: &OsStr) -> Result<bool, Error> {
        let Some(output) = dir.file(target).map_err(Error::Read)? else {
            return Ok(false);
        };
        if self.task.tree.verify_existing {
            return match self
                .task
                .operation
                .are_same(&job.file, &output, NonZeroUsize::MIN, None)
            {
                // In the first chunk, the key can be the cause.
                Err(error @ Error::Authentication { chunk: 0, .. }) => Err(error),
                Err(error) if error.offset().is_some() => Ok(false),
                same => same,
            };
        }
        self.task.operation.is_sound(&job.file, &output)
    }

    /// Removes the source after its fsynced replacement was read back and compared.
    pub(super) fn remove(
        &self,
        job: &Job<'_>,
        dir: &Dir,
        target: &OsStr,
        file_key: Option<&FileKey>,
    ) -> Result<(), Failure> {
        let system = |error: io::Error| Failure::system(&job.subjects.output, &error);
        let output = dir.file(target).map_err(system)?;
        let output = output.ok_or_else(|| system(not_found()))?;
        let found = Stat::from(&output.metadata().map_err(system)?);
        let source = Stat::from(&job.before);
        if !self.task.shared.claims.hold().claim(&found, &source) {
            return Err(of_another(&job.subjects.output));
        }
        let same = self
            .task
            .operation
            .are_same(&job.file, &output, self.task.jobs, file_key)
            .map_err(|error| {
                Subjects {
                    input: job.subjects.output.clone(),
                    ..job.subjects.clone()
                }
                .attribute(&error)
                .hint("the source was kept")
            })?;
        if !same {
            return Err(Failure::usage(format!(
                "differs from {}; both were kept",
                job.subjects.output
            ))
            .with_status(status::SYSTEM)
            .about(&job.subjects.input));
        }
        // An earlier run that was killed may not have done this.
        output
            .sync_all()
            .and_then(|()| dir.sync())
            .map_err(system)?;
        self.check_unchanged(job)?;
        let about = |error: io::Error| Failure::system(&job.subjects.input, &error);
        let now = if self.task.tree.walk.follow {
            fs::metadata(&job.place.source)
        } else {
            fs::symlink_metadata(&job.place.source)
        };
        if FileId::of(&now.map_err(about)?) != FileId::of(&job.before) {
            let failure = Failure::usage("another file has taken its place, and was kept");
            return Err(failure
                .with_status(status::SYSTEM)
                .about(&job.subjects.input));
        }
        self.unlink(job).map_err(|error| {
            let complete = format!("its replacement {} is complete", job.subjects.output);
            about(error).hint(format!("{complete}; only the source could not be removed"))
        })
    }

    fn unlink(&self, job: &Job<'_>) -> io::Result<()> {
        match &self.source {
            Some((_, dir)) if !self.task.tree.walk.follow => dir.remove(job.name),
            _ => fs::remove_file(&job.place.source),
        }
    }
}

/// Returns the error for two sources with one output.
pub(super) fn of_another(output: &str) -> Failure {
    Failure::usage("another file of this run is there already")
        .with_status(status::SYSTEM)
        .about(output)
        .hint("two sources have this one output; give each a directory of its own with -O DIR")
}

pub(super) fn exists_already(job: &Job<'_>) -> Failure {
    Failure::usage("file exists")
        .with_status(status::SYSTEM)
        .about(&job.subjects.output)
        .hint("overwrite it with --force, or skip it with --skip-existing")
}
