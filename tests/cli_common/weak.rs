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
pub const ONE_LAYER: &str = "with 1 layer, chunks can be changed, swapped, repeated and cut off \
                             without the passphrase";
pub const TWO_LAYERS: &str = "with 2 layers, chunks can be cut off at the end without the passphrase, \
                              and swapped or repeated when they are 64 MiB apart";
pub const NOTHING: &str = "nothing in this file is authenticated, not even that it is empty: \
                           anyone can make one like it";

/// What three layers or more do not protect.
pub fn more_layers(layers: u8) -> String {
    format!(
        "with {layers} layers, the outermost layer of more than 32 KiB can be forged without the \
         passphrase, and the format does not guarantee that the layers inside notice a missing end"
    )
}

/// A line on standard error.
pub fn warning(subject: &str, text: &str) -> String {
    format!("fetool: {subject}: warning: {text}\n")
}
