//! One run from file to file.

use super::sync::Mutex;
use super::{injected, run};
use crate::pipeline::parallel_io::UniformSpan;
use crate::pipeline::slab::Slab;
use crate::pipeline::stages::Work;
use crate::positioned::{Positioned, ReadAt, WriteAt};
use crate::{CancelToken, Error, Meter};
use std::io;

/// What fails, and at which slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// These two have an unexpected layout.
    Left(u64, u64),
    Panics(u64),
    Output(u64),
}

struct Input(u64);

impl ReadAt for Input {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        if position >= self.0 {
            return Ok(0);
        }
        into[0] = position as u8;
        Ok(1)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.0)
    }
}

struct Output {
    bytes: Mutex<Vec<u8>>,
    full: Option<u64>,
}

const UNWRITTEN: u8 = 0xEE;

impl WriteAt for Output {
    fn write_at(&self, from: &[u8], position: u64) -> io::Result<usize> {
        if self.full == Some(position) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let mut bytes = self.bytes.lock().unwrap();
        let at = position as usize;
        if bytes.len() <= at {
            bytes.resize(at + 1, UNWRITTEN);
        }
        bytes[at] = from[0];
        Ok(1)
    }

    fn truncate(&self, position: u64) -> io::Result<()> {
        self.bytes.lock().unwrap().truncate(position as usize);
        Ok(())
    }
}

struct Worker(Option<Fault>);

impl Work for Worker {
    fn work(&self, slab: &mut Slab) -> Result<u64, Error> {
        match self.0 {
            Some(Fault::Left(one, other)) if [one, other].contains(&slab.number) => {
                return Err(injected(slab.number));
            }
            Some(Fault::Panics(at)) if at == slab.number => {
                std::panic::resume_unwind(Box::new("injected"))
            }
            _ => {}
        }
        slab.output = 0..1;
        Ok(1)
    }
}

/// Runs it, and asserts that everything before the first fault is written, and nothing behind it.
pub fn check(jobs: usize, slabs: u64, fault: Option<Fault>) {
    let (stop, meter) = (CancelToken::new(), Meter::default());
    let input = Input(slabs);
    let output = Output {
        bytes: Mutex::new(Vec::new()),
        full: match fault {
            Some(Fault::Output(at)) => Some(at),
            _ => None,
        },
    };
    let middle = UniformSpan {
        input: Positioned {
            file: &input as &dyn ReadAt,
            position: 0,
        },
        output: Positioned {
            file: &output as &dyn WriteAt,
            position: 0,
        },
        slabs,
        slab_in: 1,
        slab_out: 1,
        rest: 0,
        ahead: 0,
        start: 0,
        lay_out: &|_: &mut Slab| true,
        text: None,
        worker: &Worker(fault),
    };
    let ended = middle.run(&run(jobs, 100, &stop, &meter));
    let good = match fault {
        None => slabs,
        Some(Fault::Left(one, other)) => one.min(other),
        Some(Fault::Panics(at) | Fault::Output(at)) => at,
    };
    let written = output.bytes.into_inner().unwrap();
    assert!(written.iter().copied().eq(0..good as u8), "{written:?}");
    match (fault, ended) {
        (None | Some(Fault::Left(..)), Ok(done)) => assert_eq!(done, good),
        (Some(Fault::Panics(_)), Err(Error::Panic("worker"))) => {}
        (Some(Fault::Output(_)), Err(Error::Write(_))) => {}
        (fault, ended) => panic!("{fault:?} ended with {ended:?}"),
    }
}
