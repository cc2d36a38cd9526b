//! What can be measured.

use clap::ValueEnum;
use fetool::Error;
use serde::Serialize;
use std::thread;
use std::time::Duration;

/// The parts of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The AEADs by themselves, on chunks in memory
    #[default]
    Aead,
    /// The key derivations
    Kdf,
    /// Whole streams, by format
    Format,
}

/// An operation on the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    #[default]
    Seal,
    Open,
    /// Only copies the data: the limit of the cases that follow it in the list.
    Copy,
    Derive,
}

/// The source and the target of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// From memory to nowhere.
    Memory,
    /// From a pipe to a pipe.
    Pipe,
    /// From a file to a file.
    File,
}

/// What a case measures. A field that does not apply is `None`; the names are those of the JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Subject {
    pub part: Part,
    pub operation: Operation,
    /// In lowercase, as on the command line; so is the engine.
    pub aead: Option<String>,
    pub engine: Option<String>,
    pub format: Option<&'static str>,
    pub layers: Option<u8>,
    /// For people, but stable.
    pub kdf: Option<String>,
    /// The format's name for this KDF, if the format has several.
    pub kdf_name: Option<&'static str>,
    pub way: Option<Way>,
    pub chunk_size: Option<u64>,
    pub jobs: Option<usize>,
    /// Plaintext bytes of one turn.
    pub size: Option<u64>,
    /// Bytes of memory that a KDF works on.
    pub memory: Option<u64>,
}

/// Something to measure.
pub struct Case {
    pub subject: Subject,
    /// Measures once: bytes per second, or seconds for a key.
    pub turn: Box<dyn FnMut() -> Result<f64, Error>>,
}

/// Returns bytes per second. A clock may not advance for a very short time.
pub fn rate(bytes: u64, time: Duration) -> f64 {
    bytes as f64 / time.max(Duration::from_nanos(1)).as_secs_f64()
}

/// Runs `job` on this many threads at once; each gets its number.
pub fn at_once<T: Send>(jobs: usize, job: impl Fn(usize) -> T + Sync) -> Result<Vec<T>, Error> {
    thread::scope(|scope| {
        let job = &job;
        let start = |number| thread::Builder::new().spawn_scoped(scope, move || job(number));
        let threads = (0..jobs).map(start).collect::<Result<Vec<_>, _>>();
        let done = threads.map_err(Error::Thread)?.into_iter();
        let done = done.map(|thread| thread.join()).collect::<Result<_, _>>();
        done.map_err(|_| Error::Panic("measuring"))
    })
}
