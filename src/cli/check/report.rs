//! Reports on each file, one line each, and on all of them together.

use super::Args;
use super::compare::Compared;
use super::one::{Outcome, What};
use crate::cli::failure::{Failure, say, shown};
use crate::cli::inspect::{hex_of, json_line};
use crate::cli::tree::Skips;
use crate::cli::work::print;
use crate::io::terminal_safe;
use crate::size::rounded;
use fetool::status;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

pub struct Report {
    json: bool,
    dry_run: bool,
    quiet: bool,
    verbose: bool,
    /// Whether there is a secret.
    authenticates: bool,
    /// The list for the next run, if this one has a limited time.
    next: Option<String>,
    started: Instant,
    counts: Counts,
    skips: Skips,
}

/// The numbers of files by result.
#[derive(Default, Serialize)]
struct Counts {
    files: u64,
    bytes: u64,
    planned: u64,
    failed: u64,
    corrupted: u64,
    changed: u64,
    new: u64,
    missing: u64,
    left: u64,
    /// The highest status so far.
    status: u8,
}

impl Report {
    pub fn new(args: &Args, authenticates: bool) -> Self {
        Self {
            json: args.walk.json,
            dry_run: args.walk.dry_run,
            quiet: args.work.quiet,
            verbose: args.work.verbose,
            authenticates,
            next: args.time.and(args.record.as_deref()).map(shown),
            started: Instant::now(),
            counts: Counts::default(),
            skips: Skips::default(),
        }
    }

    /// Reports one file, and returns whether it is good.
    pub fn tell(&mut self, outcome: &Outcome, compared: Option<Compared>) -> Result<bool, Failure> {
        let path = shown(&outcome.path);
        let failed = self.counts.failed;
        let mut json = Json {
            since: compared.as_ref().map(Compared::name),
            ..Json::of(&outcome.path)
        };
        match &outcome.what {
            What::Checked(seen, result) => {
                self.counts.files += 1;
                self.counts.bytes += seen.size.unwrap_or_default();
                json.size = seen.size;
                json.blake3 = seen.blake3.map(|hash| hash.to_hex().to_string());
                match result {
                    Ok(sound) => {
                        json.result = match sound.reading {
                            Some(_) => "authentic",
                            None => "intact",
                        };
                        json.format = Some(sound.format);
                        json.reading = sound.reading.as_deref();
                        json.warnings = &sound.warnings;
                        if self.verbose {
                            say(Some(&path), &describe(sound, compared.as_ref()));
                        }
                        // Without a secret, warnings depend on the header alone, and many files share them.
                        let due = !self.quiet && (self.authenticates || self.verbose);
                        for warning in sound.warnings.iter().filter(|_| due) {
                            say(Some(&path), &format!("warning: {warning}"));
                        }
                    }
                    Err(failure) => self.fail(failure, &mut json),
                }
            }
            What::Planned => {
                self.counts.planned += 1;
                json.result = "planned";
                if !self.json {
                    print(format!("would check {path}\n").as_bytes())?;
                }
            }
            What::Skipped(skip) => {
                self.skips.add(*skip);
                json.result = "skipped";
                json.reason = Some(Cow::Borrowed(skip.reason()));
                let due = outcome.named || skip.is_unusual();
                if self.verbose || (due && !self.quiet) {
                    say(Some(&path), &format!("skipped: {}", skip.reason()));
                }
            }
            What::Failed(failure) => self.fail(failure, &mut json),
            What::Left => {
                self.counts.left += 1;
                return Ok(true);
            }
        }
        match compared {
            Some(Compared::Corrupted) => {
                let what =
                    "silent corruption: the content differs from the list, size and time do not";
                let failure = Failure::usage(what).with_status(status::KEY).about(&path);
                self.counts.corrupted += 1;
                match json.status {
                    status::OK => self.fail(&failure, &mut json),
                    // It has failed already, and counts once.
                    _ => failure.print(),
                }
            }
            Some(Compared::Changed) => self.counts.changed += 1,
            Some(Compared::New) => self.counts.new += 1,
            Some(Compared::Same) | None => {}
        }
        self.print(&json)?;
        Ok(self.counts.failed == failed)
    }

    /// Reports a missing file.
    pub fn missing(&mut self, path: &Path, failure: Failure) -> Result<(), Failure> {
        self.counts.missing += 1;
        self.counts.status = self.counts.status.max(failure.status());
        failure.print();
        let json = Json {
            result: "missing",
            reason: Some(Cow::Owned(failure.message().to_owned())),
            status: failure.status(),
            ..Json::of(path)
        };
        self.print(&json)
    }

    fn fail(&mut self, failure: &Failure, json: &mut Json<'_>) {
        self.counts.failed += 1;
        self.counts.status = self.counts.status.max(failure.status());
        json.result = "failed";
        json.reason = Some(Cow::Owned(failure.message().to_owned()));
        json.status = failure.status();
        failure.print();
    }

    fn print(&self, object: &impl Serialize) -> Result<(), Failure> {
        match self.json {
            true => print(terminal_safe::json(&json_line(object)).as_bytes()),
            false => Ok(()),
        }
    }

    /// Prints the summary, and returns the status.
    pub fn end(self) -> Result<(), Failure> {
        let elapsed = self.started.elapsed();
        self.print(&SummaryJson {
            summary: Summary {
                counts: &self.counts,
                skipped: self.skips.total(),
                skipped_by_reason: self.skips.by_reason(),
                seconds: elapsed.as_secs_f64(),
            },
        })?;
        if !self.quiet {
            say(None, &self.summary(elapsed));
            if !self.authenticates && !self.dry_run {
                say(None, "hint: add -k or -p to authenticate the content");
            }
            if let Some(next) = &self.next
                && self.counts.left > 0
            {
                let left = counted(self.counts.left);
                say(
                    None,
                    &format!(
                        "time is up: {left} left; the next run with --record {next} begins with them"
                    ),
                );
            }
        }
        match self.counts.status {
            status::OK => Ok(()),
            worst => Err(Failure::already_reported(worst)),
        }
    }

    fn summary(&self, elapsed: Duration) -> String {
        let counts = &self.counts;
        let mut parts = vec![self.skips.text(), format!("{} failed", counts.failed)];
        if self.dry_run {
            return format!(
                "would check {}, {}",
                counted(counts.planned),
                parts.join(", ")
            );
        }
        for (count, name) in [
            (counts.corrupted, "silently corrupted"),
            (counts.missing, "missing"),
            (counts.changed, "changed"),
            (counts.new, "new"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {name}"));
            }
        }
        let done = match self.authenticates {
            true => "checked",
            false => "checked the structure of",
        };
        let seconds = elapsed.max(Duration::from_millis(1)).as_secs_f64();
        format!(
            "{done} {}, {}, {}, in {seconds:.2} s ({}/s)",
            counted(counts.files),
            rounded(counts.bytes),
            parts.join(", "),
            rounded((counts.bytes as f64 / seconds) as u64)
        )
    }
}

fn counted(n: u64) -> String {
    format!("{n} file{}", if n == 1 { "" } else { "s" })
}

/// Returns what --verbose prints of a good file.
fn describe(sound: &super::one::Sound, compared: Option<&Compared>) -> String {
    let mut text = match &sound.reading {
        Some(reading) => format!("authentic: {} ({reading})", sound.format),
        None => format!("structure intact: {}", sound.format),
    };
    if let Some(compared) = compared {
        text += &format!(", {}", compared.name());
    }
    text
}

/// The object of one file; documented in fetool-check(1).
#[derive(Serialize)]
struct Json<'a> {
    path: Cow<'a, str>,
    path_hex: Option<String>,
    result: &'static str,
    format: Option<&'static str>,
    reading: Option<&'a str>,
    size: Option<u64>,
    blake3: Option<String>,
    since: Option<&'static str>,
    reason: Option<Cow<'a, str>>,
    status: u8,
    warnings: &'a [String],
}

impl<'a> Json<'a> {
    fn of(path: &'a Path) -> Self {
        Self {
            path: path.to_string_lossy(),
            path_hex: hex_of(path),
            result: "",
            format: None,
            reading: None,
            size: None,
            blake3: None,
            since: None,
            reason: None,
            status: status::OK,
            warnings: &[],
        }
    }
}

/// The last object; documented in fetool-check(1).
#[derive(Serialize)]
struct SummaryJson<'a> {
    summary: Summary<'a>,
}

#[derive(Serialize)]
struct Summary<'a> {
    #[serde(flatten)]
    counts: &'a Counts,
    skipped: u64,
    skipped_by_reason: BTreeMap<&'static str, u64>,
    seconds: f64,
}
