//! From memory to nowhere, and through pipes.

use crate::cli::failure::{Failure, Subjects};
use crate::cli::work::Source;
use crate::io::input::Input;
use crate::io::output::{Content, Output, Target};
use fetool::{Error, Stop};
use std::hint::black_box;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, AsRawFd};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// What is done between an input and an output of the command; it commits the output.
pub type Move<'a> = dyn Fn(Input, Output) -> Result<(), Error> + 'a;

/// As much as the pipeline reads and writes at a time.
const BLOCK: usize = 1 << 20;

/// The time since `start`, when the work is done.
pub fn timed<E>(start: Instant, work: impl FnOnce() -> Result<(), E>) -> Result<Duration, E> {
    work()?;
    Ok(start.elapsed())
}

/// An error of what was measured.
pub fn failed(subjects: &Subjects, error: &Error) -> Failure {
    subjects.blame(error)
}

/// The limit for files and pipes: nothing but reading and writing.
pub fn copy(mut input: Input, mut output: Output) -> Result<(), Error> {
    let mut block = vec![0; BLOCK];
    loop {
        match input.read(&mut block).map_err(Error::Read)? {
            0 => return output.commit().map_err(Error::Write),
            read => output.write_all(&block[..read]).map_err(Error::Write)?,
        }
    }
}

/// The limit for memory: the data goes once through the cache of each of so many cores.
pub fn copy_memory(data: &[u8], jobs: NonZeroUsize) -> Result<(), Error> {
    let share = data.len().div_ceil(jobs.get()).max(1);
    thread::scope(|scope| {
        for data in data.chunks(share) {
            let copy = move || {
                let mut block = vec![0; BLOCK.min(share)];
                for piece in data.chunks(BLOCK) {
                    black_box(&mut block[..piece.len()]).copy_from_slice(piece);
                }
            };
            thread::Builder::new()
                .spawn_scoped(scope, copy)
                .map_err(Error::Thread)?;
        }
        Ok(())
    })
}

/// Moves the data from one pipe to another, with somebody who fills the first and somebody who empties
/// the second.
pub fn through_pipes(data: &[u8], mover: &Move) -> Result<Duration, Failure> {
    let subjects = Subjects {
        input: "pipe".to_owned(),
        output: "pipe".to_owned(),
        ..Subjects::default()
    };
    let (read, feed) = io::pipe().map_err(Failure::from_system)?;
    let (drain, write) = io::pipe().map_err(Failure::from_system)?;
    // By their names, so that they are opened as the command opens those that it is given.
    let stop = Stop::new();
    let input = Source::Path(name(&read)).open(&stop)?;
    let target = Target::File {
        path: name(&write),
        force: false,
        sync: false,
    };
    let output = Output::open(&target, Content::Sealed, &[]).map_err(|e| subjects.refused(e))?;
    // What would keep the pipes open.
    drop((read, write));
    let between = || {
        thread::scope(|scope| {
            let thread = |name: &str| thread::Builder::new().name(name.to_owned());
            let feeding = thread("feeding").spawn_scoped(scope, || fill(feed, data));
            feeding.map_err(Error::Thread)?;
            let draining = thread("draining").spawn_scoped(scope, || empty(drain));
            draining.map_err(Error::Thread)?;
            mover(input, output)
        })
    };
    timed(Instant::now(), between).map_err(|error| failed(&subjects, &error))
}

/// A path to a descriptor of ours.
fn name(fd: &impl AsFd) -> PathBuf {
    format!("/dev/fd/{}", fd.as_fd().as_raw_fd()).into()
}

fn fill(mut pipe: PipeWriter, data: &[u8]) {
    // Where it fails, the other end is gone, and whoever had it says why.
    let _ = pipe.write_all(data);
}

fn empty(mut pipe: PipeReader) {
    let mut block = vec![0; BLOCK];
    while pipe.read(&mut block).is_ok_and(|read| read > 0) {}
}
