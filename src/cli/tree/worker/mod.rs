//! One file: done whole or not at all.

mod claims;
mod existing_target;
mod links;
mod make;
mod others;

pub use links::{link_of_other, make_later};

use super::counters::Current;
use super::entry::TreeEntry;
use super::operation::{NoTarget, is_marked};
use super::outcome::{Outcome, What};
use super::skip::Skip;
use super::task::{Task, dir_of};
use super::times;
use super::update::Verdict;
use crate::cli::failure::{Failure, Subjects, shown};
use crate::io::FileId;
use crate::io::access::Access;
use crate::io::dir::{Dir, parent};
use claims::Claims;
use crossbeam::channel::Sender;
use existing_target::exists_already;
use links::LateLink;
use nix::fcntl::OFlag;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Processes one file after the other; one for each thread.
pub struct Worker<'a> {
    task: &'a Task<'a>,
    /// Receives the damaged parts of files, for JSON.
    parts: Option<Sender<Outcome>>,
    /// Whether links can no longer wait.
    is_last: bool,
    /// The directories used last, which the next file often shares.
    source: Option<(PathBuf, Arc<Dir>)>,
    target: Option<(PathBuf, Arc<Dir>)>,
}

/// What all workers share.
#[derive(Default)]
pub struct Shared {
    /// Held while a big file is processed.
    big: Mutex<()>,
    /// Directories from which stale temporary files were removed.
    cleaned: Mutex<HashSet<PathBuf>>,
    /// The source of each output, for runs that do more with an existing one than fail.
    claims: Claims,
    /// Whether it was reported that the file system keeps no modes, and that it keeps no times.
    pub(super) said_of_modes: AtomicBool,
    pub(super) said_of_times: AtomicBool,
    pub(super) said_of_xattrs: AtomicBool,
    /// Whether it was reported that many salts take many derivations.
    pub(super) said_of_salts: AtomicBool,
    /// Held while links in the way of directories are removed.
    clearing: Mutex<()>,
    /// Links that wait, since directories are in their way.
    later: Mutex<Vec<LateLink>>,
    /// Damaged files that were salvaged, and how much of each.
    pub(super) salvaged: Mutex<Vec<(String, String)>>,
}

/// What ends the work on a file early.
enum End {
    Skipped(Skip),
    Failed(Failure),
    /// Something was done nevertheless.
    Done(What),
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A current file, and the names of it and its result in messages.
struct Job<'j> {
    place: &'j TreeEntry,
    file: File,
    before: Metadata,
    name: &'j OsStr,
    output: PathBuf,
    subjects: Subjects,
    current: &'j Current,
}

impl Job<'_> {
    /// Reports an error of the result.
    fn output_failed(&self, error: &io::Error) -> Failure {
        Failure::system(&self.subjects.output, error)
    }
}

impl<'a> Worker<'a> {
    pub fn new(task: &'a Task<'a>) -> Self {
        Self {
            task,
            parts: None,
            is_last: false,
            source: None,
            target: None,
        }
    }

    /// Reports damaged parts of files as JSON.
    pub fn with_parts(self, parts: Sender<Outcome>) -> Self {
        Self {
            parts: Some(parts),
            ..self
        }
    }

    /// Processes a file of `len` bytes.
    pub fn work(&mut self, place: &TreeEntry, len: u64, current: &Current) -> Outcome {
        let mut output = None;
        let what = match self.try_work(place, len, current, &mut output) {
            Ok(what) | Err(End::Done(what)) => what,
            Err(End::Skipped(skip)) => What::Skipped(skip),
            Err(End::Failed(failure)) => What::Failed(failure),
        };
        Outcome {
            path: place.source.clone(),
            output,
            named: place.named,
            what,
        }
    }

    fn try_work(
        &mut self,
        place: &TreeEntry,
        len: u64,
        current: &Current,
        output: &mut Option<PathBuf>,
    ) -> Result<What, End> {
        let task = self.task;
        let about = |error: io::Error| Failure::system(shown(&place.source), &error);
        let name = place.source.file_name().unwrap_or_default();
        let file = self.open(place, name).map_err(about)?;
        let mut before = file.metadata().map_err(about)?;
        if !before.is_file() {
            return Err(End::Skipped(Skip::Changed));
        }
        if times::wait_for_tick(&before) {
            before = file.metadata().map_err(about)?;
        }
        if FileId::of(&before).is_some_and(|id| task.keys.contains(&id)) {
            return Err(End::Skipped(Skip::Key));
        }
        if FileId::of(&before).is_some_and(|id| task.list == Some(id)) {
            return Err(End::Skipped(Skip::List));
        }
        let target = task
            .operation
            .target(name, &file)
            .map_err(|no| no_target(place, &file, no))?;
        if task.tree.remove_source
            && fs::symlink_metadata(&place.source)
                .map_err(about)?
                .is_symlink()
        {
            return Err(remove_link(place).into());
        }
        let target_path = task.target_path(place, &target);
        *output = Some(target_path.clone());
        let job = Job {
            place,
            file,
            before,
            name,
            subjects: Subjects {
                input: shown(&place.source),
                output: shown(&target_path),
                key: task.key.clone(),
            },
            output: target_path,
            current,
        };
        if task.tree.walk.dry_run {
            return self.plan(&job, &target);
        }
        self.make(&job, &target, len)
    }

    /// Returns what would be done, as far as that is known without doing it.
    fn plan(&self, job: &Job<'_>, target: &OsStr) -> Result<What, End> {
        let task = self.task;
        let exists = fs::symlink_metadata(&job.output).is_ok();
        let dir = || {
            let dir = Dir::open(parent(&job.output));
            dir.map(Arc::new).map_err(|e| job.output_failed(&e))
        };
        if exists && task.replaces_outputs() {
            let dir = dir()?;
            self.refuse_source(job, &dir, target)?;
        }
        if exists && task.tree.update {
            let dir = dir()?;
            let verdict = self.compare(job, &dir, target)?;
            if verdict == Verdict::Differs {
                self.refuse_other_result(job, &dir, target)?;
            }
            return Ok(match verdict {
                Verdict::Unchanged => What::Unchanged(1),
                Verdict::OtherAccess | Verdict::Differs => What::PlannedUpdate,
            });
        }
        match (exists && !task.force, task.tree.skip_existing) {
            (true, true) => Err(End::Skipped(Skip::Existing)),
            (true, false) if !task.tree.remove_source => Err(exists_already(job).into()),
            _ => Ok(What::Planned),
        }
    }

    fn open(&mut self, place: &TreeEntry, name: &OsStr) -> io::Result<File> {
        if self.task.tree.walk.follow || place.link {
            // A file that has become a FIFO must not block.
            let nonblocking = OFlag::O_NONBLOCK.bits();
            let mut open = OpenOptions::new();
            return open
                .read(true)
                .custom_flags(nonblocking)
                .open(&place.source);
        }
        let file = self.source_dir(place)?.file(name)?;
        file.ok_or_else(not_found)
    }

    /// Returns the directory of the source, which is reached through directories only.
    fn source_dir(&mut self, place: &TreeEntry) -> io::Result<&Arc<Dir>> {
        cached(&mut self.source, &place.root.join(&place.below), || {
            Dir::open(&place.root)?.enter(&place.below, None)
        })
    }

    /// Opens the directory of the result, creates it if necessary, and removes what killed runs left in it.
    fn enter_target(&mut self, place: &TreeEntry) -> io::Result<()> {
        let (root, below) = self.task.target_dir(place);
        let path = root.join(below);
        let shared = &self.task.shared;
        let limited = self.task.limits_modes();
        let access = |part: usize| access_of_source(place, part, limited);
        cached(&mut self.target, &path, || {
            let dir = if self.task.tree.walk.follow && self.task.tree.output_dir.is_none() {
                // Beside sources that links lead to.
                Dir::open(&path)?
            } else {
                self.task.enter(root, below, &access)?
            };
            let mut cleaned = shared
                .cleaned
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if self.task.tree.output_dir.is_some() {
                dir.allow_writing()?;
            }
            if cleaned.insert(path.clone()) {
                dir.remove_stale(self.task.is_alone.load(Ordering::Relaxed))?;
            }
            Ok(dir)
        })
        .and_then(|dir| self.task.keep_writable(dir))
    }
}

/// Returns the outcome for a file without a result.
fn no_target(place: &TreeEntry, file: &File, no: NoTarget) -> End {
    let shown = shown(&place.source);
    let system = |error| Failure::system(shown.clone(), &error).into();
    match no {
        NoTarget::Unreadable(error) => system(error),
        NoTarget::Damaged(error) => Failure::damaged_start(shown, &error).into(),
        // The user named the file, and another command can do the work.
        NoTarget::Skipped(Skip::NotSealed) if place.named => match is_marked(file) {
            Ok(true) => Failure::usage("the name has no suffix (.gfe, .dexios, .enc) to remove")
                .about(shown.clone())
                .hint("name the output of each such file: fetool open PATH -o FILE")
                .into(),
            Ok(false) => End::Skipped(Skip::NotSealed),
            Err(error) => system(error),
        },
        NoTarget::Skipped(skip) => End::Skipped(skip),
    }
}

/// A link is not the data: without it, the data would remain where it led.
fn remove_link(place: &TreeEntry) -> Failure {
    Failure::usage("symbolic link: --remove-source would not remove the file it points to")
        .about(shown(&place.source))
        .hint("name the file itself, or leave out --remove-source")
}

/// Returns the system's error.
fn not_found() -> io::Error {
    io::Error::from(nix::errno::Errno::ENOENT)
}

/// Returns the directory that was opened last, or opens another one.
fn cached<'c>(
    cache: &'c mut Option<(PathBuf, Arc<Dir>)>,
    path: &Path,
    open: impl FnOnce() -> io::Result<Dir>,
) -> io::Result<&'c Arc<Dir>> {
    if cache.as_ref().is_none_or(|(cached, _)| cached != path) {
        *cache = None;
        *cache = Some((path.to_owned(), Arc::new(open()?)));
    }
    let (_, dir) = cache.as_ref().expect("it was just opened");
    Ok(dir)
}

/// Returns the access for the `part`th directory that is made under the output directory: that of the corresponding
/// source directory, with write permission for the user.
fn access_of_source(place: &TreeEntry, part: usize, limited: bool) -> Access {
    // Both paths end in the same parts.
    let depth = dir_of(&place.relative).components().count();
    let up = depth.saturating_sub(part + 1);
    let source = parent(&place.source).ancestors().nth(up);
    let source = source.map(|source| {
        if source.as_os_str().is_empty() {
            Path::new(".")
        } else {
            source
        }
    });
    let access = source.and_then(|source| {
        let metadata = fs::metadata(source).ok()?;
        Some(Access::of_directory(source, &metadata, limited))
    });
    access.unwrap_or_else(Access::of_new_directory)
}
