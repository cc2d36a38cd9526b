//! The report as JSON.

use super::{Report, UPDATE};
use crate::cli::inspect::hex_of;
use crate::cli::tree::outcome::{Outcome, What};
use crate::io::terminal_safe;
use fetool::status;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

impl Report {
    /// Returns the object of one file.
    pub(super) fn json<'o>(&self, outcome: &'o Outcome) -> impl Serialize + use<'o> {
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
            What::Updated(bytes) => {
                json.result = UPDATE.done;
                json.bytes = Some(*bytes);
            }
            What::Unchanged(_) => json.result = "unchanged",
            What::Linked => json.result = "linked",
            What::Deleted => json.result = "deleted",
            What::PlannedDelete => {
                json.result = "planned";
                json.reason = Some("delete");
            }
            // These have no line of their own.
            What::DeletedDirectory | What::Excluded(_) | What::DamagedPart(_) | What::Later => {}
            What::Planned => json.result = "planned",
            What::PlannedUpdate => {
                json.result = "planned";
                json.reason = Some(UPDATE.plan);
            }
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

    /// Returns the last object.
    pub(super) fn summary_json(&self, elapsed: Duration) -> impl Serialize {
        SummaryJson {
            summary: Summary {
                files: self.files,
                updated: self.updated,
                unchanged: self.unchanged,
                deleted: self.deleted.unwrap_or(0),
                links: self.links,
                bytes: self.bytes,
                planned: self.planned + self.planned_updates,
                skipped: self.skips.total(),
                skipped_by_reason: self.skips.by_reason(),
                failed: self.failed,
                seconds: elapsed.as_secs_f64(),
                status: self.worst,
            },
        }
    }
}

/// Returns an object as one line of JSON.
pub fn line(object: &impl Serialize) -> String {
    let line = serde_json::to_string(object).expect("strings and numbers have JSON");
    terminal_safe::json(&line) + "\n"
}

/// The object of one file; documented in the manual.
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
    updated: u64,
    unchanged: u64,
    deleted: u64,
    links: u64,
    planned: u64,
    skipped: u64,
    skipped_by_reason: BTreeMap<&'static str, u64>,
    failed: u64,
    seconds: f64,
    status: u8,
}
