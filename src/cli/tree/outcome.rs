//! What became of a file.

use super::skip::Skip;
use super::sources::Extra;
use crate::cli::damage;
use crate::cli::failure::Failure;
use fetool::Damage;
use std::path::{Path, PathBuf};

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
    /// The result, which existed, was replaced, with so many plaintext bytes. None if only its mode or
    /// owner was changed.
    Updated(u64),
    /// So many files are as they were done before: one, unless nobody reads which.
    Unchanged(u64),
    /// A symbolic link was made.
    Linked,
    /// It is made when results without a source are gone.
    Later,
    /// The result, whose source is gone, was removed.
    Deleted,
    /// The same for a directory, which is not counted.
    DeletedDirectory,
    /// The result would be removed.
    PlannedDelete,
    /// The rule that leaves a file out.
    Excluded(String),
    /// A damaged part of a file that is salvaged, as a line of JSON.
    DamagedPart(String),
    /// Would be done.
    Planned,
    /// The result would be replaced.
    PlannedUpdate,
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

    /// For a file that a rule leaves out.
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

    /// For a damaged part of a file that is salvaged, with --json.
    pub fn damaged_part(path: &Path, damage: &Damage) -> Self {
        Self {
            path: path.to_owned(),
            output: None,
            named: false,
            what: What::DamagedPart(damage::json(path, damage)),
        }
    }

    /// So many files, whose names nobody reads.
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
