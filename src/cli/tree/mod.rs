//! Whole trees: each file by itself, many at a time.
//!
//! One thread finds the files and passes them to workers through a short queue; each worker takes one file after the
//! other. One worker does a small file; a big one gets all cores, while the other workers continue with small ones. The
//! calling thread reports the result of each file. The number of workers bounds the memory, not the number of files,
//! except for 20 to 40 bytes per file if outputs can be replaced or skipped (`worker/claims.rs`).

mod args;
mod count;
mod counters;
mod delete;
mod directories;
mod entry;
mod excludes;
mod find;
mod lengths;
mod lock;
mod mapping;
mod operation;
mod outcome;
mod report;
mod run;
mod set_aside;
mod skip;
mod sources;
mod steps;
mod task;
mod times;
mod update;
mod worker;

pub use args::{TreeArgs, WalkArgs};
pub use counters::Counters;
pub use delete::DeleteArgs;
pub use entry::{TreeEntry, has_sealed_suffix, named as named_entry, of_suffix};
pub use operation::{Operation, has_magic, is_marked};
pub use outcome::{Outcome, What};
pub use report::Report;
pub use run::run;
pub use skip::{Skip, Skips};
pub use sources::{Found, Wanted};
pub use task::{Task, Verb};
pub use update::Update;

use super::failure::{Failure, shown};
use super::work::{needs_tree, single};
use crate::io::FileId;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

/// Returns the only PATH, if there is one, unless the run works on a tree.
pub fn only_path<'a>(paths: &'a [PathBuf], tree: &TreeArgs) -> Result<Option<&'a Path>, Failure> {
    match tree.tree_only_option() {
        Some(option) => Err(needs_tree(option)),
        None => single(paths),
    }
}

/// Refuses options that do not work in a tree, each with a hint, and a tree without files.
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

/// Fails if there is nothing to work on, before the user is asked for a passphrase.
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

/// Returns whether standard input is the list of files.
pub fn list_on_stdin(tree: &WalkArgs) -> bool {
    let list = tree.files0_from.as_deref();
    list.is_some_and(|list| list.as_os_str() == "-")
}

/// Returns the identity of the list of files.
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
