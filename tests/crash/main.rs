//! Runs that are killed, and systems that fail.

#[path = "../cli_common/mod.rs"]
mod cli_common;
#[path = "../dexios_common/mod.rs"]
mod dexios_common;
#[path = "../trace_common/mod.rs"]
mod trace_common;
#[path = "../tree_common/mod.rs"]
mod tree_common;

mod detached;
mod faults;
mod header;
mod rekey;
mod rekey_recovery;
mod tree;
mod tree_faults;
