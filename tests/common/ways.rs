//! The ways in which the same work is done, each of them by name: whatever the length of the data
//! and the number of threads, all of them must come to the same bytes and to the same error.

pub use super::store::Store;
use super::{Outcome, assert_same, jobs, with_additive};
use fetool::format::Format;
use fetool::{Error, Open, Positioned, Seal, Sealed, Secret, Tuning};
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
            inline_max_bytes: alone,
            inline_max_time: Duration::MAX,
            inline_unknown_len: true,
            parallel_io_min: 0,
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
    if !way.is_direct() {
        let mut sealed = Vec::new();
        let seal = seal.tuning_for_tests(way.tuning());
        return (seal.run(text, &mut sealed), sealed);
    }
    let output = Store::new(BEFORE);
    let done = seal_between(way, seal, text, &output);
    (done, written(&output))
}

/// Seals from place to place.
pub fn seal_between(
    way: Way,
    seal: Seal<'_>,
    text: &[u8],
    output: &Store,
) -> Result<Sealed, Error> {
    let (input, position) = behind(text);
    let from = Positioned {
        file: &input,
        position,
    };
    seal.tuning_for_tests(way.tuning())
        .start()?
        .run_at(from, end(output))
}

/// Where output goes.
pub fn end(output: &Store) -> Positioned<'_, Store> {
    Positioned {
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
    let from = Positioned { file, position };
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
            let formats = with_additive();
            let open = Open::new(key)
                .among(&formats)
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
