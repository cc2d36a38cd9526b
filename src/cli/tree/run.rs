//! One run over a tree: the threads that find files, process them and report the results.

use super::count::count_all;
use super::delete;
use super::find::{Batch, Finding, Item, Items, Kind, find_all};
use super::lock::Lock;
use super::mapping::Mapping;
use super::operation::Operation;
use super::outcome::{Outcome, What};
use super::report::Report;
use super::sources::{Extras, Wanted};
use super::task::Task;
use super::worker::{Worker, make_later};
use super::{spawn, update};
use crate::cli::args::WorkArgs;
use crate::cli::failure::{Failure, say, shown};
use crate::cli::secrets::pass_on_to_seal;
use crate::io::cleanup::{self, EndsItself};
use crossbeam::channel::{Receiver, Sender, bounded};
use signal_hook::consts::SIGTERM;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

/// The capacity of the channels to and from the workers, in files.
const WAITING: usize = 64;

/// The capacity of the channel to the `--update` comparison, in batches of files.
const WAITING_BATCHES: usize = 8;

/// The totals of a run.
pub struct Totals {
    pub files: u64,
    /// The length of the longest plaintext, in bytes.
    pub longest: u64,
}

/// Processes all files below `paths`.
pub fn run<'t>(task: &'t Task<'t>, paths: &[PathBuf], work: &WorkArgs) -> Result<Totals, Failure> {
    let tree = task.tree;
    let mapping = Mapping::new(paths, tree.output_dir.as_deref());
    let _ = task.mapping.set(mapping);
    let delete = task.delete.filter(|args| args.delete);
    delete::refuse_overlaps(task, delete.is_some(), paths)?;
    for dir in tree.output_dir.iter().chain(&tree.backup_dir) {
        if !tree.walk.dry_run {
            fs::create_dir_all(dir).map_err(|error| Failure::system(shown(dir), &error))?;
        }
    }
    let _lock = Lock::of(task, paths)?;
    let extras = Extras {
        directories: tree.output_dir.is_some() && !tree.walk.dry_run,
        links: tree.links,
        links_of_others: tree.links
            && delete.is_some()
            && tree.walk.shard.is_some()
            && !tree.walk.dry_run,
        excluded: work.verbose,
        unseen: tree.update && !tree.walk.follow,
    };
    let wanted = Wanted::new(&tree.walk, tree.output_dir.as_deref())?
        .without(tree.backup_dir.as_deref())
        .with(extras);
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
        EndsItself::new(&[SIGTERM], move |_| {
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
    let finding = Arc::new(Finding(task.counters.clone()));
    let told = thread::scope(|scope| {
        for _ in 0..task.jobs.get() {
            let (files, outcomes) = (file_rx.clone(), outcome_tx.clone());
            spawn(scope, "files", move || work_all(task, files, outcomes))?;
        }
        let file_tx = in_batches(scope, task, file_tx)?;
        let found = if tree.update {
            let (batch_tx, batch_rx) = bounded(WAITING_BATCHES);
            for _ in 0..task.jobs.get() {
                let (batches, files) = (batch_rx.clone(), file_tx.clone());
                let (outcomes, finding) = (outcome_tx.clone(), finding.clone());
                spawn(scope, "update", move || {
                    update::check_all(task, &batches, &files, &outcomes);
                    drop(finding);
                })?;
            }
            drop(file_tx);
            Items::Checked(Batch::default(), batch_tx)
        } else {
            Items::All(file_tx)
        };
        let wanted = &wanted;
        let (walked_tx, walked_rx) = bounded(0);
        // The count walks the PATHs a second time. A list can come from a pipe, which cannot be read twice.
        if display.is_shown() && tree.walk.files0_from.is_none() {
            spawn(scope, "count", move || {
                // The other walk reports errors.
                let _ = count_all(task, wanted, paths, &walked_rx);
            })?;
        }
        spawn(scope, "walk", move || {
            find_all(task, wanted, paths, found, outcome_tx);
            drop((finding, walked_tx));
        })?;
        drop(file_rx);
        tell_all(task, outcome_rx, &mut report)
    });
    told?;
    if let Some(args) = delete {
        delete::run(task, args, &mut report)?;
        for outcome in make_later(task) {
            report.tell(&outcome)?;
        }
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

/// If age plugins are needed, groups files into batches before they go to the workers. Returns the channel for new
/// files.
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

/// Returns a warning if many files have different salts, since each salt takes a key derivation.
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
    if task.tree.walk.json {
        worker = worker.with_parts(outcomes.clone());
    }
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
