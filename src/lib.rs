//! Encrypts and decrypts files and streams on every core: the library under the `fetool` command.
//!
//! It reads and writes age files and the formats of go-fileencrypt (GFE), Dexios, GoCrypt and the AES-GCM File
//! Encryptor. [`Seal`] turns plaintext into a sealed file, [`Open`] turns it back, [`Inspect`] shows what a
//! sealed file is without a key, [`Rekey`] changes which secrets open it, and [`Salvage`] gets back what a
//! damaged one still has.
//!
//! Seal to a file, by writing:
//!
//! ```no_run
//! use fetool::{Seal, Secret};
//! use std::fs::File;
//! use std::io::Write;
//!
//! let key = Secret::key([7; 32]);
//! let mut sealed = Seal::new(&key).start()?.into_writer(File::create("notes.gfe")?)?;
//! writeln!(sealed, "for my eyes only")?;
//! let (_, file) = sealed.finish()?;
//! file.sync_all()?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Open from a reader:
//!
//! ```no_run
//! use fetool::{Open, Secret};
//! use std::fs::File;
//! use std::io::Read;
//!
//! let key = Secret::key([7; 32]);
//! let mut opened = Open::new(&key).start(File::open("notes.gfe")?)?.into_reader()?;
//! let mut text = String::new();
//! opened.read_to_string(&mut text)?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Seek in a sealed file; only the chunks that are read are opened:
//!
//! ```no_run
//! use fetool::{Open, Secret};
//! use std::fs::File;
//! use std::io::{Read, Seek, SeekFrom};
//!
//! let key = Secret::key([7; 32]);
//! let mut image = Open::new(&key).start_at(File::open("disk.img.gfe")?)?;
//! image.seek(SeekFrom::Start(10 << 30))?;
//! let mut block = [0; 4096];
//! image.read_exact(&mut block)?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! All of it at once, over any [`Read`](std::io::Read) and [`Write`](std::io::Write):
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

// Only `aead::chacha_avx512`, `aead::deoxys_ni`, `kdf::scrypt` and `format::age::curve25519` may use it.
#![deny(unsafe_code)]
#![deny(clippy::disallowed_methods)]
#![cfg_attr(not(fetool_model), warn(missing_docs))]
// The model uses only a part of the crate.
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
    // The model has only the pipeline, not what is built on it.
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

        pub use armor::ArmoredStart;
        #[cfg(all(unix, feature = "cli"))]
        #[doc(hidden)]
        pub use closed_at_start::closed_at_start;
        pub use detect::{look_at_header, read_header};
        pub use identity::{Identity, UnwrapKey};
        pub use inspect::{Fault, Inspect, Inspected};
        pub use open::{Checked, Open, OpenAt, Opened, Opening};
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
