//! Seals standard input in memory, looks into the result, and opens it to standard output.
//!
//! ```sh
//! echo hello | cargo run --example roundtrip
//! ```

use fetool::{Error, Inspect, Open, Seal, Secret};
use std::io::{self, Cursor};

fn main() -> Result<(), Error> {
    let mut bytes = [0; 32];
    fetool::random(&mut bytes)?;
    let key = Secret::key(bytes);

    let mut sealed = Vec::new();
    let done = Seal::new(&key)
        .chunk_size(Some(64 << 10))
        .run(io::stdin(), &mut sealed)?;
    eprintln!(
        "{} bytes sealed into {}, in {} chunks",
        done.plaintext_len, done.sealed_len, done.chunks
    );

    let report = Inspect::new().run_seekable(Cursor::new(&sealed))?;
    eprintln!("{}: ends {}", report.title, report.description.end_meaning);

    Open::new(&key)
        .strict(true)
        .run(&sealed[..], io::stdout())?;
    Ok(())
}
