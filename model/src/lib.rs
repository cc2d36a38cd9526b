//! fetool's own pipeline, compiled with threads, locks and channels whose schedules
//! [shuttle](https://docs.rs/shuttle) explores. Nothing here is a copy: these are the files of the
//! library, with `fetool_model` set, and without the formats that the pipeline works for.

// Only a part of the library uses them here.
#![allow(dead_code, private_interfaces, unused_imports)]

#[path = "../../src/positioned.rs"]
pub mod positioned;
#[path = "../../src/chunk_id.rs"]
mod chunk_id;
#[path = "../../src/cores.rs"]
mod cores;
#[path = "../../src/error.rs"]
mod error;
#[path = "../../src/try_alloc.rs"]
mod try_alloc;
#[path = "../../src/pipeline/mod.rs"]
mod pipeline;

pub use error::Error;
pub use pipeline::{Meter, CancelToken, model};
