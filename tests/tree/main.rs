//! Whole trees of files.

#[path = "../cli_common/mod.rs"]
mod cli_common;
#[path = "../tree_common/mod.rs"]
mod tree_common;

mod choice;
mod existing;
mod faults;
mod many;
mod proof;
mod rekey;
mod ways;
mod words;
