//! Whole streams by format: from memory to nowhere, from pipe to pipe and, with --dir, from file to file; compared with
//! copying the same data in the same way.

use super::case::{Case, Operation, Part, Subject, Way, at_once, rate};
use super::{Args, listed};
use crate::io::dir::Dir;
use crate::io::staged::Staged;
use crate::io::widen_pipe;
use fetool::aead::{Algorithm, KEY_LEN};
use fetool::format::Format;
use fetool::{Error, Open, Seal, Secret, random};
use std::hint::black_box;
use std::io::{self, PipeReader, PipeWriter, Read, Seek, Write};
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::Builder;
use std::time::{Duration, Instant};

const MIB: usize = 1 << 20;

/// A format with one AEAD.
struct Stream {
    format: &'static dyn Format,
    algorithm: Algorithm,
    layers: Option<u8>,
    secret: Secret,
    plaintext: Bytes,
    sealed: Bytes,
}

/// Bytes in memory, and in a temporary file with --dir.
#[derive(Default)]
struct Bytes {
    memory: Arc<Vec<u8>>,
    file: Option<Staged>,
}

/// Returns the selected cases, each group of them behind its limit.
pub fn cases(args: &Args) -> Result<Vec<Case>, Error> {
    let all_jobs = args.jobs();
    let dir = args.dir.as_deref().map(Dir::open).transpose();
    let dir = dir.map_err(Error::Read)?.map(Arc::new);
    let streams = streams(args, all_jobs[all_jobs.len() - 1], dir.as_ref())?;
    let Some(longest) = streams.iter().max_by_key(|it| it.size()) else {
        return Ok(Vec::new());
    };
    let memory = all_jobs.chunks(1).map(|jobs| (Way::Memory, jobs));
    let pipe = [(Way::Pipe, &all_jobs[..])];
    let file = dir.iter().map(|_| (Way::File, &all_jobs[..]));
    let mut cases = Vec::new();
    for (way, jobs) in memory.chain(pipe).chain(file) {
        cases.push(longest.case(way, jobs[0], Operation::Copy));
        for stream in &streams {
            for jobs in jobs {
                cases.push(stream.case(way, *jobs, Operation::Seal));
                cases.push(stream.case(way, *jobs, Operation::Open));
            }
        }
    }
    Ok(cases)
}

/// Makes a stream for each selected format with every selected AEAD and number of layers, or else with the format's
/// defaults. Without --size, every job has several slabs, and all fit into memory.
fn streams(
    args: &Args,
    jobs: NonZeroUsize,
    dir: Option<&Arc<Dir>>,
) -> Result<Vec<Rc<Stream>>, Error> {
    let mut streams = Vec::new();
    for format in args.formats().filter(|_| args.engine.is_empty()) {
        let all_layers = match (format.default_layers(), args.layers.as_slice()) {
            (default, []) => vec![default],
            (Some(_), layers) => layers.iter().copied().map(Some).collect(),
            (None, _) => continue,
        };
        let all = format.algorithms();
        let selected = if args.aead.is_empty() { &all[..1] } else { all };
        for algorithm in selected.iter().filter(|it| listed(&args.aead, it)) {
            for layers in &all_layers {
                let fitting = (32 / usize::from(layers.unwrap_or(1))).max(4 * jobs.get()) * MIB;
                let size = args.size.map(usize::try_from);
                let plaintext = plaintext(size.map_or(fitting, |size| size.unwrap_or(usize::MAX)))?;
                let secret = match format.has_recipients() {
                    true => Secret::passphrase("correct horse battery staple"),
                    false => Secret::key([7; KEY_LEN]),
                };
                let mut stream = Stream {
                    format,
                    algorithm: *algorithm,
                    layers: *layers,
                    secret: secret.for_many_files(),
                    plaintext: Bytes::new(plaintext, dir)?,
                    sealed: Bytes::default(),
                };
                let mut sealed = Vec::new();
                let plaintext = &stream.plaintext.memory[..];
                stream.work(Operation::Seal, jobs, plaintext, &mut sealed)?;
                stream.sealed = Bytes::new(sealed, dir)?;
                streams.push(Rc::new(stream));
            }
        }
    }
    Ok(streams)
}

impl Stream {
    fn size(&self) -> usize {
        self.plaintext.memory.len()
    }

    fn case(self: &Rc<Self>, way: Way, jobs: NonZeroUsize, operation: Operation) -> Case {
        let is_copied = operation == Operation::Copy;
        let choice = (!is_copied).then_some(self);
        let subject = Subject {
            part: Part::Format,
            operation,
            format: choice.map(|it| it.format.name()),
            aead: choice.map(|it| it.algorithm.name().to_lowercase()),
            layers: choice.and_then(|it| it.layers),
            way: Some(way),
            // One thread copies pipes and files.
            jobs: (!is_copied || way == Way::Memory).then_some(jobs.get()),
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

    fn turn(&self, way: Way, jobs: NonZeroUsize, does: Operation) -> Result<Duration, Error> {
        let bytes = match does {
            Operation::Open => &self.sealed,
            _ => &self.plaintext,
        };
        match (way, &bytes.file) {
            (Way::Pipe, _) => {
                let (input, output) = pipes(&bytes.memory).map_err(Error::Thread)?;
                self.work(does, jobs, input, output)
            }
            (Way::File, Some(staged)) => {
                let mut input = &staged.file;
                input.rewind().map_err(Error::Read)?;
                // It is removed on drop.
                let output = Staged::new(staged.dir()).map_err(Error::Write)?;
                self.work(does, jobs, input, &output.file)
            }
            // Each core copies a part.
            _ if does == Operation::Copy => {
                let start = Instant::now();
                let share = bytes.memory.len().div_ceil(jobs.get());
                let parts: Vec<_> = bytes.memory.chunks(share).collect();
                at_once(parts.len(), |number| copy(parts[number], io::sink()))?;
                Ok(start.elapsed())
            }
            _ => self.work(does, jobs, &bytes.memory[..], io::sink()),
        }
    }

    /// Processes the data, and returns how long that took after the key derivation.
    fn work(
        &self,
        operation: Operation,
        jobs: NonZeroUsize,
        input: impl Read + Send,
        output: impl Write,
    ) -> Result<Duration, Error> {
        if operation == Operation::Copy {
            return copy(input, output);
        }
        if operation == Operation::Open {
            let opening = Open::new(&self.secret).format(Some(self.format));
            let opening = opening.jobs(jobs).start(input)?;
            let start = Instant::now();
            return opening.run(output).map(|_| start.elapsed());
        }
        let sealing = Seal::new(&self.secret)
            .format(self.format)
            .algorithm(Some(self.algorithm))
            .layers(self.layers)
            // The key derivation is not measured.
            .work_factor(self.format.has_recipients().then_some(1))
            .size(Some(self.size() as u64))
            .jobs(jobs)
            .start()?;
        let start = Instant::now();
        sealing.run(input, output).map(|_| start.elapsed())
    }
}

impl Bytes {
    fn new(memory: Vec<u8>, dir: Option<&Arc<Dir>>) -> Result<Self, Error> {
        let store = |dir| {
            let mut staged = Staged::new(dir)?;
            staged.file.write_all(&memory).map(|()| staged)
        };
        let file = dir.map(store).transpose().map_err(Error::Write)?;
        let memory = Arc::new(memory);
        Ok(Self { memory, file })
    }
}

/// Returns a pipe that one thread fills with `data`, and a pipe that another one empties. Each thread ends with its
/// pipe.
fn pipes(data: &Arc<Vec<u8>>) -> io::Result<(PipeReader, PipeWriter)> {
    let (input, mut feed) = io::pipe()?;
    let (mut drain, output) = io::pipe()?;
    // As the command does with its own pipes.
    widen_pipe(&input);
    widen_pipe(&output);
    let data = data.clone();
    // A failure here means that the other end has closed, and the work reports why.
    Builder::new().spawn(move || feed.write_all(&data))?;
    Builder::new().spawn(move || io::copy(&mut drain, &mut io::sink()))?;
    Ok((input, output))
}

/// Only reads and writes, in the same amounts as the pipeline: the limit.
fn copy(mut input: impl Read, mut output: impl Write) -> Result<Duration, Error> {
    let start = Instant::now();
    let mut block = vec![0; MIB];
    loop {
        match input.read(black_box(&mut block)).map_err(Error::Read)? {
            0 => return Ok(start.elapsed()),
            read => output.write_all(&block[..read]).map_err(Error::Write)?,
        }
    }
}

/// Returns plaintext that no file system can compress: random bytes, repeated.
fn plaintext(size: usize) -> Result<Vec<u8>, Error> {
    let too_much = |_| Error::usage("--size needs more memory than there is");
    let mut block = vec![0; MIB.min(size)];
    random(&mut block)?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).map_err(too_much)?;
    while bytes.len() < size {
        bytes.extend_from_slice(&block[..MIB.min(size - bytes.len())]);
    }
    Ok(bytes)
}
