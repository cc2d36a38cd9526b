//! What the fuzz targets do with their inputs. `tests/fuzz_corpus.rs` includes these very modules and
//! does the same with the seeds, so that the two cannot drift apart.
//!
//! An input is choices, a byte or a few each, and then bytes for what was chosen. Where a target
//! reads files, a first byte of 0 means that the rest is the file as it is.

mod age_armor;
mod age_header;
mod age_key_file;
mod age_ssh;
mod choices;
#[path = "../../tests/common/mod.rs"]
pub mod common;
mod detect;
mod engines;
mod forge;
mod headers;
mod inspect_json;
#[allow(dead_code)] // the command uses all of it
#[path = "../../src/cli/inspect/json.rs"]
mod json;
mod key_file;
mod memory;
mod mutate;
mod ranges;
mod readers;
mod salvage;
mod secret;

pub use age_armor::age_armor;
pub use age_header::age_header;
pub use age_key_file::age_key_file;
pub use age_ssh::age_ssh;
pub use detect::detect;
pub use engines::engines;
pub use headers::headers;
pub use inspect_json::inspect_json;
pub use key_file::key_file;
pub use ranges::ranges;
pub use readers::{open_age, open_dexios, open_gfe, open_gocrypt, open_parallel_encryptor};
pub use salvage::salvage;
