//! What can be measured.

use super::measure::Plan;
use crate::cli::failure::Failure;
use clap::ValueEnum;
use serde::Serialize;
use std::time::Duration;

/// The parts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The AEADs by themselves, on chunks in memory
    Aead,
    /// The key derivations
    Kdf,
    /// Whole streams, by format
    Format,
}

impl Part {
    pub const ALL: [Self; 3] = [Self::Aead, Self::Kdf, Self::Format];

    /// How often its cases are measured.
    pub fn plan(self) -> Plan {
        let (name, turns, least) = match self {
            Self::Aead => ("AEADs", 7, 2),
            Self::Kdf => ("key derivations", 3, 1),
            Self::Format => ("formats", 7, 2),
        };
        Plan {
            name,
            turns,
            least,
            // Every key derivation asks the system for its memory anew, and takes long enough.
            warms_up: self != Self::Kdf,
        }
    }

    /// How long it may take: 25 seconds for all parts, of half a minute.
    pub fn patience(self) -> Duration {
        Duration::from_secs(match self {
            Self::Aead => 9,
            Self::Kdf => 7,
            Self::Format => 9,
        })
    }
}

/// What is done with the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    Seal,
    Open,
    /// A limit: the data is only moved.
    Copy,
    Derive,
}

/// Where the data comes from and goes to.
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

/// What a case measures. What does not go with it is `None`; the names of the fields are those of the
/// JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subject {
    pub part: Part,
    pub operation: Operation,
    pub aead: Option<&'static str>,
    pub engine: Option<&'static str>,
    pub format: Option<&'static str>,
    pub layers: Option<u8>,
    /// For people, but stable.
    pub kdf: Option<String>,
    /// What the format calls this KDF, where it has several.
    pub kdf_name: Option<&'static str>,
    pub way: Option<Way>,
    pub chunk_size: Option<u64>,
    pub jobs: Option<usize>,
    /// Plaintext bytes of one turn.
    pub size: Option<u64>,
    /// Bytes of memory that a KDF works on.
    pub memory: Option<u64>,
}

impl Subject {
    /// Nothing but a part and an operation.
    pub fn new(part: Part, operation: Operation) -> Self {
        Self {
            part,
            operation,
            aead: None,
            engine: None,
            format: None,
            layers: None,
            kdf: None,
            kdf_name: None,
            way: None,
            chunk_size: None,
            jobs: None,
            size: None,
            memory: None,
        }
    }

    /// Whether it is something that the machine does at most, and not we.
    pub fn is_limit(&self) -> bool {
        self.operation == Operation::Copy
    }
}

/// What one turn measured.
#[derive(Clone, Copy, Debug)]
pub enum Turn {
    /// Bytes a second.
    Rate(f64),
    /// Seconds.
    Time(f64),
}

impl Turn {
    /// So many bytes in this time.
    pub fn rate(bytes: u64, time: Duration) -> Self {
        // Clocks may stand still for a very short time.
        Self::Rate(bytes as f64 / time.max(Duration::from_nanos(1)).as_secs_f64())
    }

    pub fn value(self) -> f64 {
        match self {
            Self::Rate(value) | Self::Time(value) => value,
        }
    }
}

/// Something to measure.
pub struct Case<'a> {
    pub subject: Subject,
    /// The case in the same list that limits it.
    pub limit: Option<usize>,
    pub turn: Box<dyn FnMut() -> Result<Turn, Failure> + 'a>,
}
