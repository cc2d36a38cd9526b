//! Files that have the name of a result, but are sources themselves, or results of other sources.

use super::existing_target::of_another;
use super::{Job, Worker};
use crate::cli::failure::Failure;
use crate::io::FileId;
use crate::io::dir::{Dir, parent, same_but_case};
use crate::io::stat::Stat;
use fetool::status;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::sync::Arc;

impl Worker<'_> {
    /// Refuses to replace a file that is a source itself, or holds a secret of this run.
    pub(super) fn refuse_source(
        &self,
        job: &Job<'_>,
        dir: &Dir,
        target: &OsStr,
    ) -> Result<(), Failure> {
        let why = self.why_to_keep(job, dir, target);
        match why.map_err(|error| job.output_failed(&error))? {
            None => Ok(()),
            Some(what) => Err(Failure::usage(format!("{what}, and was kept"))
                .with_status(status::SYSTEM)
                .about(&job.subjects.output)
                .hint("write the results to a directory of their own with -O DIR")),
        }
    }

    fn why_to_keep(&self, job: &Job<'_>, dir: &Dir, target: &OsStr) -> io::Result<Option<String>> {
        let (task, there) = (self.task, dir.look(target)?);
        let Some(id) = there.as_ref().and_then(FileId::of_stat) else {
            return Ok(None);
        };
        if task.keys.contains(&id) {
            return Ok(Some(
                "a file with a secret of this run has the name of the result".to_owned(),
            ));
        }
        let is_source = |file: Option<File>| match file {
            Some(file) => task.operation.is_source(target, &file),
            None => Ok(false),
        };
        if !self.is_beside(job, dir)? || !is_source(dir.file(target)?)? {
            return Ok(None);
        }
        let plan = task.operation.verb().plan;
        Ok(Some(format!(
            "a file to {plan} itself has the name of the result"
        )))
    }

    /// Returns whether sources can be in the directory of the result.
    fn is_beside(&self, job: &Job<'_>, dir: &Dir) -> io::Result<bool> {
        if self.task.mapping().mixes() {
            return Ok(true);
        }
        // A list names files anywhere.
        let own = Stat::from(&fs::metadata(parent(&job.place.source))?);
        let of_results = Stat::from(&dir.stat()?);
        Ok((own.device, own.inode) == (of_results.device, of_results.inode))
    }

    /// Refuses to replace a result that has the time of another source beside this one: `a.gfe` and `a.age` both open
    /// to `a`. If the file system of the results ignores case, `a` and `A` have one result too.
    pub(super) fn refuse_other_result(
        &self,
        job: &Job<'_>,
        dir: &Arc<Dir>,
        target: &OsStr,
    ) -> Result<(), Failure> {
        let is_of_other = || -> io::Result<bool> {
            let result = dir.see(target)?;
            let mut names = self.task.operation.sources_of(target);
            let sources = Dir::open(parent(&job.place.source))?;
            if dir.ignores_case_of(target)? {
                names.extend(in_other_case(job)?);
            }
            names.retain(|name| name != job.name);
            Ok(names.iter().any(|name| {
                let source = sources.see(name);
                let has_time =
                    |source: &Stat| self.task.update.has_time(self.task, source, &result, dir);
                source.is_ok_and(|source| source.is_file() && has_time(&source))
            }))
        };
        match is_of_other() {
            Ok(false) => Ok(()),
            Ok(true) => Err(of_another(&job.subjects.output)),
            Err(error) => Err(job.output_failed(&error)),
        }
    }

    /// Records that an existing result belongs to a source.
    pub(super) fn claim_unchanged(
        &self,
        job: &Job<'_>,
        dir: &Dir,
        target: &OsStr,
    ) -> Result<(), Failure> {
        let result = dir.see(target);
        let result = result.map_err(|error| job.output_failed(&error))?;
        if result.links > 1 {
            // It is known by its inode, which files of equal content may share.
            return Ok(());
        }
        let mut claims = self.task.shared.claims.hold();
        match claims.claim(&result, &Stat::from(&job.before)) {
            true => Ok(()),
            false => Err(of_another(&job.subjects.output)),
        }
    }
}

/// Returns the names beside the source that differ from its name only in case.
fn in_other_case(job: &Job<'_>) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(parent(&job.place.source))? {
        let name = entry?.file_name();
        if same_but_case(&name, job.name) {
            names.push(name);
        }
    }
    Ok(names)
}
