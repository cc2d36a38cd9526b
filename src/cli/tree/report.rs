//! What became of each file, in a line, and of all of them together.

use super::counters::Counters;
use super::skip::{Skip, Skips};
use super::{Verb, WalkArgs};
use crate::cli::args::WorkArgs;
use crate::cli::failure::{Failure, say, shown};
use crate::cli::inspect::hex_of;
use crate::cli::work::print;
use crate::io::cleanup::LastWords;
use crate::io::terminal_safe;
use crate::size::rounded;
use fetool::status;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What became of a file.
pub struct Outcome {
    pub path: PathBuf,
    pub output: Option<PathBuf>,
    /// The user named the file itself, and not a directory above it.
    pub named: bool,
    pub what: What,
}

pub enum What {
    /// Done, with so many plaintext bytes.
    Done(u64),
    /// Would be done.
    Planned,
    /// Not done, and that is as it should be.
    Skipped(Skip),
    Failed(Failure),
}

impl Outcome {
    pub fn failed(path: &Path, failure: Failure) -> Self {
        Self {
            path: path.to_owned(),
            output: None,
            named: false,
            what: What::Failed(failure),
        }
    }

    pub fn skipped(path: &Path, skip: Skip, named: bool) -> Self {
        Self {
            path: path.to_owned(),
            output: None,
            named,
            what: What::Skipped(skip),
        }
    }
}

/// How outcomes are told.
pub struct Report {
    verb: Verb,
    json: bool,
    dry_run: bool,
    quiet: bool,
    verbose: bool,
    started: Instant,
    counters: Counters,
    files: u64,
    bytes: u64,
    skips: Skips,
    failed: u64,
    planned: u64,
    worst: u8,
    /// The longest plaintext.
    longest: u64,
    /// Says how far the run came when a signal ends it.
    _last_words: Option<LastWords>,
}

impl Report {
    /// `resume` says how to do what a run that a signal ended has left undone.
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
            files: 0,
            bytes: 0,
            skips: Skips::default(),
            failed: 0,
            planned: 0,
            worst: status::OK,
            longest: 0,
        })
    }

    /// Tells of one file.
    pub fn tell(&mut self, outcome: &Outcome) -> Result<(), Failure> {
        if self.json {
            print(line(&self.json(outcome)).as_bytes())?;
        }
        let path = shown(&outcome.path);
        let to = |output: &Option<PathBuf>| {
            let output = output.as_deref().map(shown);
            output.map_or(String::new(), |output| format!(" -> {output}"))
        };
        match &outcome.what {
            What::Done(bytes) => {
                self.files += 1;
                self.counters.done();
                self.bytes += bytes;
                self.longest = self.longest.max(*bytes);
                if self.verbose {
                    let what = format!("{}{}", self.verb.done, to(&outcome.output));
                    say(Some(&path), &what);
                }
            }
            What::Planned => {
                self.planned += 1;
                if !self.json {
                    let line = format!("would {} {path}{}\n", self.verb.plan, to(&outcome.output));
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

    /// Tells of all, and what the status is.
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
        let counted = |n: u64| format!("{n} file{}", if n == 1 { "" } else { "s" });
        let (skipped, failed) = (self.skips.text(), self.failed);
        if self.dry_run {
            let planned = counted(self.planned);
            return format!(
                "would {} {planned}, {skipped}, {failed} failed",
                self.verb.plan
            );
        }
        let seconds = elapsed.max(Duration::from_millis(1)).as_secs_f64();
        format!(
            "{} {}, {}, {skipped}, {failed} failed, in {seconds:.2} s ({}/s)",
            self.verb.done,
            counted(self.files),
            rounded(self.bytes),
            rounded((self.bytes as f64 / seconds) as u64)
        )
    }

    fn summary_json(&self, elapsed: Duration) -> impl Serialize {
        SummaryJson {
            summary: Summary {
                files: self.files,
                bytes: self.bytes,
                planned: self.planned,
                skipped: self.skips.total(),
                skipped_by_reason: self.skips.by_reason(),
                failed: self.failed,
                seconds: elapsed.as_secs_f64(),
                status: self.worst,
            },
        }
    }

    /// The longest plaintext so far.
    pub fn longest(&self) -> u64 {
        self.longest
    }

    /// How many files were done.
    pub fn files(&self) -> u64 {
        self.files
    }

    fn json<'o>(&self, outcome: &'o Outcome) -> impl Serialize + use<'o> {
        let mut json = Json {
            path: outcome.path.to_string_lossy(),
            path_hex: hex_of(&outcome.path),
            output: outcome.output.as_deref().map(Path::to_string_lossy),
            output_hex: outcome.output.as_deref().and_then(hex_of),
            result: "",
            bytes: None,
            reason: None,
            status: status::OK,
        };
        match &outcome.what {
            What::Done(bytes) => {
                json.result = self.verb.done;
                json.bytes = Some(*bytes);
            }
            What::Planned => json.result = "planned",
            What::Skipped(skip) => {
                json.result = "skipped";
                json.reason = Some(skip.reason());
            }
            What::Failed(failure) => {
                json.result = "failed";
                json.reason = Some(failure.message());
                json.status = failure.status();
            }
        }
        json
    }
}

/// An object of JSON in a line.
fn line(object: &impl Serialize) -> String {
    let line = serde_json::to_string(object).expect("strings and numbers have JSON");
    terminal_safe::json(&line) + "\n"
}

/// One file's object; documented in the manual.
#[derive(Serialize)]
struct Json<'a> {
    path: Cow<'a, str>,
    path_hex: Option<String>,
    output: Option<Cow<'a, str>>,
    output_hex: Option<String>,
    result: &'a str,
    bytes: Option<u64>,
    reason: Option<&'a str>,
    status: u8,
}

/// The last object; documented in the manual.
#[derive(Serialize)]
struct SummaryJson {
    summary: Summary,
}

#[derive(Serialize)]
struct Summary {
    files: u64,
    bytes: u64,
    planned: u64,
    skipped: u64,
    skipped_by_reason: BTreeMap<&'static str, u64>,
    failed: u64,
    seconds: f64,
    status: u8,
}
