//! What became of each file, in a line, and of all of them together.

use crate::cli::failure::{Failure, say, shown};
use crate::cli::inspect::hex_of;
use crate::cli::size::rounded;
use crate::cli::work::print;
use crate::io::terminal_safe;
use fetool::status;
use serde::Serialize;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What became of a file.
pub struct Outcome {
    pub path: PathBuf,
    pub output: Option<PathBuf>,
    pub what: What,
}

pub enum What {
    /// Done, with so many plaintext bytes.
    Done(u64),
    /// Would be done.
    Planned,
    /// Not done, and that is as it should be.
    Skipped(String),
    Failed(Failure),
}

impl Outcome {
    pub fn failed(path: &Path, failure: Failure) -> Self {
        Self {
            path: path.to_owned(),
            output: None,
            what: What::Failed(failure),
        }
    }

    pub fn skipped(path: &Path, why: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            output: None,
            what: What::Skipped(why.into()),
        }
    }
}

/// How outcomes are told.
pub struct Report {
    /// What is done to a file, in the past tense: "sealed".
    done: &'static str,
    /// And as a plan: "seal".
    plan: &'static str,
    json: bool,
    quiet: bool,
    verbose: bool,
    started: Instant,
    files: u64,
    bytes: u64,
    skipped: u64,
    failed: u64,
    planned: u64,
    worst: u8,
    /// The longest plaintext.
    longest: u64,
}

impl Report {
    pub fn new(
        plan: &'static str,
        done: &'static str,
        json: bool,
        quiet: bool,
        verbose: bool,
    ) -> Self {
        Self {
            done,
            plan,
            json,
            quiet,
            verbose,
            started: Instant::now(),
            files: 0,
            bytes: 0,
            skipped: 0,
            failed: 0,
            planned: 0,
            worst: status::OK,
            longest: 0,
        }
    }

    /// Tells of one file.
    pub fn tell(&mut self, outcome: &Outcome) -> Result<(), Failure> {
        if self.json {
            print(self.json(outcome).as_bytes())?;
        }
        let path = shown(&outcome.path);
        let to = |output: &Option<PathBuf>| {
            let output = output.as_deref().map(shown);
            output.map_or(String::new(), |output| format!(" -> {output}"))
        };
        match &outcome.what {
            What::Done(bytes) => {
                self.files += 1;
                self.bytes += bytes;
                self.longest = self.longest.max(*bytes);
                if self.verbose {
                    say(
                        Some(&path),
                        &format!("{}{}", self.done, to(&outcome.output)),
                    );
                }
            }
            What::Planned => {
                self.planned += 1;
                if !self.json {
                    let line = format!("would {} {path}{}\n", self.plan, to(&outcome.output));
                    print(line.as_bytes())?;
                }
            }
            What::Skipped(why) => {
                self.skipped += 1;
                if self.verbose || (!self.quiet && is_odd(why)) {
                    say(Some(&path), &format!("skipped: {why}"));
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
        if !self.quiet {
            let counted = |n: u64| format!("{n} file{}", if n == 1 { "" } else { "s" });
            let elapsed = self.started.elapsed().max(Duration::from_millis(1));
            let rate = self.bytes as f64 / elapsed.as_secs_f64();
            let mut line = if self.planned > 0 {
                format!("would {} {}", self.plan, counted(self.planned))
            } else {
                format!(
                    "{} {}, {}",
                    self.done,
                    counted(self.files),
                    rounded(self.bytes)
                )
            };
            line.push_str(&format!(
                ", {} skipped, {} failed, in {:.2} s ({}/s)",
                self.skipped,
                self.failed,
                elapsed.as_secs_f64(),
                rounded(rate as u64)
            ));
            say(None, &line);
        }
        match self.worst {
            status::OK => Ok(()),
            worst => Err(Failure::told(worst)),
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

    fn json(&self, outcome: &Outcome) -> String {
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
                json.result = self.done;
                json.bytes = Some(*bytes);
            }
            What::Planned => json.result = "planned",
            What::Skipped(why) => {
                json.result = "skipped";
                json.reason = Some(why);
            }
            What::Failed(failure) => {
                json.result = "failed";
                json.reason = Some(failure.message());
                json.status = failure.status();
            }
        }
        let line = serde_json::to_string(&json).expect("strings and numbers have JSON");
        terminal_safe::json(&line) + "\n"
    }
}

/// Whether something was passed over that is neither a file nor a link.
fn is_odd(why: &str) -> bool {
    ["a fifo", "a socket", "a device"].contains(&why)
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
