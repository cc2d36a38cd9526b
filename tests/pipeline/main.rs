//! The pipeline, in every way of working.

#[path = "../common/mod.rs"]
mod common;
#[path = "../toy/mod.rs"]
mod toy;
#[path = "../weak_common/mod.rs"]
mod weak_common;

mod direct;
mod ends;
mod format_of_our_own;
mod streams;
