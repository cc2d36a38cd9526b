//! Making the result of a file: under a temporary name, until it is complete.

use super::existing_target::of_another;
use super::{End, Job, Worker};
use crate::cli::damage;
use crate::cli::failure::{Failure, say};
use crate::cli::tree::operation::{Done, Run};
use crate::cli::tree::outcome::{Outcome, What};
use crate::cli::tree::set_aside::{Then, set_aside};
use crate::io::access::Access;
use crate::io::staged::Staged;
use crate::io::stat::Stat;
use crate::io::xattrs;
use fetool::{CancelToken, Damage, Error, Salvaged, status};
use std::ffi::OsStr;
use std::fs::{self, File, FileTimes};
use std::io;
use std::num::NonZeroUsize;
use std::sync::PoisonError;

/// Longer files are processed one at a time, with all the workers.
const BIG: u64 = 16 << 20;

/// What happened to a complete result.
enum Placed {
    Yes,
    /// Something else has its name.
    Exists,
    /// Another result of this run has its name.
    ByThisRun,
}

impl Worker<'_> {
    /// Makes the other file, and gives it its name when it is complete.
    pub(super) fn make(&mut self, job: &Job<'_>, target: &OsStr, len: u64) -> Result<What, End> {
        let task = self.task;
        let about = |error: io::Error| job.output_failed(&error);
        if task.tree.update && task.mapping().is_taken(job.place) {
            return Err(of_another(&job.subjects.output).into());
        }
        // A link beside the file may have the name of its result.
        let beside = job.place.source.with_file_name(target);
        if task.tree.links && fs::symlink_metadata(beside).is_ok_and(|found| found.is_symlink()) {
            return Err(of_another(&job.subjects.output).into());
        }
        self.enter_target(job.place).map_err(about)?;
        let (_, dir) = self.target.as_ref().expect("it was entered");
        if task.replaces_outputs() {
            self.refuse_source(job, dir, target)?;
        }
        let exists = (!task.force || task.tree.update) && dir.has(target).map_err(about)?;
        if exists && task.tree.update {
            if let Some(done) = self.update(job, dir, target)? {
                return Ok(done);
            }
        } else if exists {
            return Err(self.meet_existing(job, dir, target));
        }
        let staged = Staged::new(dir).map_err(about)?;
        let done = self.transfer(job, &staged.file, len)?;
        self.finish(job, &staged).map_err(about)?;
        match self.place(job, staged, target).map_err(about)? {
            Placed::Yes => {}
            // Another run was faster.
            Placed::Exists => return Err(self.meet_existing(job, dir, target)),
            Placed::ByThisRun => return Err(of_another(&job.subjects.output).into()),
        }
        if task.on_disk() {
            dir.sync().map_err(about)?;
        }
        if let Some(salvaged) = &done.damaged {
            return Err(self.damaged(job, salvaged).into());
        }
        if task.tree.remove_source {
            self.remove(job, dir, target, done.file_key.as_ref())?;
        }
        Ok(match exists {
            true => What::Updated(done.bytes),
            false => What::Done(done.bytes),
        })
    }

    /// Records a file of which only a part was salvaged. Its source stays.
    fn damaged(&self, job: &Job<'_>, salvaged: &Salvaged) -> Failure {
        let summary = damage::summary(salvaged);
        let all = &self.task.shared.salvaged;
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((job.subjects.input.clone(), summary.clone()));
        Failure::usage(summary)
            .with_status(salvaged.status)
            .about(&job.subjects.input)
    }

    fn transfer(&self, job: &Job<'_>, output: &File, len: u64) -> Result<Done, Failure> {
        let task = self.task;
        let _alone;
        let jobs = if len > BIG {
            _alone = task
                .shared
                .big
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            task.jobs
        } else {
            NonZeroUsize::MIN
        };
        // A token of its own: a failure here must not cancel the others.
        let stop = CancelToken::new();
        let run = Run {
            jobs,
            stop: &stop,
            meter: job.current.meter(),
            damaged: &|damage| self.tell_damage(job, damage),
        };
        let done = task
            .operation
            .transfer(&job.file, output, run)
            .map_err(|error| job.subjects.attribute(&error))?;
        if !task.quiet {
            for warning in &done.warnings {
                say(Some(&job.subjects.input), &format!("warning: {warning}"));
            }
        }
        self.check_unchanged(job)?;
        Ok(done)
    }

    fn tell_damage(&self, job: &Job<'_>, damage: &Damage) {
        match &self.parts {
            Some(parts) => {
                // The receiver has gone.
                let _ = parts.send(Outcome::damaged_part(&job.place.source, damage));
            }
            None => damage::tell(&job.subjects.input, damage),
        }
    }

    /// Gives the result its name, unless that is in use.
    fn place(&self, job: &Job<'_>, staged: Staged, target: &OsStr) -> io::Result<Placed> {
        let task = self.task;
        task.keep_writable(staged.dir())?;
        let exists = |error: &io::Error| error.kind() == io::ErrorKind::AlreadyExists;
        if !task.claims_outputs() {
            return match staged.place(target, false) {
                Err(error) if exists(&error) => Ok(Placed::Exists),
                placed => placed.map(|()| Placed::Yes),
            };
        }
        // Held from the check until the name is given.
        let mut claims = task.shared.claims.hold();
        let replaces = task.replaces_outputs();
        let there = match replaces {
            true => staged.dir().look(target)?,
            false => None,
        };
        if let Some(there) = &there {
            let there = Stat::from(there);
            if there.is_dir() {
                // It holds results of other files, which must stay.
                return Err(io::Error::from(io::ErrorKind::IsADirectory));
            }
            if claims.has(&there) {
                return Ok(Placed::ByThisRun);
            }
        }
        let made = Stat::from(&staged.file.metadata()?);
        let relative = job.place.relative.with_file_name(target);
        if there.is_some() {
            set_aside(task, staged.dir(), target, &relative, Then::Replaced)?;
        }
        match staged.place(target, replaces) {
            Err(error) if !replaces && exists(&error) => return Ok(Placed::Exists),
            placed => placed?,
        }
        claims.claim(&made, &Stat::from(&job.before));
        Ok(Placed::Yes)
    }

    /// Fails if the source was written to while it was read: the result would match neither state.
    pub(super) fn check_unchanged(&self, job: &Job<'_>) -> Result<(), Failure> {
        let now = job
            .file
            .metadata()
            .map_err(|error| job.subjects.attribute(&Error::Read(error)))?;
        let same =
            now.len() == job.before.len() && now.modified().ok() == job.before.modified().ok();
        if same {
            return Ok(());
        }
        Err(Failure::usage("the file changed while it was read")
            .with_status(status::SYSTEM)
            .about(&job.subjects.input))
    }

    /// Sets mode and time, and fsyncs if wanted.
    fn finish(&self, job: &Job<'_>, staged: &Staged) -> io::Result<()> {
        let task = self.task;
        if !task.tree.no_preserve {
            let access = Access::of(&job.file, &job.before, task.limits_modes());
            let carry_over = |kind| match task.tree.xattrs {
                true => task.tolerate_xattrs(xattrs::carry_over(&job.file, &staged.file, kind)),
                false => Ok(()),
            };
            carry_over(xattrs::Kind::User)?;
            task.tolerate_modes(access.give(&staged.file))?;
            carry_over(xattrs::Kind::List)?;
            let times = FileTimes::new().set_modified(job.before.modified()?);
            let set = staged.file.set_times(times);
            task.tolerate_times(set)?;
        }
        if self.task.on_disk() {
            staged.file.sync_all()?;
        }
        Ok(())
    }
}
