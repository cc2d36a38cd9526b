//! The ways in which the same work is done, each of them by name: whatever the length of the data
//! and the number of threads, all of them must come to the same bytes and to the same error.

use super::{Outcome, assert_same, jobs};
use fetool::format::Format;
use fetool::{At, Error, Open, ReadAt, Seal, Sealed, Secret, Tuning, WriteAt};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A way to do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Producer, workers, ordered writer from the first byte on.
    Threads,
    /// The calling thread alone.
    Alone,
    /// From place to place, so many bytes at a time and the rest alone.
    Direct(usize),
    /// The same, and the rest with threads.
    DirectThreads(usize),
}

/// With 16-byte chunks: a chunk at a time, and several.
pub const WAYS: [Way; 5] = [
    Way::Threads,
    Way::Alone,
    Way::Direct(1),
    Way::Direct(100),
    Way::DirectThreads(100),
];

pub const WORKERS: [usize; 3] = [1, 2, 5];

impl Way {
    pub fn tuning(self) -> Tuning {
        let alone = match self {
            Way::Threads | Way::DirectThreads(_) => 0,
            Way::Alone | Way::Direct(_) => u64::MAX,
        };
        Tuning {
            alone,
            alone_for: Duration::MAX,
            patient: true,
            direct: 0,
            batch: match self {
                Way::Direct(batch) | Way::DirectThreads(batch) => batch,
                _ => 0,
            },
        }
    }

    pub fn is_direct(self) -> bool {
        matches!(self, Way::Direct(_) | Way::DirectThreads(_))
    }
}

/// A file in memory, which can misbehave.
#[derive(Default)]
pub struct Store {
    bytes: Mutex<Vec<u8>>,
    /// What it says its length is, where that is not true any more.
    pub claims: Option<u64>,
    /// Reading fails from here on.
    pub bad: Option<u64>,
    /// No byte can be written from here on.
    pub full: Option<u64>,
    /// Reading this byte takes so long that others are done meanwhile.
    pub slow: Option<u64>,
    /// Reads and writes at most so many bytes at once, and is interrupted before each.
    pub ragged: Option<usize>,
    /// From where to where it was told that it will be written.
    pub told: Mutex<Option<(u64, u64)>>,
    interrupts: Mutex<bool>,
}

impl Store {
    pub fn new(bytes: &[u8]) -> Self {
        Self {
            bytes: Mutex::new(bytes.to_vec()),
            ..Self::default()
        }
    }

    pub fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at_once(&self, len: usize) -> io::Result<usize> {
        let Some(most) = self.ragged else {
            return Ok(len);
        };
        let mut interrupts = self.interrupts.lock().unwrap();
        *interrupts = !*interrupts;
        if *interrupts {
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(len.min(most))
    }
}

impl ReadAt for Store {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        let mut len = self.at_once(into.len())?;
        if let Some(bad) = self.bad {
            let good = bad.saturating_sub(position) as usize;
            if good == 0 && len > 0 {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            len = len.min(good);
        }
        if self
            .slow
            .is_some_and(|slow| (position..position + len as u64).contains(&slow))
        {
            std::thread::sleep(Duration::from_millis(30));
        }
        let bytes = self.bytes();
        let rest = bytes.get(position as usize..).unwrap_or_default();
        let len = len.min(rest.len());
        into[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.claims.unwrap_or(self.bytes().len() as u64))
    }
}

impl WriteAt for Store {
    fn write_at(&self, from: &[u8], position: u64) -> io::Result<usize> {
        let mut len = self.at_once(from.len())?;
        if let Some(full) = self.full {
            let room = full.saturating_sub(position) as usize;
            if room == 0 && len > 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            len = len.min(room);
        }
        let mut bytes = self.bytes();
        let at = position as usize;
        let end = bytes.len().max(at + len);
        bytes.resize(end, 0xEE);
        bytes[at..at + len].copy_from_slice(&from[..len]);
        Ok(len)
    }

    fn cut(&self, position: u64) -> io::Result<()> {
        let mut bytes = self.bytes();
        assert!(position as usize <= bytes.len(), "nothing is made longer");
        bytes.truncate(position as usize);
        Ok(())
    }

    fn expect(&self, position: u64, len: u64) -> io::Result<()> {
        *self.told.lock().unwrap() = Some((position, position + len));
        Ok(())
    }
}

/// What is in a file already, where the output begins.
pub const BEFORE: &[u8] = b"before";

/// What came to a store behind what was in it before.
pub fn written(store: &Store) -> Vec<u8> {
    let bytes = store.bytes();
    assert_eq!(&bytes[..BEFORE.len()], BEFORE);
    bytes[BEFORE.len()..].to_vec()
}

/// A store with data behind a few other bytes, and their number.
pub fn behind(bytes: &[u8]) -> (Store, u64) {
    (Store::new(&[b"abc", bytes].concat()), 3)
}

/// Seals in one way, from one store to another or from a slice to a vector.
pub fn seal_in(way: Way, seal: Seal<'_>, text: &[u8]) -> (Result<Sealed, Error>, Vec<u8>) {
    let seal = seal.tuning_for_tests(way.tuning());
    if !way.is_direct() {
        let mut sealed = Vec::new();
        return (seal.run(text, &mut sealed), sealed);
    }
    let (input, position) = behind(text);
    let output = Store::new(BEFORE);
    let from = At {
        file: &input,
        position,
    };
    let done = seal
        .start()
        .and_then(|sealing| sealing.run_at(from, end(&output)));
    (done, written(&output))
}

/// Where output goes.
pub fn end(output: &Store) -> At<'_, Store> {
    At {
        file: output,
        position: output.bytes().len() as u64,
    }
}

/// Opens in one way, from one store to another or from a slice to a vector.
pub fn open_in(way: Way, open: Open<'_>, sealed: &[u8]) -> Outcome {
    let (input, position) = behind(sealed);
    let output = Store::new(BEFORE);
    open_between(way, open, (&input, position), &output)
}

/// Opens in one way, from store to store.
pub fn open_between(
    way: Way,
    open: Open<'_>,
    (file, position): (&Store, u64),
    output: &Store,
) -> Outcome {
    let mut warnings = Vec::new();
    let from = At { file, position };
    let open = open.tuning_for_tests(way.tuning());
    let result = open.start(from).and_then(|opening| {
        warnings = opening.warnings().to_vec();
        if way.is_direct() {
            opening.run_at(from, end(output))
        } else {
            opening.run(end(output))
        }
    });
    Outcome {
        written: written(output),
        result,
        warnings,
    }
}

/// Asserts that every way comes to the same end as the one that was gone.
#[track_caller]
pub fn opens_alike(
    key: &Secret,
    format: Option<&dyn Format>,
    sealed: &[u8],
    strict: bool,
    expected: &Outcome,
) {
    for way in WAYS {
        for workers in WORKERS {
            let open = Open::new(key)
                .format(format)
                .strict(strict)
                .jobs(jobs(workers));
            let found = open_in(way, open, sealed);
            assert_alike(&found, expected, &format!("{way:?}, {workers} workers"));
        }
    }
}

#[track_caller]
pub fn assert_alike(found: &Outcome, expected: &Outcome, what: &str) {
    let end = |outcome: &Outcome| match &outcome.result {
        Ok(opened) => format!("{opened:?}"),
        Err(error) => format!("{error:?}: {error}"),
    };
    assert_eq!(end(found), end(expected), "{what}");
    assert_eq!(found.warnings, expected.warnings, "{what}");
    assert_same(&found.written, &expected.written);
}
