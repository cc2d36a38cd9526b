//! One run of the threads, with one fault injected.

use super::sync::thread;
use super::{injected, run};
use crate::pipeline::inline::InlineState;
use crate::pipeline::slab::Slab;
use crate::pipeline::stages::{Produce, Totals, Work};
use crate::pipeline::threads::threads;
use crate::{CancelToken, Error, Meter};
use std::io::{self, Write};

/// What fails, and at which slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Input(u64),
    InputPanics(u64),
    Worker(u64),
    WorkerPanics(u64),
    /// Two workers fail, or a worker and the input.
    Two(u64, u64),
    Output(u64),
    /// Another thread cancels the work, at any time.
    Stopped,
    /// Only this many threads can be started.
    Threads(usize),
}

#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub jobs: usize,
    pub slabs: u64,
    /// The maximum number of buffers.
    pub pool: u64,
    /// Whether the calling thread has filled the first slab already.
    pub filled: bool,
    pub fault: Option<Fault>,
}

struct Input(Case);

impl Produce for Input {
    fn fill(&mut self, slab: &mut Slab) -> Result<(), Error> {
        let number = slab.number;
        assert!(number < self.0.slabs, "nothing is asked for behind the end");
        match self.0.fault {
            Some(Fault::Input(at) | Fault::Two(_, at)) if at == number => {
                return Err(injected(number));
            }
            Some(Fault::InputPanics(at)) if at == number => quiet_panic(),
            _ => {}
        }
        put(slab, number);
        slab.last = number + 1 == self.0.slabs;
        Ok(())
    }
}

fn put(slab: &mut Slab, number: u64) {
    slab.reserve(1).unwrap();
    slab.buffer[0] = number as u8;
}

struct Worker(Case);

impl Work for Worker {
    fn work(&self, slab: &mut Slab) -> Result<u64, Error> {
        assert_eq!(slab.buffer[0], slab.number as u8, "the bytes are its own");
        match self.0.fault {
            Some(Fault::Worker(at) | Fault::Two(at, _)) if at == slab.number => {
                return Err(injected(at));
            }
            Some(Fault::WorkerPanics(at)) if at == slab.number => quiet_panic(),
            _ => {}
        }
        slab.output = 0..1;
        Ok(1)
    }
}

/// Panics without a message, which a million runs would print.
fn quiet_panic() -> ! {
    std::panic::resume_unwind(Box::new("injected"))
}

struct Output {
    written: Vec<u8>,
    full: Option<u64>,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.full == Some(self.written.len() as u64) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.written.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs it. Asserts that exactly what comes before the fault is written, in order, and that the fault is reported.
pub fn check(case: Case) {
    let (stop, meter) = (CancelToken::new(), Meter::default());
    let mut output = Output {
        written: Vec::new(),
        full: match case.fault {
            Some(Fault::Output(at)) => Some(at),
            _ => None,
        },
    };
    thread::limit(match case.fault {
        Some(Fault::Threads(threads)) => threads,
        _ => usize::MAX,
    });
    let mut totals = Totals::default();
    let mut slab = Slab::default();
    if case.filled {
        put(&mut slab, 0);
    }
    let begun = InlineState {
        slab,
        filled: case.filled,
        next: 0,
    };
    let run = run(case.jobs, case.pool, &stop, &meter);
    let somebody = (case.fault == Some(Fault::Stopped)).then(|| {
        let stop = stop.clone();
        thread::spawn(move || stop.stop())
    });
    // Each slab takes one byte of the memory.
    let ended = threads(
        Input(case),
        &Worker(case),
        &mut output,
        1,
        begun,
        &mut totals,
        &run,
    );
    if let Some(somebody) = somebody {
        somebody.join().unwrap();
    }
    let written = output.written.len() as u64;
    assert!(
        output.written.iter().copied().eq(0..written as u8),
        "in order"
    );
    assert_eq!(totals.written, written);
    // If not all threads were started, no input waits that would have to be woken.
    let told = stop.is_stopped() || matches!(ended, Ok(()) | Err(Error::Thread(_)));
    assert!(told, "an error throws the switch");
    match (case.fault, ended) {
        (None, Ok(())) => assert_eq!(written, case.slabs),
        (
            Some(Fault::Input(at) | Fault::Worker(at)),
            Err(Error::Authentication { chunk: told, .. }),
        ) => {
            assert_eq!((told, written), (at, at));
        }
        (Some(Fault::Two(one, other)), Err(Error::Authentication { chunk: told, .. })) => {
            assert_eq!((told, written), (one.min(other), one.min(other)));
        }
        (Some(Fault::InputPanics(at)), Err(Error::Panic("producer"))) => assert_eq!(written, at),
        (Some(Fault::WorkerPanics(at)), Err(Error::Panic("worker"))) => assert_eq!(written, at),
        (Some(Fault::Output(at)), Err(Error::Write(_))) => assert_eq!(written, at),
        (Some(Fault::Stopped), Ok(())) => assert_eq!(written, case.slabs),
        (Some(Fault::Stopped), Err(Error::Stopped)) => assert!(written < case.slabs),
        (Some(Fault::Threads(started)), Err(Error::Thread(_))) => {
            assert!(started <= case.jobs && written == 0);
        }
        (Some(Fault::Threads(started)), Ok(())) => assert!(started > case.jobs),
        (fault, ended) => panic!("{fault:?} ended with {ended:?}"),
    }
}
