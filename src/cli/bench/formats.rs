//! Whole streams, by format: through memory, through pipes and, where a folder is given, from file to
//! file; beside copying the same data the same way.

use super::case::{Case, Operation, Part, Subject, Turn, Way};
use super::derived_once::DerivedOnce;
use super::files::Scratch;
use super::names;
use super::select::{Choice, Selection};
use super::ways::{copy, copy_memory, failed, through_pipes, timed};
use crate::cli::failure::{Failure, Subjects};
use crate::io::input::Input;
use crate::io::output::Output;
use fetool::aead::{Aead, KEY_LEN};
use fetool::{Error, Open, Seal, Secret, random};
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::{Duration, Instant};

const MIB: u64 = 1 << 20;
/// About how long a turn takes where no size is asked for.
const TURN: Duration = Duration::from_millis(20);

/// Everything that streams come from.
pub struct Streams {
    streams: Vec<Stream>,
    /// The longest of the plaintexts, for the limits.
    longest: Data,
}

/// Data in memory, and in a file where there is a folder.
struct Data {
    bytes: Vec<u8>,
    file: Option<Scratch>,
}

/// What is sealed and opened with one choice.
struct Stream {
    choice: Choice,
    format: DerivedOnce,
    secret: Secret,
    plaintext: Data,
    sealed: Data,
}

impl Streams {
    /// Makes the data, and seals it once with each choice.
    pub fn prepare(selection: &Selection) -> Result<Self, Failure> {
        let dir = selection.dir.as_deref();
        let streams = selection
            .choices()
            .into_iter()
            .map(|choice| Stream::prepare(choice, selection))
            .collect::<Result<Vec<_>, _>>()?;
        let sizes = streams.iter().map(|stream| stream.size());
        let longest = Data::new(plaintext(sizes.max().unwrap_or(0))?, dir)?;
        Ok(Self { streams, longest })
    }

    /// The selected cases, each group of them behind its limit.
    pub fn cases(&self, selection: &Selection) -> Vec<Case<'_>> {
        let mut cases = Vec::new();
        let memory = selection.jobs.iter().map(|jobs| (Way::Memory, vec![*jobs]));
        let ways = [Way::Pipe, Way::File].map(|way| (way, selection.jobs.clone()));
        for (way, jobs) in memory.chain(ways) {
            if way == Way::File && selection.dir.is_none() {
                continue;
            }
            let limit = cases.len();
            cases.push(self.limit(way, jobs[0]));
            for stream in &self.streams {
                for jobs in &jobs {
                    for operation in [Operation::Seal, Operation::Open] {
                        cases.push(stream.case(way, *jobs, operation, limit));
                    }
                }
            }
        }
        cases
    }

    fn limit(&self, way: Way, jobs: NonZeroUsize) -> Case<'_> {
        let size = self.longest.bytes.len() as u64;
        Case {
            subject: Subject {
                way: Some(way),
                // Only memory is copied by several.
                jobs: (way == Way::Memory).then_some(jobs.get()),
                size: Some(size),
                ..Subject::new(Part::Format, Operation::Copy)
            },
            limit: None,
            turn: Box::new(move || {
                let time = match way {
                    Way::Memory => timed(Instant::now(), || copy_memory(&self.longest.bytes, jobs))
                        .map_err(|error| failed(&Subjects::default(), &error)),
                    Way::Pipe => through_pipes(&self.longest.bytes, &copy),
                    Way::File => self.longest.in_file().to_file(&copy),
                };
                Ok(Turn::rate(size, time?))
            }),
        }
    }
}

impl Data {
    fn new(bytes: Vec<u8>, dir: Option<&Path>) -> Result<Self, Failure> {
        let file = dir.map(|dir| Scratch::holding(dir, &bytes)).transpose()?;
        Ok(Self { bytes, file })
    }

    fn in_file(&self) -> &Scratch {
        self.file
            .as_ref()
            .expect("files are measured only where there is a folder")
    }
}

impl Stream {
    fn prepare(choice: Choice, selection: &Selection) -> Result<Self, Failure> {
        let dir = selection.dir.as_deref();
        let jobs = selection.jobs.iter().max();
        let jobs = *jobs.expect("there is one at least");
        let size = selection.size.unwrap_or_else(|| fitting(choice, jobs));
        let mut stream = Self {
            choice,
            format: DerivedOnce::new(choice.format),
            secret: if choice.format.derives_keys() {
                Secret::passphrase("correct horse battery staple")
            } else {
                Secret::key([7; KEY_LEN])
            },
            plaintext: Data::new(plaintext(size)?, dir)?,
            sealed: Data::new(Vec::new(), None)?,
        };
        let mut sealed = Vec::new();
        stream
            .seal(&stream.plaintext.bytes[..], &mut sealed, jobs)
            .map_err(|error| failed(&Subjects::default(), &error))?;
        stream.sealed = Data::new(sealed, dir)?;
        Ok(stream)
    }

    fn size(&self) -> u64 {
        self.plaintext.bytes.len() as u64
    }

    fn case(&self, way: Way, jobs: NonZeroUsize, operation: Operation, limit: usize) -> Case<'_> {
        Case {
            subject: Subject {
                format: Some(self.choice.format.name()),
                aead: Some(names::of_aead(self.choice.algorithm)),
                layers: self.choice.layers,
                way: Some(way),
                jobs: Some(jobs.get()),
                size: Some(self.size()),
                ..Subject::new(Part::Format, operation)
            },
            limit: Some(limit),
            turn: Box::new(move || {
                let data = match operation {
                    Operation::Open => &self.sealed,
                    _ => &self.plaintext,
                };
                let mover = |input, output| self.as_command(operation, jobs, input, output);
                let time = match way {
                    Way::Memory => timed(Instant::now(), || {
                        self.work(operation, jobs, &data.bytes[..], io::sink())
                    })
                    .map_err(|error| failed(&Subjects::default(), &error)),
                    Way::Pipe => through_pipes(&data.bytes, &mover),
                    Way::File => data.in_file().to_file(&mover),
                };
                Ok(Turn::rate(self.size(), time?))
            }),
        }
    }

    /// What the command does between its input and its output.
    fn as_command(
        &self,
        operation: Operation,
        jobs: NonZeroUsize,
        input: Input,
        mut output: Output,
    ) -> Result<(), Error> {
        self.work(operation, jobs, input, &mut output)?;
        output.commit().map_err(Error::Write)
    }

    fn work(
        &self,
        operation: Operation,
        jobs: NonZeroUsize,
        input: impl Read + Send,
        output: impl io::Write,
    ) -> Result<(), Error> {
        match operation {
            Operation::Open => self.open(input, output, jobs),
            _ => self.seal(input, output, jobs),
        }
    }

    fn seal(
        &self,
        input: impl Read + Send,
        output: impl io::Write,
        jobs: NonZeroUsize,
    ) -> Result<(), Error> {
        Seal::new(&self.secret)
            .format(&self.format)
            .algorithm(Some(self.choice.algorithm))
            .layers(self.choice.layers)
            .size(Some(self.size()))
            .jobs(jobs)
            .run(input, output)
            .map(drop)
    }

    fn open(
        &self,
        input: impl Read + Send,
        output: impl io::Write,
        jobs: NonZeroUsize,
    ) -> Result<(), Error> {
        Open::new(&self.secret)
            .format(Some(&self.format))
            .jobs(jobs)
            .run(input, output)
            .map(drop)
    }
}

/// Plaintext that no file system can make smaller: random bytes, over and over.
fn plaintext(size: u64) -> Result<Vec<u8>, Failure> {
    let too_much = || Failure::usage("--size needs more memory than there is");
    let size = usize::try_from(size).map_err(|_| too_much())?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).map_err(|_| too_much())?;
    let mut block = vec![0; size.min(MIB as usize)];
    random(&mut block).map_err(|error| failed(&Subjects::default(), &error))?;
    while bytes.len() < size {
        let rest = size - bytes.len();
        bytes.extend_from_slice(&block[..rest.min(block.len())]);
    }
    Ok(bytes)
}

/// How much makes a turn of the wanted length, as far as the AEAD tells: enough for every job to have
/// several slabs, and not too much to hold in memory.
fn fitting(choice: Choice, jobs: NonZeroUsize) -> u64 {
    let aead = Aead::new(choice.algorithm, &[7; KEY_LEN]);
    let nonce = vec![1; choice.algorithm.nonce_len()];
    let mut chunk = vec![3; MIB as usize];
    let mut seal = || {
        aead.seal(&nonce, b"", &mut chunk)
            .expect("the nonce has the algorithm's length, and a chunk of 1 MiB is not too long");
    };
    seal();
    let start = Instant::now();
    seal();
    let time = start.elapsed().max(Duration::from_nanos(1)) * u32::from(choice.layers.unwrap_or(1));
    let jobs = jobs.get() as u64;
    let chunks = (TURN.as_secs_f64() / time.as_secs_f64()) as u64 * jobs;
    let least = 4 * jobs;
    chunks.clamp(least, least.max(64)) * MIB
}
