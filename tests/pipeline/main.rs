//! The pipeline, in every way of working.

#[path = "../common/mod.rs"]
mod common;
#[path = "../toy/mod.rs"]
mod toy;
#[path = "../weak_common/mod.rs"]
mod weak_common;

mod custom_format;
mod ends;
mod parallel_io;
mod streams;
