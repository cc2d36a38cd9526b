//! What is done to a tree, and what its threads share.

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
use crate::io::stat::Stat;
use fetool::{CancelToken, all_cores, plain};
use std::ffi::OsStr;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{OnceLock, PoisonError};
use std::time::Instant;

/// What is done to files, in the words of messages.
#[derive(Clone, Copy)]
pub struct Verb {
    /// As a plan: "seal".
    pub plan: &'static str,
    /// In the past tense: "sealed".
    pub done: &'static str,
}

/// What is done to a tree.
pub struct Task<'a> {
    pub operation: Operation<'a>,
    pub tree: &'a TreeArgs,
    pub force: bool,
    pub sync: bool,
    pub quiet: bool,
    pub jobs: NonZeroUsize,
    pub stop: &'a CancelToken,
    /// What messages call the secret.
    pub key: SecretName,
    /// Files that are neither sealed nor opened: they hold the secrets.
    pub keys: Vec<FileId>,
    /// The list of files, which is none of them.
    pub(super) list: Option<FileId>,
    pub counters: Counters,
    pub shared: Shared,
    /// What tells results that are unchanged, with `--update`.
    pub update: Update,
    /// What becomes of results whose sources are gone.
    pub delete: Option<&'a DeleteArgs>,
    pub(super) mapping: OnceLock<Mapping>,
    /// After this, no file is started.
    deadline: Option<Instant>,
    /// That was the end of it.
    pub(super) is_left: AtomicBool,
    pub(super) verbose: bool,
    /// No other run works where the results go.
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

    /// How to do what an interrupted run has left undone.
    pub(super) fn resume(&self) -> &'static str {
        if self.tree.skip_existing || self.tree.remove_source || self.tree.update {
            "run the same command again to do the rest"
        } else if self.force {
            "run the same command again, which does all files anew"
        } else {
            "run the same command again with --skip-existing to do the rest"
        }
    }

    /// Whether the umask limits the modes of results: they are plaintext.
    pub(super) fn limits_modes(&self) -> bool {
        matches!(self.operation, Operation::Open { .. }) && !self.tree.perms
    }

    /// Whether an output that exists may be replaced.
    pub(super) fn replaces_outputs(&self) -> bool {
        self.force || self.tree.update
    }

    /// Whether an output that exists may be replaced, skipped or taken for the source's replacement.
    pub(super) fn claims_outputs(&self) -> bool {
        self.replaces_outputs() || self.tree.skip_existing || self.tree.remove_source
    }

    /// Whether the run ends before all is done.
    pub(super) fn is_ended(&self) -> bool {
        self.stop.is_stopped() || self.is_late()
    }

    /// Whether its time is up.
    fn is_late(&self) -> bool {
        let is_late = self.deadline.is_some_and(|end| Instant::now() >= end);
        if is_late {
            self.is_left.store(true, Ordering::Relaxed);
        }
        is_late
    }

    /// Where the results of each PATH go.
    pub(super) fn mapping(&self) -> &Mapping {
        self.mapping.get_or_init(Mapping::default)
    }

    /// Says once that a file system cannot keep modes, and goes on.
    pub(super) fn tolerate_modes(&self, done: io::Result<()>) -> io::Result<()> {
        self.tolerate(done, &self.shared.said_of_modes, "modes")
    }

    /// Says once that a file system cannot keep times, and goes on.
    pub(super) fn tolerate_times(&self, done: io::Result<()>) -> io::Result<()> {
        self.tolerate(done, &self.shared.said_of_times, "times")
    }

    /// Says once that a file system cannot keep extended attributes, and goes on.
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

    /// Counts what will not be as it was, and names it.
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

    /// Whether files that are unchanged are named.
    pub(super) fn tells_of_each(&self) -> bool {
        self.verbose || self.tree.walk.json
    }

    /// The directory that results are under, and the way from there to that of one.
    pub(super) fn target_dir<'p>(&'p self, place: &'p TreeEntry) -> (&'p Path, &'p Path) {
        match &self.tree.output_dir {
            Some(dir) => (dir, dir_of(&place.relative)),
            None => (&place.root, &place.below),
        }
    }

    /// The same for the results of all files of a directory.
    pub(super) fn target_dir_of<'p>(&'p self, dir: &'p SourceDir) -> (&'p Path, &'p Path) {
        match &self.tree.output_dir {
            Some(outputs) => (outputs, &dir.relative),
            None => (&dir.root, &dir.below),
        }
    }

    /// The path of a result.
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

    /// Whether results must be on the disk.
    pub(super) fn on_disk(&self) -> bool {
        self.sync || self.tree.remove_source
    }
}

/// The directory in a relative path; none for a name alone.
pub fn dir_of(relative: &Path) -> &Path {
    relative.parent().unwrap_or(Path::new(""))
}
