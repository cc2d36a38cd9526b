//! Whole trees: each file by itself, many at a time.
//!
//! One thread finds the files and hands them to workers through a short queue; each worker takes one
//! file after the other. Small files are done by one worker each, side by side; a big one gets all
//! the cores, while the other workers go on with small ones. What became of each file is told by the
//! thread that started all this. Memory is bounded by the number of workers, not of files,
//! but for 20 to 40 bytes a file where outputs may be replaced or skipped (`one/claims.rs`).

mod args;
mod counters;
mod delete;
mod directories;
mod entry;
mod excludes;
mod lengths;
mod lock;
mod mapping;
mod operation;
mod report;
mod set_aside;
mod skip;
mod sources;
mod times;
mod update;
mod worker;

pub use args::{TreeArgs, WalkArgs};
pub use counters::Counters;
pub use delete::DeleteArgs;
pub use entry::{TreeEntry, has_sealed_suffix, named as named_entry, of_suffix};
pub use operation::{Operation, has_magic, is_marked};
pub use report::{Outcome, Report, What};
pub use skip::{Skip, Skips};
pub use sources::{Found, Wanted};
pub use update::Update;

use super::args::WorkArgs;
use super::failure::{Failure, SecretName, say, shown};
use super::secrets::pass_on_to_seal;
use super::work::{needs_tree, single};
use crate::io::FileId;
use crate::io::access::is_unsupported;
use crate::io::cleanup::{self, EndsItself};
use crossbeam::channel::{Receiver, Sender, bounded};
use directories::{Directories, Directory};
use fetool::{CancelToken, all_cores, plain};
use lock::Lock;
use mapping::Mapping;
use signal_hook::consts::SIGTERM;
use sources::{Extra, Extras};
use std::ffi::OsStr;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
use std::thread;
use std::time::Instant;
use std::{fs, io};
use worker::{Shared, Worker};

/// What is done to files, in the words of messages.
#[derive(Clone, Copy)]
pub struct Verb {
    /// As a plan: "seal".
    pub plan: &'static str,
    /// In the past tense: "sealed".
    pub done: &'static str,
}

/// Files that wait for a worker.
const WAITING: usize = 64;

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
    list: Option<FileId>,
    pub counters: Counters,
    pub shared: Shared,
    /// What tells results that are unchanged, with `--update`.
    pub update: Update,
    /// What becomes of results whose sources are gone.
    pub delete: Option<&'a DeleteArgs>,
    mapping: OnceLock<Mapping>,
    /// After this, no file is started.
    deadline: Option<Instant>,
    /// That was the end of it.
    is_left: AtomicBool,
    verbose: bool,
}

/// A file that waits for a worker.
pub struct Item<'t> {
    place: TreeEntry,
    len: u64,
    kind: Kind,
    /// The directory that is finished when all that is in it is done.
    _directory: Option<Arc<Directory<'t>>>,
}

/// What waits for a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    /// A symbolic link, which is made anew.
    Link,
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
        }
    }

    /// How to do what an interrupted run has left undone.
    fn resume(&self) -> &'static str {
        if self.tree.skip_existing || self.tree.remove_source || self.tree.update {
            "run the same command again to do the rest"
        } else if self.force {
            "run the same command again, which does all files anew"
        } else {
            "run the same command again with --skip-existing to do the rest"
        }
    }

    /// Whether the umask limits the modes of results: they are plaintext.
    fn limits_modes(&self) -> bool {
        matches!(self.operation, Operation::Open { .. }) && !self.tree.perms
    }

    /// Whether an output that exists may be replaced.
    fn replaces_outputs(&self) -> bool {
        self.force || self.tree.update
    }

    /// Whether an output that exists may be replaced, skipped or taken for the source's replacement.
    fn claims_outputs(&self) -> bool {
        self.replaces_outputs() || self.tree.skip_existing || self.tree.remove_source
    }

    /// Whether the run ends before all is done.
    fn is_ended(&self) -> bool {
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
    fn mapping(&self) -> &Mapping {
        self.mapping.get_or_init(Mapping::default)
    }

    /// Says once that a file system cannot keep modes, and goes on.
    fn tolerate_modes(&self, done: io::Result<()>) -> io::Result<()> {
        self.tolerate(done, &self.shared.said_of_modes, "modes")
    }

    /// Says once that a file system cannot keep times, and goes on.
    fn tolerate_times(&self, done: io::Result<()>) -> io::Result<()> {
        self.tolerate(done, &self.shared.said_of_times, "times")
    }

    /// Says once that a file system cannot keep extended attributes, and goes on.
    fn tolerate_xattrs(&self, done: io::Result<()>) -> io::Result<()> {
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
    fn count_oddities(&self, place: &TreeEntry) {
        let is_odd = place.found.links > 1 || place.found.has_holes();
        let name = place.source.file_name().unwrap_or_default();
        if !is_odd || self.operation.target_by_name(name).is_none() {
            return;
        }
        let say_of = |what: &str| {
            if self.verbose {
                say(Some(&shown(&place.source)), what);
            }
        };
        if place.found.links > 1 {
            self.counters.hard_link();
            say_of(&format!("has {} names (hard links)", place.found.links));
        }
        if place.found.has_holes() {
            self.counters.hole();
            say_of("has holes");
        }
    }

    /// Whether files that are unchanged are named.
    fn tells_of_each(&self) -> bool {
        self.verbose || self.tree.walk.json
    }

    /// The directory that results are under, and the way from there to that of one.
    fn target_dir<'p>(&'p self, place: &'p TreeEntry) -> (&'p Path, &'p Path) {
        match &self.tree.output_dir {
            Some(dir) => (dir, dir_of(&place.relative)),
            None => (&place.root, &place.below),
        }
    }

    /// The path of a result.
    fn target_path(&self, place: &TreeEntry, target: &OsStr) -> PathBuf {
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
    fn on_disk(&self) -> bool {
        self.sync || self.tree.remove_source
    }
}

/// The directory in a relative path; none for a name alone.
fn dir_of(relative: &Path) -> &Path {
    relative.parent().unwrap_or(Path::new(""))
}

/// Returns the one PATH, or none, where trees are not worked on.
pub fn only_path<'a>(paths: &'a [PathBuf], tree: &TreeArgs) -> Result<Option<&'a Path>, Failure> {
    match tree.tree_only_option() {
        Some(option) => Err(needs_tree(option)),
        None => single(paths),
    }
}

/// What went through in one run.
pub struct Totals {
    pub files: u64,
    /// The longest plaintext.
    pub longest: u64,
}

/// Works on all files.
pub fn run<'t>(task: &'t Task<'t>, paths: &[PathBuf], work: &WorkArgs) -> Result<Totals, Failure> {
    let tree = task.tree;
    for dir in tree.output_dir.iter().chain(&tree.backup_dir) {
        if !tree.walk.dry_run {
            fs::create_dir_all(dir).map_err(|error| Failure::system(shown(dir), &error))?;
        }
    }
    let _ = task.mapping.set(Mapping::new(paths));
    let delete = task.delete.filter(|args| args.delete);
    delete::refuse_overlaps(task, delete.is_some(), paths)?;
    let _lock = Lock::of(task, paths)?;
    let extras = Extras {
        directories: tree.output_dir.is_some() && !tree.walk.dry_run,
        links: tree.links,
        excluded: work.verbose,
    };
    let wanted = Wanted::new(&tree.walk, tree.output_dir.as_deref())?.with(extras);
    let mut report = Report::new(
        task.operation.verb(),
        &tree.walk,
        work,
        &task.counters,
        task.resume(),
    )?
    .with_updates(tree.update, delete.is_some());
    let display = task.counters.show(work);
    let (file_tx, file_rx) = bounded::<Item<'t>>(WAITING);
    let (outcome_tx, outcome_rx) = bounded::<Outcome>(WAITING);
    let ends_itself = {
        let (stop, quiet) = (task.stop.clone(), task.quiet);
        EndsItself::new(move || {
            if !quiet {
                say(
                    None,
                    "ending after the files in work; a second SIGTERM ends at once",
                );
            }
            stop.stop();
        })
        .map_err(Failure::from_system)?
    };
    let told = thread::scope(|scope| {
        for _ in 0..task.jobs.get() {
            let (files, outcomes) = (file_rx.clone(), outcome_tx.clone());
            spawn(scope, "files", move || work_all(task, files, outcomes))?;
        }
        let file_tx = in_batches(scope, task, file_tx)?;
        let found = if tree.update {
            let (batch_tx, batch_rx) = bounded(WAITING);
            for _ in 0..task.jobs.get() {
                let (batches, files) = (batch_rx.clone(), file_tx.clone());
                let outcomes = outcome_tx.clone();
                let check = move || update::check_all(task, &batches, &files, &outcomes);
                spawn(scope, "update", check)?;
            }
            drop(file_tx);
            Items::Checked(Vec::new(), batch_tx)
        } else {
            Items::All(file_tx)
        };
        let wanted = &wanted;
        spawn(scope, "walk", move || {
            find_all(task, wanted, paths, found, outcome_tx);
        })?;
        drop(file_rx);
        tell_all(task, outcome_rx, &mut report)
    });
    told?;
    if let Some(args) = delete {
        delete::run(task, args, &mut report)?;
    }
    drop(display);
    if ends_itself.was_asked() {
        cleanup::die_of(SIGTERM);
    }
    if task.is_left.load(Ordering::Relaxed) {
        report.is_left(tree.time.unwrap_or_default(), task.resume());
    }
    let totals = Totals {
        files: report.files(),
        longest: report.longest(),
    };
    report.end().map(|()| totals)
}

/// Refuses options that make no sense in a tree, each with what to do instead, and a tree without
/// files.
pub fn refuse_in_trees(
    stray: &[(bool, &str, &str)],
    paths: &[PathBuf],
    tree: &WalkArgs,
) -> Result<(), Failure> {
    if let Some((_, option, instead)) = stray.iter().find(|(given, ..)| *given) {
        let refused = format!("{option} cannot be used with -r or --files0-from");
        return Err(Failure::usage(refused).hint(*instead));
    }
    match (paths.is_empty(), &tree.files0_from) {
        (true, None) => Err(Failure::usage("-r needs a PATH")),
        (false, Some(_)) => Err(Failure::usage("PATHs cannot be used with --files0-from")),
        _ => Ok(()),
    }
}

/// Fails where there is nothing to work on, before anybody is asked for a passphrase.
pub fn some_path_exists(paths: &[PathBuf]) -> Result<(), Failure> {
    let mut missing = Vec::new();
    for path in paths {
        match fs::metadata(path) {
            Err(error) if fs::symlink_metadata(path).is_err() => {
                missing.push(Failure::system(shown(path), &error));
            }
            _ => return Ok(()),
        }
    }
    let Some(last) = missing.pop() else {
        return Ok(());
    };
    missing.iter().for_each(Failure::print);
    Err(last)
}

/// Whether standard input is the list of files.
pub fn list_on_stdin(tree: &WalkArgs) -> bool {
    let list = tree.files0_from.as_deref();
    list.is_some_and(|list| list.as_os_str() == "-")
}

/// Which file the list of files is.
pub fn list_id(tree: &WalkArgs) -> Option<FileId> {
    let list = tree.files0_from.as_deref()?;
    if list.as_os_str() == "-" {
        FileId::of_descriptor(0)
    } else {
        FileId::of_path(list)
    }
}

/// Starts a thread of a tree's work.
pub fn spawn<'s, 'e>(
    scope: &'s thread::Scope<'s, 'e>,
    name: &str,
    work: impl FnOnce() + Send + 's,
) -> Result<(), Failure> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn_scoped(scope, work)
        .map(drop)
        .map_err(Failure::from_system)
}

/// Where there are plugins of age, has files go to the workers in batches.
fn in_batches<'s, 'e, 't: 's>(
    scope: &'s thread::Scope<'s, 'e>,
    task: &'t Task<'t>,
    files: Sender<Item<'t>>,
) -> Result<Sender<Item<'t>>, Failure> {
    let needs_plugins = match &task.operation {
        Operation::Open { keys, .. } => keys.may_need_plugins(),
        Operation::Seal { recipients, .. } => {
            recipients.iter().any(|one| one.as_plugin().is_some())
        }
    };
    if task.tree.walk.dry_run || !needs_plugins {
        return Ok(files);
    }
    let (batch_tx, batch_rx) = bounded(WAITING);
    spawn(scope, "batches", move || match &task.operation {
        Operation::Open { keys, .. } => {
            keys.pass_on(&batch_rx, &files, |item: &Item| Some(&item.place.source));
        }
        Operation::Seal { recipients, .. } => {
            pass_on_to_seal(recipients, &batch_rx, &files);
        }
    })?;
    Ok(batch_tx)
}

/// Where files go that were found.
enum Items<'t> {
    /// To the workers.
    All(Sender<Item<'t>>),
    /// To those who pass on what has changed, many at a time.
    Checked(Vec<Item<'t>>, Sender<Vec<Item<'t>>>),
}

impl<'t> Items<'t> {
    /// Returns whether somebody takes files.
    fn send(&mut self, item: Item<'t>) -> bool {
        match self {
            Self::All(files) => files.send(item).is_ok(),
            Self::Checked(batch, _) => {
                batch.push(item);
                batch.len() < update::BATCH || self.flush()
            }
        }
    }

    fn flush(&mut self) -> bool {
        match self {
            Self::All(_) => true,
            Self::Checked(batch, batches) => batches.send(std::mem::take(batch)).is_ok(),
        }
    }
}

/// Finds files until there are no more, or nobody wants them.
fn find_all<'t>(
    task: &'t Task<'t>,
    wanted: &Wanted<'_>,
    paths: &[PathBuf],
    mut files: Items<'t>,
    outcomes: Sender<Outcome>,
) {
    let mut directories = Directories::new(task, outcomes.clone());
    let found = wanted.find(paths, &mut |found| {
        let sent = match found {
            Found::File(place, len) => {
                task.counters.found(len);
                task.count_oddities(&place);
                files.send(Item {
                    _directory: directories.of(&place),
                    kind: Kind::File,
                    place,
                    len,
                })
            }
            Found::Extra(Extra::Link(place)) => {
                task.counters.found(0);
                files.send(Item {
                    _directory: directories.of(&place),
                    kind: Kind::Link,
                    place,
                    len: 0,
                })
            }
            Found::Extra(Extra::Directory(entry)) => {
                directories.enter(entry);
                true
            }
            Found::Extra(extra) => {
                let outcome = Outcome::excluded(extra);
                outcome.is_none_or(|outcome| outcomes.send(outcome).is_ok())
            }
            Found::Skipped(path, skip, named) => {
                outcomes.send(Outcome::skipped(&path, skip, named)).is_ok()
            }
            Found::Failed(path, failure) => outcomes.send(Outcome::failed(&path, failure)).is_ok(),
        };
        if sent && !task.is_ended() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    drop(directories);
    files.flush();
    task.counters.found_all();
    if let Err(failure) = found {
        // The list of files itself.
        let list = task.tree.walk.files0_from.clone().unwrap_or_default();
        let _ = outcomes.send(Outcome::failed(&list, failure));
    }
}

/// What to say where every file has a salt of its own: opening them takes a derivation each.
fn many_salts(salts: u64) -> Option<String> {
    const MANY: u64 = 1000;
    (salts >= MANY).then(|| {
        format!(
            "warning: more than {} different salts: each of these files takes a key derivation of its \
             own; files that one 'fetool seal -r' sealed share a salt",
            MANY - 1
        )
    })
}

fn work_all<'t>(task: &'t Task<'t>, files: Receiver<Item<'t>>, outcomes: Sender<Outcome>) {
    let mut worker = Worker::new(task);
    for item in files {
        if task.is_ended() {
            return;
        }
        let current = task.counters.start(&item.place.source, item.len);
        let outcome = match item.kind {
            Kind::File => worker.work(&item.place, item.len, &current),
            Kind::Link => worker.link(&item.place),
        };
        drop(current);
        if let Operation::Open { keys, .. } = &task.operation
            && let Some(warning) = many_salts(keys.derivations())
            && !task.quiet
            && !task.shared.said_of_salts.swap(true, Ordering::Relaxed)
        {
            say(None, &warning);
        }
        if outcomes.send(outcome).is_err() {
            return;
        }
    }
}

fn tell_all(
    task: &Task<'_>,
    outcomes: Receiver<Outcome>,
    report: &mut Report,
) -> Result<(), Failure> {
    for outcome in outcomes {
        let told = report.tell(&outcome);
        let failed = matches!(outcome.what, What::Failed(_));
        if told.is_err() || (failed && task.tree.walk.fail_fast) {
            task.stop.stop();
        }
        told?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_salts_are_told() {
        assert_eq!(many_salts(999), None);
        let warning = many_salts(1000).expect("these are many");
        let says = "warning: more than 999 different salts: each of these files takes a key derivation \
                    of its own; files that one 'fetool seal -r' sealed share a salt";
        assert_eq!(warning, says);
    }
}
