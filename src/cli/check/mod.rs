//! `fetool check`: authenticates sealed files, or checks their structure, and writes nothing.

mod compare;
mod find;
mod one;
mod record;
mod report;
mod select;

use super::args::{ReadArgs, RefuseArgs, SecretArgs, WorkArgs};
use super::failure::Failure;
use super::manual;
use super::secrets::keys::Keys;
use super::secrets::{Purpose, SecretSource};
use super::tree::{
    Counters, WalkArgs, list_id, list_on_stdin, refuse_in_trees, some_path_exists, spawn,
};
use super::work::{Source, all_paths_exist, needs_tree};
use crate::io::cleanup::{self, EndsItself, LastWords};
use clap::ValueHint;
use compare::{Lists, Update};
use crossbeam::channel::{Receiver, bounded, select};
use fetool::{CancelToken, all_cores};
use find::{Finder, Item, Job};
use one::{Checker, Outcome, What};
use report::Report;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// Check that sealed files are authentic, and write nothing
///
/// Reads PATHs, or standard input, to the end. With a secret, fetool authenticates every byte. Without
/// one it checks the structure only, which finds files that were cut short and little else. Prints a
/// line for each bad file and a summary on standard error.
#[derive(clap::Args)]
#[command(after_help = manual::CHECK_EXAMPLES)]
pub struct Args {
    /// The files; '-' or nothing is standard input. With -r, files and directories
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    secret: SecretArgs,

    #[command(flatten)]
    read: ReadArgs,

    #[command(flatten)]
    refuse: RefuseArgs,

    /// Write a list of the files to FILE: size, time, BLAKE3 and result of each
    ///
    /// If FILE exists, fetool compares with it as --since does, and updates it: files that this run does
    /// not check keep their entries. FILE is replaced as a whole.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Lists")]
    record: Option<PathBuf>,

    /// Compare with the list in FILE, which an earlier --record wrote
    ///
    /// Reports files whose content differs although their size and time do not (silent corruption) and,
    /// with -r, files that are missing. Counts those that changed or are new.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Lists")]
    since: Option<PathBuf>,

    /// Start no further file after TIME, such as 2h or 90m
    ///
    /// Requires --record. Files that were never checked come first, then those that were checked
    /// longest ago, so that the next run continues where this one stops.
    #[arg(
        long = "for",
        value_name = "TIME",
        value_parser = humantime::parse_duration,
        help_heading = "Lists"
    )]
    time: Option<Duration>,

    #[command(flatten)]
    walk: WalkArgs,

    #[command(flatten)]
    work: WorkArgs,
}

/// The capacity of the channels between the threads, in items.
const WAITING: usize = 64;

pub fn run(args: &Args) -> Result<(), Failure> {
    let sources = sources(args)?;
    let plans = plans(args)?;
    let stdin = sources.contains(&Source::Stdin) || list_on_stdin(&args.walk);
    SecretSource::check_stdin(&plans, stdin)?;
    if args.walk.wanted() {
        some_path_exists(&args.paths)?;
    }
    if plans.iter().any(SecretSource::asks) {
        all_paths_exist(sources.iter().filter_map(Source::path))?;
        all_paths_exist(&args.paths)?;
    }
    let header = args.read.detached()?;
    let lists = Lists::open(
        args.record.as_deref(),
        args.since.as_deref(),
        args.walk.dry_run,
    )?;
    let only = match &sources[..] {
        [source] => source.path(),
        _ => None,
    };
    let keys = match &plans[..] {
        [] => None,
        plans => Some(Keys::load(plans, Purpose::Open(only), &args.work)?),
    };
    let key_files = plans.iter().flat_map(SecretSource::files);
    let checker = Checker {
        args,
        keys,
        header,
        hashes: lists.are_used(),
        skipped: key_files.collect(),
        list: list_id(&args.walk),
        jobs: args.work.jobs().unwrap_or_else(all_cores),
        cancel: CancelToken::new(),
        counters: Counters::default(),
        big: Mutex::default(),
    };
    let _last_words = (!args.work.quiet && !args.walk.dry_run)
        .then(|| last_words(&checker.counters))
        .transpose()?;
    let teller = Teller {
        report: Report::new(args, checker.keys.is_some()),
        update: lists.update(args.walk.dry_run)?,
        counters: checker.counters.clone(),
    };
    match &sources[..] {
        [source] => check_one(checker, source, &lists, teller),
        _ => check_all(checker, &sources, &lists, teller),
    }
}

/// Prints the number of checked files if a signal ends the run.
fn last_words(counters: &Counters) -> Result<LastWords, Failure> {
    let counters = counters.clone();
    let words = move || {
        let files = counters.describe("checked");
        format!("fetool: interrupted: {files}\n")
    };
    LastWords::new(words).map_err(Failure::from_system)
}

/// Returns the files to check; none if directory trees are checked.
fn sources(args: &Args) -> Result<Vec<Source>, Failure> {
    if args.time.is_some() && args.record.is_none() {
        return Err(Failure::usage("--for requires --record FILE"));
    }
    let header = args.read.header.is_some();
    if args.walk.wanted() {
        let stray = [(header, "--header", "each file has a header of its own")];
        refuse_in_trees(&stray, &args.paths, &args.walk)?;
        return Ok(Vec::new());
    }
    match args.walk.tree_only_option() {
        None | Some("--json") => {}
        Some(option) => return Err(needs_tree(option)),
    }
    if header && args.paths.len() > 1 {
        return Err(Failure::usage("--header requires a single PATH"));
    }
    let sources: Vec<Source> = match &args.paths[..] {
        [] => vec![Source::Stdin],
        paths => paths.iter().map(|path| Source::new(Some(path))).collect(),
    };
    let on_stdin = sources.iter().filter(|source| source.is_stdin()).count();
    if on_stdin > 1 {
        return Err(Failure::usage("standard input can be checked only once"));
    }
    if on_stdin > 0 && (args.record.is_some() || args.since.is_some()) {
        return Err(Failure::usage(
            "--record and --since require PATHs: standard input has no name to list",
        ));
    }
    Ok(sources)
}

/// Returns the sources of the secrets. There may be none: then only the structure is checked.
fn plans(args: &Args) -> Result<Vec<SecretSource>, Failure> {
    let given = SecretSource::given(&args.secret)?;
    match given.is_empty() && args.secret.kdf.is_none() {
        true => Ok(given),
        false => SecretSource::to_open(&args.secret),
    }
}

/// Checks a single file with all workers. After a wrong passphrase, asks for it again.
fn check_one(
    mut checker: Checker<'_>,
    source: &Source,
    lists: &Lists,
    mut teller: Teller<'_>,
) -> Result<(), Failure> {
    let args = checker.args;
    let display = checker.counters.show(&args.work);
    let outcome = match Finder::named(source, &checker.counters) {
        Item::Outcome(outcome) => outcome,
        Item::Job(job) => loop {
            let outcome = checker.check(&job);
            if let What::Checked(_, Err(failure)) = &outcome.what
                && job.can_be_repeated()
                && let Some(keys) = &mut checker.keys
                && keys.ask_again(failure)?
            {
                continue;
            }
            break outcome;
        },
    };
    drop(display);
    teller.tell(outcome)?;
    teller.end(args, lists)
}

/// Sends the first signal that would end the run through a channel, so that the list can be written first.
fn saved_at_signals() -> io::Result<(EndsItself, Receiver<i32>)> {
    let (signal_tx, signal_rx) = bounded(1);
    let ends_itself = EndsItself::new(&[SIGTERM, SIGINT, SIGHUP], move |signal| {
        let _ = signal_tx.try_send(signal);
    })?;
    Ok((ends_itself, signal_rx))
}

/// Checks many files in parallel.
fn check_all(
    mut checker: Checker<'_>,
    sources: &[Source],
    lists: &Lists,
    mut teller: Teller<'_>,
) -> Result<(), Failure> {
    let args = checker.args;
    let keys = checker.keys.take();
    checker.keys = keys.map(|keys| keys.for_many_files_within(args.read.max_memory));
    let checker = &checker;
    let deadline = args.time.and_then(|time| Instant::now().checked_add(time));
    let finder = Finder::new(args, lists, &checker.counters)?;
    let display = checker.counters.show(&args.work);
    let (job_tx, job_rx) = bounded::<Job>(WAITING);
    let (outcome_tx, outcome_rx) = bounded::<Outcome>(WAITING);
    let saved = (args.record.is_some() && !args.walk.dry_run)
        .then(saved_at_signals)
        .transpose()
        .map_err(Failure::from_system)?;
    let told = thread::scope(|scope| {
        // Moved in here: if reporting fails, the channel closes, and no worker blocks on it.
        let outcome_rx = outcome_rx;
        for _ in 0..checker.jobs.get() {
            let (jobs, outcomes) = (job_rx.clone(), outcome_tx.clone());
            spawn(scope, "files", move || {
                for job in jobs {
                    if checker.cancel.is_stopped() {
                        return;
                    }
                    let outcome = match deadline.is_some_and(|end| Instant::now() >= end) {
                        true => Outcome::left(&job),
                        false => checker.check(&job),
                    };
                    if outcomes.send(outcome).is_err() {
                        return;
                    }
                }
            })?;
        }
        // An age plugin unwraps the keys of many files in one session.
        let job_tx = match &checker.keys {
            Some(keys) if keys.may_need_plugins() => {
                let (batch_tx, batch_rx) = bounded(WAITING);
                spawn(scope, "batches", move || {
                    keys.pass_on(&batch_rx, &job_tx, Job::path);
                })?;
                batch_tx
            }
            _ => job_tx,
        };
        spawn(scope, "walk", move || {
            finder.find(sources, &mut |item| {
                let sent = match item {
                    Item::Job(job) => job_tx.send(job).is_ok(),
                    Item::Outcome(outcome) => outcome_tx.send(outcome).is_ok(),
                };
                match sent && !checker.cancel.is_stopped() {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                }
            });
        })?;
        drop(job_rx);
        loop {
            let outcome = match &saved {
                // A plain receive is cheaper: `select!` wakes this thread for every file.
                None => outcome_rx.recv(),
                Some((_ends_itself, signal_rx)) => select! {
                    recv(signal_rx) -> signal => {
                        // The workers may block on input forever, so they are not joined.
                        if let Err(failure) = teller.update.save() {
                            failure.print();
                        }
                        cleanup::die_of(signal.unwrap_or(SIGTERM))
                    }
                    recv(outcome_rx) -> outcome => outcome,
                },
            };
            let Ok(outcome) = outcome else {
                return Ok(());
            };
            let told = teller.tell(outcome);
            if told
                .as_ref()
                .map_or(true, |good| !good && args.walk.fail_fast)
            {
                checker.cancel.stop();
            }
            told?;
        }
    });
    drop(display);
    told?;
    teller.end(args, lists)
}

/// Reports the results one at a time, and records them in the list.
struct Teller<'a> {
    report: Report,
    update: Update<'a>,
    counters: Counters,
}

impl Teller<'_> {
    /// Reports one file, and returns whether it is good.
    fn tell(&mut self, outcome: Outcome) -> Result<bool, Failure> {
        if matches!(outcome.what, What::Checked(..)) {
            self.counters.done();
        }
        let compared = self.update.take(&outcome);
        let good = self.report.tell(&outcome, compared)?;
        self.update.save_if_due()?;
        Ok(good)
    }

    /// Reports missing files, writes the list and prints the summary.
    fn end(mut self, args: &Args, lists: &Lists) -> Result<(), Failure> {
        if args.walk.recursive && !args.walk.dry_run {
            let empty = compare::empty(&args.paths);
            for (path, failure) in lists.missing(&args.paths) {
                if !compare::is_below_any(&empty, &path) {
                    self.update.forget(&path);
                }
                self.report.missing(&path, failure)?;
            }
        }
        self.update.save()?;
        self.report.end()
    }
}
