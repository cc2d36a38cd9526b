//! The result of the work on a file.

use super::skip::Skip;
use super::sources::Extra;
use crate::cli::damage;
use crate::cli::failure::Failure;
use fetool::Damage;
use std::path::{Path, PathBuf};

/// The result of the work on a file.
pub struct Outcome {
    pub path: PathBuf,
    pub output: Option<PathBuf>,
    /// Whether the user named the file itself, and not a directory above it.
    pub named: bool,
    pub what: What,
}

pub enum What {
    /// It was done; the number of plaintext bytes.
    Done(u64),
    /// The existing result was replaced; the number of plaintext bytes. It is 0 if only the mode or owner was changed.
    Updated(u64),
    /// This many files are unchanged: one, unless nobody needs their names.
    Unchanged(u64),
    /// A symbolic link was made.
    Linked,
    /// The link is made after results without a source were removed.
    Later,
    /// The result, whose source is gone, was removed.
    Deleted,
    /// The same for a directory, which is not counted.
    DeletedDirectory,
    /// The result would be removed.
    PlannedDelete,
    /// A rule excludes the file.
    Excluded(String),
    /// A damaged part of a salvaged file, as a line of JSON.
    DamagedPart(String),
    /// It would be done.
    Planned,
    /// The result would be replaced.
    PlannedUpdate,
    /// It was skipped for a good reason.
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

    /// Creates the outcome of an excluded file.
    pub fn excluded(extra: Extra) -> Option<Self> {
        let Extra::Excluded(path, rule) = extra else {
            return None;
        };
        Some(Self {
            path,
            output: None,
            named: false,
            what: What::Excluded(rule),
        })
    }

    /// Creates the outcome of a damaged part of a salvaged file, for --json.
    pub fn damaged_part(path: &Path, damage: &Damage) -> Self {
        Self {
            path: path.to_owned(),
            output: None,
            named: false,
            what: What::DamagedPart(damage::json(path, damage)),
        }
    }

    /// Creates the outcome of this many files whose names nobody needs.
    pub fn unchanged(files: u64) -> Self {
        Self {
            path: PathBuf::new(),
            output: None,
            named: false,
            what: What::Unchanged(files),
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
