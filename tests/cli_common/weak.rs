//! The two weak formats on the command line: their passphrase, and what is said about them.

use super::{Fetool, fetool};

pub const P: &str = "-p=env:PASS";

pub fn with_passphrase(args: &[&str]) -> Fetool {
    fetool(args).env("PASS", "correct horse battery staple")
}

pub fn seal(args: &[&str]) -> Fetool {
    with_passphrase(&["seal", P]).args(args)
}

pub fn open(args: &[&str]) -> Fetool {
    with_passphrase(&["open", P]).args(args)
}

pub const NO_END: &str =
    "the end of the file is not authenticated: a cut between two chunks is not noticed";
pub const ONE_LAYER: &str = "with one layer the end of the file is not authenticated, and chunks can \
                         be swapped; of more than one chunk they can be forged too";
pub const NOTHING: &str = "nothing in this file is authenticated, not even that it is empty";

/// A line on standard error.
pub fn warning(subject: &str, text: &str) -> String {
    format!("fetool: {subject}: warning: {text}\n")
}
