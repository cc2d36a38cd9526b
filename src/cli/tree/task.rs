//! The work on a tree, and what its threads share.

use super::TreeArgs;
use super::counters::Counters;
use super::delete::DeleteArgs;
use super::entry::{SourceDir, TreeEntry};
use super::list_id;
use super::mapping::Mapping;
use super::operation::Operation;
use super::update::Update;
use super::worker::Shared;
use crate::cli::args::WorkArgs;
use crate::cli::failure::{SecretName, say, shown};
use crate::io::FileId;
use crate::io::access::is_unsupported;
use crate::io::dir::Dir;
use crate::io::stat::Stat;
use fetool::{CancelToken, all_cores, plain};
use std::ffi::OsStr;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{OnceLock, PoisonError};
use std::time::Instant;

/// The verb in messages.
#[derive(Clone, Copy)]
pub struct Verb {
    /// As a plan: "seal".
    pub plan: &'static str,
    /// In the past tense: "sealed".
    pub done: &'static str,
}

/// The work on a tree.
pub struct Task<'a> {
    pub operation: Operation<'a>,
    pub tree: &'a TreeArgs,
    pub force: bool,
    pub sync: bool,
    pub quiet: bool,
    pub jobs: NonZeroUsize,
    pub stop: &'a CancelToken,
    /// The secret's name in messages.
    pub key: SecretName,
    /// Files with the secrets, which are neither sealed nor opened.
    pub keys: Vec<FileId>,
    /// The list of files, which is not sealed or opened either.
    pub(super) list: Option<FileId>,
    pub counters: Counters,
    pub shared: Shared,
    /// Finds unchanged results, with `--update`.
    pub update: Update,
    /// How to treat results whose sources are gone.
    pub delete: Option<&'a DeleteArgs>,
    pub(super) mapping: OnceLock<Mapping>,
    /// No file is started after this.
    deadline: Option<Instant>,
    /// Whether the deadline ended the run.
    pub(super) is_left: AtomicBool,
    pub(super) verbose: bool,
    /// Whether no other run works in the directory of the results.
    pub(super) is_alone: AtomicBool,
}

impl<'a> Task<'a> {
    pub fn new(
        operation: Operation<'a>,
        tree: &'a TreeArgs,
        work: &WorkArgs,
        stop: &'a CancelToken,
    ) -> Self {
        Self {
            operation,
            tree,
            force: false,
            sync: false,
            quiet: work.quiet,
            jobs: work.jobs().unwrap_or_else(all_cores),
            stop,
            key: SecretName::default(),
            keys: Vec::new(),
            list: list_id(&tree.walk),
            counters: Counters::default(),
            shared: Shared::default(),
            update: Update::default(),
            delete: None,
            mapping: OnceLock::new(),
            deadline: tree.time.and_then(|time| Instant::now().checked_add(time)),
            is_left: AtomicBool::new(false),
            verbose: work.verbose,
            is_alone: AtomicBool::new(false),
        }
    }

    /// Returns how to do the rest after an interrupted run.
    pub(super) fn resume(&self) -> &'static str {
        if self.tree.skip_existing || self.tree.remove_source || self.tree.update {
            "run the same command again to do the rest"
        } else if self.force {
            "run the same command again, which does all files anew"
        } else {
            "run the same command again with --skip-existing to do the rest"
        }
    }

    /// Returns whether the umask limits the modes of results, which are plaintext.
    pub(super) fn limits_modes(&self) -> bool {
        matches!(self.operation, Operation::Open { .. }) && !self.tree.perms
    }

    /// Returns whether an existing output may be replaced.
    pub(super) fn replaces_outputs(&self) -> bool {
        self.force || self.tree.update
    }

    /// Returns whether an existing output may be replaced, skipped or accepted as the source's replacement.
    pub(super) fn claims_outputs(&self) -> bool {
        self.replaces_outputs() || self.tree.skip_existing || self.tree.remove_source
    }

    /// Returns whether the run must end early.
    pub(super) fn is_ended(&self) -> bool {
        self.stop.is_stopped() || self.is_late()
    }

    /// Returns whether the time is up.
    fn is_late(&self) -> bool {
        let is_late = self.deadline.is_some_and(|end| Instant::now() >= end);
        if is_late {
            self.is_left.store(true, Ordering::Relaxed);
        }
        is_late
    }

    /// Returns where the results of each PATH go.
    pub(super) fn mapping(&self) -> &Mapping {
        self.mapping.get_or_init(Mapping::default)
    }

    /// Ignores that a file system cannot keep modes, with one warning.
    pub(super) fn tolerate_modes(&self, done: io::Result<()>) -> io::Result<()> {
        self.tolerate(done, &self.shared.said_of_modes, "modes")
    }

    /// Ignores that a file system cannot keep times, with one warning.
    pub(super) fn tolerate_times(&self, done: io::Result<()>) -> io::Result<()> {
        self.tolerate(done, &self.shared.said_of_times, "times")
    }

    /// Ignores that a file system cannot keep extended attributes, with one warning.
    pub(super) fn tolerate_xattrs(&self, done: io::Result<()>) -> io::Result<()> {
        self.tolerate(done, &self.shared.said_of_xattrs, "extended attributes")
    }

    fn tolerate(&self, done: io::Result<()>, said: &AtomicBool, what: &str) -> io::Result<()> {
        match done {
            Err(error) if is_unsupported(&error) => {
                if !said.swap(true, Ordering::Relaxed) && !self.quiet {
                    let error = plain(&error);
                    say(
                        None,
                        &format!(
                            "warning: cannot set {what} of files on this file system: {error}"
                        ),
                    );
                }
                Ok(())
            }
            done => done,
        }
    }

    /// Counts properties that are not preserved, and names the file.
    pub(super) fn count_oddities(&self, source: &Path, found: &Stat) {
        let is_odd = found.links > 1 || found.has_holes();
        let name = source.file_name().unwrap_or_default();
        if !is_odd || self.operation.target_by_name(name).is_none() {
            return;
        }
        let say_of = |what: &str| {
            if self.verbose {
                say(Some(&shown(source)), what);
            }
        };
        if found.links > 1 {
            self.counters.hard_link();
            say_of(&format!("has {} names (hard links)", found.links));
        }
        if found.has_holes() {
            self.counters.hole();
            say_of("has holes");
        }
    }

    /// Returns whether unchanged files are named.
    pub(super) fn tells_of_each(&self) -> bool {
        self.verbose || self.tree.walk.json
    }

    /// Returns the root directory of a result, and the path from there to its directory.
    pub(super) fn target_dir<'p>(&'p self, place: &'p TreeEntry) -> (&'p Path, &'p Path) {
        match &self.tree.output_dir {
            Some(dir) => (dir, dir_of(&place.relative)),
            None => (&place.root, &place.below),
        }
    }

    /// Does the same for the results of all files of a directory.
    pub(super) fn target_dir_of<'p>(&'p self, dir: &'p SourceDir) -> (&'p Path, &'p Path) {
        match &self.tree.output_dir {
            Some(outputs) => (outputs, &dir.relative),
            None => (&dir.root, &dir.below),
        }
    }

    /// Lets files be created in a directory of results. Another part's run (--shard) has made it read-only, as its
    /// source is, if it was done with it first.
    pub(super) fn keep_writable(&self, dir: &Dir) -> io::Result<()> {
        if self.tree.output_dir.is_some() && self.tree.walk.shard.is_some() {
            dir.allow_writing()?;
        }
        Ok(())
    }

    /// Returns the path of a result.
    pub(super) fn target_path(&self, place: &TreeEntry, target: &OsStr) -> PathBuf {
        match &self.tree.output_dir {
            Some(dir) => dir.join(&place.relative).with_file_name(target),
            None => place.source.with_file_name(target),
        }
    }

    /// Returns the damaged files that were salvaged, and how much of each.
    pub fn salvaged(&self) -> Vec<(String, String)> {
        let salvaged = self.shared.salvaged.lock();
        let mut salvaged = salvaged.unwrap_or_else(PoisonError::into_inner).clone();
        salvaged.sort();
        salvaged
    }

    /// Returns whether results must be fsynced.
    pub(super) fn on_disk(&self) -> bool {
        self.sync || self.tree.remove_source
    }
}

/// Returns the directory of a relative path; empty for a name alone.
pub fn dir_of(relative: &Path) -> &Path {
    relative.parent().unwrap_or(Path::new(""))
}
