//! How the pipeline ends when something in it fails: with an error and without a hang. Also that
//! the format traits are enough for a format of another shape than GFE.

mod cancellation;
mod custom_geometry;
mod every_byte;
mod gocrypt;
mod inputs;
mod inspect_rekey;
mod outputs;
mod waiting;

use crate::common::{FAST, jobs, secret};
use fetool::{Error, Open, Opened, Seal, Sealed};
use std::io::{Read, Write};

/// More than all buffers of one worker hold, so that all of them are used again.
const MANY: usize = if FAST { 6_000_000 } else { 4_500_000 };

/// Workers, and plaintext bytes a chunk: alone in a buffer, and many together.
const WAYS: [(usize, u64); 4] = [(1, 500_000), (4, 500_000), (1, 1000), (4, 1000)];

fn seal(
    input: impl Read + Send,
    output: impl Write,
    (workers, chunk): (usize, u64),
) -> Result<Sealed, Error> {
    Seal::new(&secret())
        .chunk_size(Some(chunk))
        .jobs(jobs(workers))
        .run(input, output)
}

fn open(input: impl Read + Send, output: impl Write, workers: usize) -> Result<Opened, Error> {
    Open::new(&secret()).jobs(jobs(workers)).run(input, output)
}
