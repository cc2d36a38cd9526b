//! Whole streams, by format: from memory to nowhere, from pipe to pipe and, with --dir, from file to
//! file; beside copying the same data the same way.

use super::case::{Case, Operation, Part, Subject, Way, rate};
use super::names;
use super::select::{Choice, Selection};
use crate::cli::failure::{Failure, Subjects, shown};
use crate::cli::work::{Source, subjects};
use crate::io::cleanup::Temporary;
use crate::io::dir::Dir;
use crate::io::input::Input;
use crate::io::output::{Content, Output, Target};
use crate::io::staged::Staged;
use fetool::aead::KEY_LEN;
use fetool::{Error, Open, Seal, Secret, Stop, random};
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const MIB: usize = 1 << 20;
/// As much as the pipeline reads and writes at a time.
const BLOCK: usize = MIB;

/// What is sealed and opened with one choice; copied where there is none.
pub struct Stream {
    choice: Option<Choice>,
    secret: Secret,
    plaintext: Data,
    sealed: Data,
}

/// Data in memory, and in a file with --dir.
#[derive(Default)]
struct Data {
    bytes: Vec<u8>,
    file: Option<Scratch>,
}

/// The streams of all choices, and last the one to copy.
pub fn prepare(selection: &Selection) -> Result<Vec<Stream>, Failure> {
    let mut streams = Vec::new();
    let jobs = *selection.jobs.last().expect("there is one at least");
    for choice in selection.choices() {
        let size = match selection.size {
            Some(size) => usize::try_from(size).unwrap_or(usize::MAX),
            None => fitting(choice, jobs),
        };
        streams.push(Stream::new(Some(choice), size, jobs, selection)?);
    }
    let longest = streams.iter().map(|it| it.plaintext.bytes.len()).max();
    let longest = longest.unwrap_or_default();
    streams.push(Stream::new(None, longest, jobs, selection)?);
    Ok(streams)
}

/// The selected cases, each group of them behind its limit.
pub fn cases<'a>(streams: &'a [Stream], selection: &Selection) -> Vec<Case<'a>> {
    let mut cases = Vec::new();
    let (copied, streams) = streams.split_last().expect("one is always copied");
    let memory = selection.jobs.iter().map(|jobs| (Way::Memory, vec![*jobs]));
    let ways = [Way::Pipe, Way::File].map(|way| (way, selection.jobs.clone()));
    for (way, jobs) in memory.chain(ways) {
        if way == Way::File && selection.dir.is_none() {
            continue;
        }
        let limit = cases.len();
        cases.push(copied.case(way, jobs[0], Operation::Copy, None));
        for stream in streams {
            for jobs in &jobs {
                for operation in [Operation::Seal, Operation::Open] {
                    cases.push(stream.case(way, *jobs, operation, Some(limit)));
                }
            }
        }
    }
    cases
}

impl Stream {
    fn new(
        choice: Option<Choice>,
        size: usize,
        jobs: NonZeroUsize,
        selection: &Selection,
    ) -> Result<Self, Failure> {
        let dir = selection.dir.as_deref();
        let secret = match choice {
            Some(choice) if choice.format.derives_keys() => {
                Secret::passphrase("correct horse battery staple")
            }
            _ => Secret::key([7; KEY_LEN]),
        };
        let mut stream = Self {
            choice,
            // A slow key derivation is done once.
            secret: secret.for_many_files(),
            plaintext: Data::new(plaintext(size)?, dir)?,
            sealed: Data::default(),
        };
        if choice.is_some() {
            let mut sealed = Vec::new();
            stream
                .work(
                    Operation::Seal,
                    jobs,
                    &stream.plaintext.bytes[..],
                    &mut sealed,
                )
                .map_err(|error| Subjects::default().blame(&error))?;
            stream.sealed = Data::new(sealed, dir)?;
        }
        Ok(stream)
    }

    fn case(
        &self,
        way: Way,
        jobs: NonZeroUsize,
        operation: Operation,
        limit: Option<usize>,
    ) -> Case<'_> {
        let size = self.plaintext.bytes.len() as u64;
        let is_copied_by_one = self.choice.is_none() && way != Way::Memory;
        Case {
            subject: Subject {
                part: Part::Format,
                operation,
                format: self.choice.map(|it| it.format.name()),
                aead: self.choice.map(|it| names::of_aead(it.algorithm)),
                layers: self.choice.and_then(|it| it.layers),
                way: Some(way),
                jobs: (!is_copied_by_one).then_some(jobs.get()),
                size: Some(size),
                ..Subject::default()
            },
            limit,
            turn: Box::new(move || Ok(rate(size, self.turn(way, jobs, operation)?))),
        }
    }

    fn turn(
        &self,
        way: Way,
        jobs: NonZeroUsize,
        operation: Operation,
    ) -> Result<Duration, Failure> {
        let data = match operation {
            Operation::Open => &self.sealed,
            _ => &self.plaintext,
        };
        match (way, &data.file) {
            (Way::Pipe, _) => self.through_pipes(&data.bytes, jobs, operation),
            (Way::File, Some(file)) => self.to_file(file, jobs, operation),
            _ => match operation {
                Operation::Copy => copy_memory(&data.bytes, jobs),
                _ => self.work(operation, jobs, &data.bytes[..], io::sink()),
            }
            .map_err(|error| Subjects::default().blame(&error)),
        }
    }

    /// Works between a pipe that one thread fills and a pipe that another empties.
    fn through_pipes(
        &self,
        data: &[u8],
        jobs: NonZeroUsize,
        operation: Operation,
    ) -> Result<Duration, Failure> {
        let (read, mut feed) = io::pipe().map_err(Failure::from_system)?;
        let (mut drain, write) = io::pipe().map_err(Failure::from_system)?;
        // By path, so that they are opened as the command opens those that it is given.
        let source = Source::Path(path(&read));
        let target = file(path(&write));
        let ends = move |input, output| {
            // These copies would keep the pipes open.
            drop((read, write));
            thread::scope(|scope| {
                let thread = |name: &str| thread::Builder::new().name(name.to_owned());
                // A failure here means that the other end is gone, and the work says why.
                let fill = move || drop(feed.write_all(data));
                let empty = move || drop(io::copy(&mut drain, &mut io::sink()));
                let started = thread("feeding").spawn_scoped(scope, fill);
                started.map_err(Error::Thread)?;
                let started = thread("draining").spawn_scoped(scope, empty);
                started.map_err(Error::Thread)?;
                self.work_and_commit(operation, jobs, input, output)
            })
        };
        opened(&source, &target, ends)
    }

    /// Works from a file to a new file beside it, which is removed afterwards.
    fn to_file(
        &self,
        scratch: &Scratch,
        jobs: NonZeroUsize,
        operation: Operation,
    ) -> Result<Duration, Failure> {
        let from = scratch.0.path();
        let to = from.with_extension("out");
        // A signal removes the output's temporary file before this one: it cannot get its name in between.
        let name = to.file_name().unwrap_or_default();
        let ((), made) =
            Temporary::make(scratch.0.dir(), name, || Ok(())).map_err(Failure::from_system)?;
        let work = |input, output| self.work_and_commit(operation, jobs, input, output);
        let time = opened(&Source::Path(from), &file(to), work);
        // It is not there after an error.
        let _ = made.dir().remove(made.name());
        time
    }

    fn work_and_commit(
        &self,
        operation: Operation,
        jobs: NonZeroUsize,
        input: Input,
        mut output: Output,
    ) -> Result<Duration, Error> {
        let time = self.work(operation, jobs, input, &mut output)?;
        let start = Instant::now();
        output.commit().map_err(Error::Write)?;
        Ok(time + start.elapsed())
    }

    /// Moves the data, and tells how long that took once the key was derived.
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
        if operation == Operation::Open {
            let opening = Open::new(&self.secret).format(Some(choice.format));
            let opening = opening.jobs(jobs).start(input)?;
            let start = Instant::now();
            return opening.run(output).map(|_| start.elapsed());
        }
        let sealing = Seal::new(&self.secret)
            .format(choice.format)
            .algorithm(Some(choice.algorithm))
            .layers(choice.layers)
            .size(Some(self.plaintext.bytes.len() as u64))
            .jobs(jobs)
            .start()?;
        let start = Instant::now();
        sealing.run(input, output).map(|_| start.elapsed())
    }
}

impl Data {
    fn new(bytes: Vec<u8>, dir: Option<&Path>) -> Result<Self, Failure> {
        let file = dir.map(|dir| {
            let made = Scratch::new(dir).and_then(|mut scratch| {
                scratch.0.file.write_all(&bytes)?;
                Ok(scratch)
            });
            made.map_err(|error| Failure::system(shown(dir), &error))
        });
        Ok(Self {
            file: file.transpose()?,
            bytes,
        })
    }
}

/// A file that goes away when it is dropped, and when a signal ends the process.
pub struct Scratch(Staged);

impl Scratch {
    pub fn new(dir: &Path) -> io::Result<Self> {
        Ok(Self(Staged::new(&Arc::new(Dir::open(dir)?))?))
    }
}

/// Works between an input and an output that are opened as the command opens them.
fn opened(
    source: &Source,
    target: &Target,
    work: impl FnOnce(Input, Output) -> Result<Duration, Error>,
) -> Result<Duration, Failure> {
    let subjects = subjects(source, target);
    let stop = Stop::new(); // ends the input when it is dropped
    let input = source.open(&stop)?;
    let output =
        Output::open(target, Content::Sealed, &[]).map_err(|refused| subjects.refused(refused))?;
    work(input, output).map_err(|error| subjects.blame(&error))
}

/// A path to a descriptor of ours.
fn path(fd: &impl AsFd) -> PathBuf {
    format!("/dev/fd/{}", fd.as_fd().as_raw_fd()).into()
}

fn file(path: PathBuf) -> Target {
    Target::File {
        path,
        force: false,
        sync: false,
    }
}

/// The limit: nothing but reading and writing.
fn copy(input: &mut impl Read, output: &mut impl Write) -> Result<Duration, Error> {
    let start = Instant::now();
    let mut block = vec![0; BLOCK];
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
    thread::scope(|scope| {
        for data in data.chunks(share) {
            let copy = move || {
                let mut block = vec![0; BLOCK.min(share)];
                for piece in data.chunks(BLOCK) {
                    black_box(&mut block[..piece.len()]).copy_from_slice(piece);
                }
            };
            let thread = thread::Builder::new().spawn_scoped(scope, copy);
            thread.map_err(Error::Thread)?;
        }
        Ok(())
    })
    .map(|()| start.elapsed())
}

/// Plaintext that no file system can make smaller: random bytes, over and over.
fn plaintext(size: usize) -> Result<Vec<u8>, Failure> {
    let too_much = |_| Failure::usage("--size needs more memory than there is");
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).map_err(too_much)?;
    let mut block = vec![0; size.min(MIB)];
    random(&mut block).map_err(|error| Subjects::default().blame(&error))?;
    while bytes.len() < size {
        let rest = size - bytes.len();
        bytes.extend_from_slice(&block[..rest.min(block.len())]);
    }
    Ok(bytes)
}

/// Enough for every job to have several slabs, and not too much to hold in memory.
fn fitting(choice: Choice, jobs: NonZeroUsize) -> usize {
    let layers = usize::from(choice.layers.unwrap_or(1));
    (32 / layers).max(4 * jobs.get()) * MIB
}
