//! Whole streams, by format: from memory to nowhere, from pipe to pipe and, with --dir, from file to
//! file; beside copying the same data the same way.

use super::case::{Case, Operation, Part, Subject, Way, at_once, rate};
use super::{Args, listed};
use crate::cli::failure::{Failure, Subjects, shown};
use crate::io::dir::Dir;
use crate::io::staged::Staged;
use crate::io::widen_pipe;
use fetool::aead::{Algorithm, KEY_LEN};
use fetool::format::Format;
use fetool::format::age::{AgeIdentity, X25519Identity};
use fetool::{Error, Identity, Open, Recipient, Seal, Secret, random};
use std::fs::File;
use std::hint::black_box;
use std::io::{self, PipeReader, PipeWriter, Read, Seek, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const MIB: usize = 1 << 20;

/// A format with what it is sealed with.
#[derive(Clone, Copy)]
struct Choice {
    format: &'static dyn Format,
    algorithm: Algorithm,
    layers: Option<u8>,
}

/// What is sealed and opened with one choice; copied if there is none.
struct Stream {
    choice: Option<Choice>,
    secret: Secret,
    /// For formats that have recipients: a secret would cost a slow key derivation for each file.
    identity: AgeIdentity,
    plaintext: Bytes,
    sealed: Bytes,
}

/// Bytes in memory, and in a temporary file with --dir.
#[derive(Default)]
struct Bytes {
    memory: Vec<u8>,
    file: Option<Staged>,
}

/// Returns the selected cases, each group of them behind its limit.
pub fn cases(args: &Args) -> Result<Vec<Case>, Failure> {
    let all_jobs = args.jobs();
    let jobs = all_jobs[all_jobs.len() - 1];
    let open = |path: &PathBuf| {
        let dir = Dir::open(path).map(Arc::new);
        dir.map_err(|error| Failure::system(shown(path), &error))
    };
    let dir = args.dir.as_ref().map(open).transpose()?;
    let mut streams = Vec::new();
    for choice in choices(args) {
        let size = match args.size {
            Some(size) => usize::try_from(size).unwrap_or(usize::MAX),
            None => fitting(choice.layers, jobs),
        };
        streams.push(Stream::new(Some(choice), size, jobs, dir.as_ref())?);
    }
    let Some(longest) = streams.iter().map(|it| it.size()).max() else {
        return Ok(Vec::new());
    };
    let copied = Stream::new(None, longest, jobs, dir.as_ref())?;

    let memory = all_jobs.iter().map(|jobs| (Way::Memory, vec![*jobs]));
    let others = [Way::Pipe, Way::File].map(|way| (way, all_jobs.clone()));
    let ways = memory.chain(others);
    let mut cases = Vec::new();
    for (way, jobs) in ways.filter(|(way, _)| *way != Way::File || dir.is_some()) {
        cases.push(copied.case(way, jobs[0], Operation::Copy));
        for stream in &streams {
            for jobs in &jobs {
                for operation in [Operation::Seal, Operation::Open] {
                    cases.push(stream.case(way, *jobs, operation));
                }
            }
        }
    }
    Ok(cases)
}

/// Returns the formats with every selected AEAD and number of layers, or else with their defaults.
fn choices(args: &Args) -> Vec<Choice> {
    let mut choices = Vec::new();
    for format in args.formats().filter(|_| args.engine.is_empty()) {
        let layers = match (format.default_layers(), args.layers.as_slice()) {
            (default, []) => vec![default],
            (Some(_), layers) => layers.iter().copied().map(Some).collect(),
            (None, _) => continue,
        };
        let all = format.algorithms();
        let selected = if args.aead.is_empty() { &all[..1] } else { all };
        for algorithm in selected.iter().filter(|it| listed(&args.aead, it)) {
            choices.extend(layers.iter().map(|layers| Choice {
                format,
                algorithm: *algorithm,
                layers: *layers,
            }));
        }
    }
    choices
}

impl Stream {
    /// Makes the plaintext, and seals it to have something to open.
    fn new(
        choice: Option<Choice>,
        size: usize,
        jobs: NonZeroUsize,
        dir: Option<&Arc<Dir>>,
    ) -> Result<Rc<Self>, Failure> {
        let mut stream = Self {
            choice,
            secret: Secret::key([7; KEY_LEN]).for_many_files(),
            identity: AgeIdentity::X25519(X25519Identity::generate(&random).map_err(attribute)?),
            plaintext: Bytes::new(plaintext(size)?, dir)?,
            sealed: Bytes::default(),
        };
        if choice.is_some() {
            let (plaintext, mut sealed) = (&stream.plaintext.memory[..], Vec::new());
            let done = stream.work(Operation::Seal, jobs, plaintext, &mut sealed);
            done.map_err(attribute)?;
            stream.sealed = Bytes::new(sealed, dir)?;
        }
        Ok(Rc::new(stream))
    }

    fn size(&self) -> usize {
        self.plaintext.memory.len()
    }

    fn case(self: &Rc<Self>, way: Way, jobs: NonZeroUsize, operation: Operation) -> Case {
        let is_copied_by_one = self.choice.is_none() && way != Way::Memory;
        let subject = Subject {
            part: Part::Format,
            operation,
            format: self.choice.map(|it| it.format.name()),
            aead: self.choice.map(|it| it.algorithm.name().to_lowercase()),
            layers: self.choice.and_then(|it| it.layers),
            way: Some(way),
            jobs: (!is_copied_by_one).then_some(jobs.get()),
            size: Some(self.size() as u64),
            ..Subject::default()
        };
        let stream = self.clone();
        let turn = Box::new(move || {
            let time = stream.turn(way, jobs, operation)?;
            Ok(rate(stream.size() as u64, time))
        });
        Case { subject, turn }
    }

    fn turn(&self, way: Way, jobs: NonZeroUsize, does: Operation) -> Result<Duration, Failure> {
        let bytes = match does {
            Operation::Open => &self.sealed,
            _ => &self.plaintext,
        };
        let memory = &bytes.memory[..];
        let time = match (way, &bytes.file) {
            (Way::Pipe, _) => {
                through_pipes(memory, |input, output| self.work(does, jobs, input, output))
            }
            (Way::File, Some(file)) => from_start(file)
                .and_then(|(input, output)| self.work(does, jobs, input, &output.file)),
            _ if does == Operation::Copy => copy_memory(memory, jobs),
            _ => self.work(does, jobs, memory, io::sink()),
        };
        let name = bytes.file.as_ref().map(|file| shown(&file.path()));
        let name = name.unwrap_or_default();
        let subjects = Subjects {
            input: name.clone(),
            output: name,
            ..Subjects::default()
        };
        time.map_err(|error| subjects.attribute(&error))
    }

    /// Moves the data, and returns how long that took after the key was derived.
    fn work(
        &self,
        operation: Operation,
        jobs: NonZeroUsize,
        mut input: impl Read + Send,
        mut output: impl Write,
    ) -> Result<Duration, Error> {
        let Some(choice) = self.choice else {
            return copy(&mut input, &mut output);
        };
        let recipient = self.identity.recipient();
        let (recipient, identity) = match choice.format.has_recipients() {
            true => (
                Recipient::wrapping(&recipient),
                Identity::unwrapping(&self.identity),
            ),
            false => ((&self.secret).into(), (&self.secret).into()),
        };
        if operation == Operation::Open {
            let opening = Open::new(identity).format(Some(choice.format));
            let opening = opening.jobs(jobs).start(input)?;
            let start = Instant::now();
            return opening.run(output).map(|_| start.elapsed());
        }
        let sealing = Seal::new(recipient)
            .format(choice.format)
            .algorithm(Some(choice.algorithm))
            .layers(choice.layers)
            .size(Some(self.size() as u64))
            .jobs(jobs)
            .start()?;
        let start = Instant::now();
        sealing.run(input, output).map(|_| start.elapsed())
    }
}

impl Bytes {
    fn new(memory: Vec<u8>, dir: Option<&Arc<Dir>>) -> Result<Self, Failure> {
        let store = |dir: &Arc<Dir>| {
            let staged = Staged::new(dir).and_then(|mut staged| {
                staged.file.write_all(&memory)?;
                Ok(staged)
            });
            staged.map_err(|error| Failure::system(shown(&dir.path_of("".as_ref())), &error))
        };
        let file = dir.map(store).transpose()?;
        Ok(Self { memory, file })
    }
}

fn attribute(error: Error) -> Failure {
    Subjects::default().attribute(&error)
}

/// Returns a file to read, and a new one to write beside it, which goes away when it is dropped.
fn from_start(staged: &Staged) -> Result<(&File, Staged), Error> {
    let mut input = &staged.file;
    input.rewind().map_err(Error::Read)?;
    let output = Staged::new(staged.dir()).map_err(Error::Write)?;
    Ok((input, output))
}

/// Works between a pipe that one thread fills and a pipe that another empties.
fn through_pipes(
    data: &[u8],
    work: impl FnOnce(PipeReader, PipeWriter) -> Result<Duration, Error>,
) -> Result<Duration, Error> {
    let (input, mut feed) = io::pipe().map_err(Error::Read)?;
    let (mut drain, output) = io::pipe().map_err(Error::Write)?;
    // As the command does with its own.
    widen_pipe(&input);
    widen_pipe(&output);
    thread::scope(|scope| {
        // A failure here means that the other end is gone, and the work says why.
        let fill = move || drop(feed.write_all(data));
        let empty = move || drop(io::copy(&mut drain, &mut io::sink()));
        let thread = |name: &str| thread::Builder::new().name(name.to_owned());
        let started = thread("feeding").spawn_scoped(scope, fill);
        started.map_err(Error::Thread)?;
        let started = thread("draining").spawn_scoped(scope, empty);
        started.map_err(Error::Thread)?;
        work(input, output)
    })
}

/// Only reads and writes: the limit.
fn copy(input: &mut impl Read, output: &mut impl Write) -> Result<Duration, Error> {
    let start = Instant::now();
    // As much as the pipeline reads and writes at a time.
    let mut block = vec![0; MIB];
    loop {
        match input.read(&mut block).map_err(Error::Read)? {
            0 => return Ok(start.elapsed()),
            read => output.write_all(&block[..read]).map_err(Error::Write)?,
        }
    }
}

/// The limit in memory: the data goes once through the cache of each of so many cores.
fn copy_memory(data: &[u8], jobs: NonZeroUsize) -> Result<Duration, Error> {
    let start = Instant::now();
    let share = data.len().div_ceil(jobs.get()).max(1);
    at_once(jobs.get(), |number| {
        let data = data.chunks(share).nth(number).unwrap_or_default();
        let mut block = vec![0; MIB.min(data.len())];
        for piece in data.chunks(MIB) {
            black_box(&mut block[..piece.len()]).copy_from_slice(piece);
        }
    })
    .map(|_| start.elapsed())
}

/// Returns plaintext that no file system can make smaller: random bytes, over and over.
fn plaintext(size: usize) -> Result<Vec<u8>, Failure> {
    let too_much = |_| Failure::usage("--size needs more memory than there is");
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).map_err(too_much)?;
    bytes.resize(size, 0);
    let (first, rest) = bytes.split_at_mut(size.min(MIB));
    random(first).map_err(attribute)?;
    for part in rest.chunks_mut(MIB) {
        part.copy_from_slice(&first[..part.len()]);
    }
    Ok(bytes)
}

/// Returns a size with which every job has several slabs, and that fits in memory.
fn fitting(layers: Option<u8>, jobs: NonZeroUsize) -> usize {
    (32 / usize::from(layers.unwrap_or(1))).max(4 * jobs.get()) * MIB
}
