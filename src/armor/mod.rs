//! Armor around the streams: text for those who read and write the files, and bytes for the rest of the library.

mod reader;
mod reader_at;
mod start;
mod writer;

pub(crate) use reader::Unarmor;
pub(crate) use reader_at::UnarmorAt;
pub use start::ArmoredStart;
pub(crate) use start::{is_mostly_armor, looks_armored};
pub(crate) use writer::ArmorWriter;

pub(crate) use crate::format::age::armor::{LINE_BYTES, LINE_LEN, armored_len, encode_lines};
