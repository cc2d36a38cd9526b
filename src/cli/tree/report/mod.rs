//! Reports on each file, one line each, and on all of them together.

mod json;

use super::WalkArgs;
use super::counters::Counters;
use super::outcome::{Outcome, What};
use super::skip::Skips;
use super::task::Verb;
use crate::cli::args::WorkArgs;
use crate::cli::failure::{Failure, say, shown};
use crate::cli::work::print;
use crate::io::cleanup::LastWords;
use crate::size::rounded;
use fetool::status;
use json::line;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The verb for existing results.
const UPDATE: Verb = Verb {
    plan: "update",
    done: "updated",
};

/// Reports outcomes.
pub struct Report {
    verb: Verb,
    json: bool,
    dry_run: bool,
    /// Whether results may be updated.
    updates: bool,
    quiet: bool,
    verbose: bool,
    started: Instant,
    counters: Counters,
    files: u64,
    updated: u64,
    unchanged: u64,
    links: u64,
    /// The count of deleted results, if the run may delete any.
    deleted: Option<u64>,
    bytes: u64,
    skips: Skips,
    failed: u64,
    planned: u64,
    planned_updates: u64,
    worst: u8,
    /// The longest plaintext.
    longest: u64,
    /// Prints the state of the run if a signal ends it.
    _last_words: Option<LastWords>,
}

impl Report {
    /// Creates a report. `resume` says how to do the rest after a signal.
    pub fn new(
        verb: Verb,
        walk: &WalkArgs,
        work: &WorkArgs,
        counters: &Counters,
        resume: &'static str,
    ) -> Result<Self, Failure> {
        let last_words = || {
            let counters = counters.clone();
            let words = move || {
                let files = counters.describe(verb.done);
                format!("fetool: interrupted: {files}\nfetool: hint: {resume}\n")
            };
            LastWords::new(words).map_err(Failure::from_system)
        };
        Ok(Self {
            verb,
            json: walk.json,
            dry_run: walk.dry_run,
            quiet: work.quiet,
            verbose: work.verbose,
            started: Instant::now(),
            _last_words: (!work.quiet && !walk.dry_run)
                .then(last_words)
                .transpose()?,
            counters: counters.clone(),
            updates: false,
            files: 0,
            updated: 0,
            unchanged: 0,
            links: 0,
            deleted: None,
            bytes: 0,
            skips: Skips::default(),
            failed: 0,
            planned: 0,
            planned_updates: 0,
            worst: status::OK,
            longest: 0,
        })
    }

    /// Counts updated, unchanged and deleted results.
    pub fn with_updates(mut self, updates: bool, deletes: bool) -> Self {
        self.updates = updates;
        self.deleted = deletes.then_some(0);
        self
    }

    /// Returns how many files have failed so far.
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Reports one file.
    pub fn tell(&mut self, outcome: &Outcome) -> Result<(), Failure> {
        let is_silent = matches!(
            outcome.what,
            What::Excluded(_) | What::DeletedDirectory | What::DamagedPart(_) | What::Later
        );
        if self.json && !is_silent && !outcome.path.as_os_str().is_empty() {
            print(line(&self.json(outcome)).as_bytes())?;
        }
        let path = shown(&outcome.path);
        let to = |output: &Option<PathBuf>| {
            let output = output.as_deref().map(shown);
            output.map_or(String::new(), |output| format!(" -> {output}"))
        };
        match &outcome.what {
            What::Done(bytes) | What::Updated(bytes) => {
                let (count, done) = match outcome.what {
                    What::Updated(_) => (&mut self.updated, UPDATE.done),
                    _ => (&mut self.files, self.verb.done),
                };
                *count += 1;
                self.counters.done();
                self.bytes += bytes;
                self.longest = self.longest.max(*bytes);
                if self.verbose {
                    say(Some(&path), &format!("{done}{}", to(&outcome.output)));
                }
            }
            What::Linked => {
                self.links += 1;
                if self.verbose {
                    say(Some(&path), &format!("linked{}", to(&outcome.output)));
                }
            }
            What::Deleted => {
                *self.deleted.get_or_insert_default() += 1;
                if self.verbose {
                    say(Some(&path), "deleted");
                }
            }
            What::DeletedDirectory => {
                if self.verbose {
                    say(Some(&path), "deleted: empty directory");
                }
            }
            What::PlannedDelete => {
                *self.deleted.get_or_insert_default() += 1;
                if !self.json {
                    print(format!("would delete {path}\n").as_bytes())?;
                }
            }
            What::Excluded(rule) => {
                if self.verbose {
                    say(Some(&path), &format!("excluded by {rule}"));
                }
            }
            What::Later => {}
            What::DamagedPart(json) => print(json.as_bytes())?,
            What::Unchanged(files) => {
                self.unchanged += files;
                if self.verbose {
                    say(Some(&path), "unchanged");
                }
            }
            What::Planned | What::PlannedUpdate => {
                let (count, plan) = match outcome.what {
                    What::PlannedUpdate => (&mut self.planned_updates, UPDATE.plan),
                    _ => (&mut self.planned, self.verb.plan),
                };
                *count += 1;
                if !self.json {
                    let line = format!("would {plan} {path}{}\n", to(&outcome.output));
                    print(line.as_bytes())?;
                }
            }
            What::Skipped(skip) => {
                self.skips.add(*skip);
                let due = outcome.named || skip.is_unusual();
                if self.verbose || (due && !self.quiet) {
                    say(Some(&path), &format!("skipped: {}", skip.reason()));
                }
            }
            What::Failed(failure) => {
                self.failed += 1;
                self.worst = self.worst.max(failure.status());
                failure.print();
            }
        }
        Ok(())
    }

    /// Reports that the time is up, and how to do the rest.
    pub fn is_left(&mut self, time: Duration, resume: &str) {
        self.worst = self.worst.max(status::SYSTEM);
        let time = humantime::format_duration(time);
        Failure::usage(format!("ended after {time}, as --for says"))
            .hint(resume)
            .print();
    }

    /// Prints the summary, and returns the status.
    pub fn end(self) -> Result<(), Failure> {
        let elapsed = self.started.elapsed();
        if self.json {
            print(line(&self.summary_json(elapsed)).as_bytes())?;
        }
        if !self.quiet {
            say(None, &self.summary(elapsed));
        }
        match self.worst {
            status::OK => Ok(()),
            worst => Err(Failure::already_reported(worst)),
        }
    }

    fn summary(&self, elapsed: Duration) -> String {
        let s = |n: u64| if n == 1 { "" } else { "s" };
        let counted = |n: u64| format!("{n} file{}", s(n));
        let (skipped, failed) = (self.skips.text(), self.failed);
        let deleted = self.deleted.map(|deleted| match self.dry_run {
            true => format!(", delete {deleted}"),
            false => format!(", {deleted} deleted"),
        });
        let deleted = deleted.unwrap_or_default();
        if self.dry_run {
            let planned = counted(self.planned);
            let (updated, unchanged) = match self.updates {
                true => (
                    format!(", update {}", self.planned_updates),
                    format!(", {} unchanged", self.unchanged),
                ),
                false => (String::new(), String::new()),
            };
            return format!(
                "would {} {planned}{updated}{deleted}{unchanged}, {skipped}, {failed} failed",
                self.verb.plan
            );
        }
        let seconds = elapsed.max(Duration::from_millis(1)).as_secs_f64();
        let (updated, unchanged) = match self.updates {
            true => (
                format!(", updated {}", self.updated),
                format!(", {} unchanged", self.unchanged),
            ),
            false => (String::new(), String::new()),
        };
        let some = |n: u64, what: String| match n {
            0 => String::new(),
            n => format!(", {n} {what}"),
        };
        let links = some(self.links, format!("symbolic link{}", s(self.links)));
        let (hard, holes) = self.counters.oddities();
        let hard = some(hard, "with other names (hard links)".to_owned());
        let holes = some(holes, "with holes".to_owned());
        format!(
            "{} {}{updated}{links}, {}{unchanged}{deleted}{hard}{holes}, {skipped}, {failed} failed, \
             in {seconds:.2} s ({}/s)",
            self.verb.done,
            counted(self.files),
            rounded(self.bytes),
            rounded((self.bytes as f64 / seconds) as u64)
        )
    }

    /// Returns the length of the longest plaintext so far.
    pub fn longest(&self) -> u64 {
        self.longest
    }

    /// Returns how many files were done.
    pub fn files(&self) -> u64 {
        self.files + self.updated
    }
}
