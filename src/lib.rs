//! A toolkit for encrypted files: seal, open and inspect them as streams, on every core.
//!
//! This is the library under the `fetool` command; it offers the same operations over any
//! [`Read`](std::io::Read) and [`Write`](std::io::Write). [`Seal`] turns plaintext into a sealed
//! file, [`Open`] turns it back, [`Inspect`] tells what a sealed file is without a key, and [`Rekey`]
//! changes which secrets open it.
//!
//! ```
//! use fetool::{Inspect, Open, Seal, Secret};
//! use std::io::Cursor;
//!
//! let key = Secret::key([7; 32]);
//! let mut sealed = Vec::new();
//! let done = Seal::new(&key).chunk_size(Some(4096)).run(&[1; 10_000][..], &mut sealed)?;
//! assert_eq!(done.chunks, 3);
//!
//! let report = Inspect::new().run(Cursor::new(&sealed))?;
//! assert_eq!((report.format, report.plaintext_len), ("gfe", 10_000));
//!
//! let mut opened = Vec::new();
//! Open::new(&key).run(&sealed[..], &mut opened)?;
//! assert_eq!(opened, [1; 10_000]);
//!
//! // A changed bit is noticed, and nothing of the changed chunk comes out.
//! sealed[100] ^= 1;
//! let error = Open::new(&key).run(&sealed[..], std::io::sink()).unwrap_err();
//! assert_eq!(error.status(), fetool::status::KEY);
//! # Ok::<(), fetool::Error>(())
//! ```
//!
//! # Promises
//!
//! - Every byte that [`Open`] writes was authenticated first.
//! - Memory is a fixed number of chunks, whatever the input's length, and grows with the bytes
//!   that a file holds, never with the lengths that it announces.
//! - Of several errors, the first in the order of the data is reported, whatever the threads'
//!   timing.
//! - Keys are wiped from memory when they are dropped.

// Only `aead::chacha_avx512` and `aead::deoxys_ni` are allowed it.
#![deny(unsafe_code)]
#![deny(clippy::disallowed_methods)]
#![cfg_attr(not(fetool_model), warn(missing_docs))]
// The model uses only a part of it.
#![cfg_attr(fetool_model, allow(dead_code, private_interfaces, unused_imports))]

mod chunk_id;
mod cores;
mod error;
mod pipeline;
mod positioned;
mod try_alloc;

pub use cores::all_cores;
pub use error::{Error, Evidence, Hint, Possible, Setting, Unknown, plain, status};
#[cfg(feature = "cli")]
pub use pipeline::Reports;
#[cfg(feature = "test-hooks")]
#[doc(hidden)]
pub use pipeline::Tuning;
#[cfg(fetool_model)]
pub use pipeline::model;
pub use pipeline::{CancelToken, Meter, RunOptions};
pub use positioned::{Positioned, ReadAt, WriteAt};

cfg_if::cfg_if! {
    // The model has the pipeline alone, and not what is built on it.
    if #[cfg(not(fetool_model))] {
        pub mod aead;
        mod armor;
        #[cfg(all(unix, feature = "cli"))]
        mod closed_at_start;
        mod detect;
        pub mod format;
        mod identify;
        mod identity;
        mod inspect;
        pub mod kdf;
        mod key;
        mod open;
        mod open_at;
        mod open_range;
        mod peek;
        mod pipe;
        mod recipient;
        mod rekey;
        mod salvage;
        mod seal;
        mod secret;
        mod secure_memory;
        mod stanza;
        mod stream;

        #[cfg(all(unix, feature = "cli"))]
        #[doc(hidden)]
        pub use closed_at_start::closed_at_start;
        pub use detect::{look_at_header, read_header};
        pub use identity::{Identity, UnwrapKey};
        pub use inspect::{Fault, Inspect, Inspected};
        pub use open::{Checked, Open, Opened, Opening};
        pub use open_at::OpenAt;
        pub use peek::PeekReader;
        pub use recipient::{Recipient, WrapKey};
        pub use rekey::{Rekey, copy_behind};
        pub use salvage::{Damage, Fill, Salvage, Salvaged};
        pub use seal::{Seal, Sealed, SealedLen, Sealing};
        pub use secret::{Secret, random, without_line_end};
        pub use stanza::{FILE_KEY_LEN, FileKey, Stanza};
        pub use stream::{OpenReader, SealWriter};
    }
}
