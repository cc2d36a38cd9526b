//! How the pipeline ends when something in it fails: with an error and without a hang. Also that
//! the format traits are enough for a format of another shape than GFE.

mod common;

use common::{FAST, assert_same, jobs, no_hang, pattern, secret};
use fetool::format::{
    ChunkId, Claim, Description, End, Format, Frames, Header, Layout, Limits, OpenChunk, SealChunk,
    SealRequest, Sealer, Unlocked,
};
use fetool::{Error, Inspect, Open, Opened, Seal, Sealed, Secret, Stop, status};
use std::io::{self, Cursor, Read, Write};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};

/// More than all buffers of one worker hold, so that all of them are used again.
const MANY: usize = if FAST { 6_000_000 } else { 4_500_000 };

/// Workers, and plaintext bytes a chunk: alone in a buffer, and many together.
const WAYS: [(usize, u64); 4] = [(1, 500_000), (4, 500_000), (1, 1000), (4, 1000)];

fn seal(
    input: impl Read + Send,
    output: impl Write,
    (workers, chunk): (usize, u64),
) -> Result<Sealed, Error> {
    Seal::new(&secret())
        .chunk_size(Some(chunk))
        .jobs(jobs(workers))
        .run(input, output)
}

fn open(input: impl Read + Send, output: impl Write, workers: usize) -> Result<Opened, Error> {
    Open::new(&secret()).jobs(jobs(workers)).run(input, output)
}

// ---- outputs that fail ----

/// Takes `room` bytes and then fails, in several ways.
struct Full {
    taken: Vec<u8>,
    room: usize,
    how: How,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    Error,
    /// `Ok(0)`, as of a full fixed buffer.
    Zero,
    /// An error once, as if there were room again later: nobody may try.
    Once,
}

impl Full {
    fn new(room: usize, how: How) -> Self {
        Self {
            taken: Vec::new(),
            room,
            how,
        }
    }
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = bytes.len().min(self.room);
        if len == 0 && !bytes.is_empty() {
            match self.how {
                How::Error => return Err(io::ErrorKind::StorageFull.into()),
                How::Zero => return Ok(0),
                How::Once => {
                    self.room = usize::MAX;
                    return Err(io::ErrorKind::StorageFull.into());
                }
            }
        }
        self.room -= len;
        self.taken.extend_from_slice(&bytes[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const ROOMS: &[usize] = if FAST {
    &[0, 1, 23, 24, 25, 1_100_000, 2_000_000, MANY - 1]
} else {
    &[0, 24, 1_100_000]
};

#[test]
fn a_full_output_ends_sealing() {
    no_hang(|| {
        let text = pattern(MANY);
        for way in WAYS {
            for &room in ROOMS {
                for how in [How::Error, How::Zero, How::Once] {
                    let mut output = Full::new(room, how);
                    let error = seal(&text[..], &mut output, way).unwrap_err();
                    assert!(matches!(error, Error::Write(_)), "{error}");
                    assert_eq!(error.status(), status::SYSTEM);
                    assert_eq!(output.taken.len(), room, "nothing was tried again");
                }
            }
        }
    });
}

#[test]
fn a_full_output_ends_opening() {
    no_hang(|| {
        let text = pattern(MANY);
        for way in WAYS {
            let mut sealed = Vec::new();
            seal(&text[..], &mut sealed, way).unwrap();
            for &room in ROOMS {
                for how in [How::Error, How::Zero, How::Once] {
                    let mut output = Full::new(room, how);
                    let error = open(&sealed[..], &mut output, way.0).unwrap_err();
                    assert!(matches!(error, Error::Write(_)), "{error}");
                    assert_same(&output.taken, &text[..room]);
                }
            }
        }
    });
}

#[test]
fn a_broken_pipe_is_told_from_other_errors() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = seal(&b"x"[..], Gone, (1, 10)).unwrap_err();
    assert!(error.is_broken_pipe());
    let error = seal(&b"x"[..], Full::new(0, How::Error), (1, 10)).unwrap_err();
    assert!(!error.is_broken_pipe());
}

/// Interrupted and short writes are no errors.
struct Choosy(Vec<u8>, bool);

impl Write for Choosy {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        self.0.write(&bytes[..bytes.len().min(100_000)])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_choosy_output_gets_everything() {
    no_hang(|| {
        let text = pattern(MANY);
        for way in WAYS {
            let mut sealed = Choosy(Vec::new(), false);
            seal(&text[..], &mut sealed, way).unwrap();
            let mut opened = Choosy(Vec::new(), false);
            open(&sealed.0[..], &mut opened, way.0).unwrap();
            assert_same(&opened.0, &text);
        }
    });
}

/// A disk that tells only in the end that it was full.
struct BadFlush(Vec<u8>);

impl Write for BadFlush {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::StorageFull.into())
    }
}

#[test]
fn a_failing_flush_is_reported() {
    for len in [0, 1, 100_000] {
        let text = pattern(len);
        for size in [None, Some(len as u64)] {
            let mut output = BadFlush(Vec::new());
            let sealed = Seal::new(&secret()).size(size).run(&text[..], &mut output);
            let error = sealed.unwrap_err();
            assert!(matches!(error, Error::Write(_)), "{len}: {error}");
            // All was sealed, and only the flush failed.
            let mut opened = BadFlush(Vec::new());
            let error = open(&output.0[..], &mut opened, 2).unwrap_err();
            assert!(matches!(error, Error::Write(_)), "{len}: {error}");
            assert_same(&opened.0, &text);
        }
    }
    // A file of no chunk at all writes nothing, and is flushed still.
    let header = common::by_hand::header([0; 12], 0);
    let error = open(&header[..], BadFlush(Vec::new()), 2).unwrap_err();
    assert!(matches!(error, Error::Write(_)), "{error}");
}

/// Takes so many bytes and then panics.
struct Panics(usize);

impl Write for Panics {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        assert!(self.0 >= bytes.len(), "a panic on purpose");
        self.0 -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// The writer is the caller's own thread, so that its panic is the caller's. But no thread may be
// left waiting then, or the scope of threads would never end.

#[test]
fn a_panicking_output_ends_the_threads() {
    no_hang(|| {
        let text = pattern(MANY);
        for way in WAYS {
            for room in [0, 24, 3_000_000] {
                let sealing = AssertUnwindSafe(|| seal(&text[..], Panics(room), way));
                assert!(catch_unwind(sealing).is_err());
            }
        }
    });
}

#[test]
fn a_panicking_output_wakes_an_input_that_waits() {
    no_hang(|| {
        let stop = Stop::new();
        let (input, sender, _waiting) = blocking(&stop);
        // More than a buffer, so that something is written; then nothing comes any more.
        sender.send(Some(pattern(2_000_000))).unwrap();
        let key = secret();
        let sealing = Seal::new(&key).stop(&stop).jobs(jobs(1));
        let sealing = AssertUnwindSafe(|| sealing.run(input, Panics(24)));
        assert!(catch_unwind(sealing).is_err());
    });
}

// ---- inputs that fail ----

/// Gives `rest`, and then does something else than ending.
struct Then<'a, F> {
    rest: &'a [u8],
    then: F,
}

impl<F: FnMut() -> io::Result<usize>> Read for Then<'_, F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            (self.then)()
        } else {
            self.rest.read(into)
        }
    }
}

#[test]
fn a_failing_input_ends_sealing() {
    no_hang(|| {
        let text = pattern(MANY);
        for way in WAYS {
            for len in [0, 1, 999, 1000, 1_048_576, 3_000_000, MANY] {
                let input = Then {
                    rest: &text[..len],
                    then: || Err(io::ErrorKind::ConnectionReset.into()),
                };
                let error = seal(input, io::sink(), way).unwrap_err();
                match &error {
                    Error::Read(e) => assert_eq!(e.kind(), io::ErrorKind::ConnectionReset),
                    other => panic!("{other}"),
                }
                assert_eq!(error.status(), status::SYSTEM);
            }
        }
    });
}

#[test]
fn a_failing_input_ends_opening() {
    no_hang(|| {
        let text = pattern(MANY);
        for way in WAYS {
            let mut sealed = Vec::new();
            seal(&text[..], &mut sealed, way).unwrap();
            for len in [0, 3, 24, 30, 1100, 600_000, 3_000_000, sealed.len()] {
                let input = Then {
                    rest: &sealed[..len],
                    then: || Err(io::ErrorKind::ConnectionReset.into()),
                };
                let mut written = Vec::new();
                let error = open(input, &mut written, way.0).unwrap_err();
                assert!(matches!(error, Error::Read(_)), "{error}");
                assert_same(&written, &text[..written.len()]);
            }
        }
    });
}

/// "Everything before it was written": also before an error of the input, as from a bad disk.
#[test]
fn whole_chunks_before_a_read_error_are_written() {
    no_hang(|| {
        let text = pattern(1_000_000);
        for chunk in [1000, 300_000] {
            let mut sealed = Vec::new();
            seal(&text[..], &mut sealed, (2, chunk)).unwrap();
            let frames = common::by_hand::frames(&sealed);
            for whole in [1, frames.len() / 2, frames.len() - 1] {
                let input = Then {
                    rest: &sealed[..frames[whole].start + 3],
                    then: || Err(io::ErrorKind::ConnectionReset.into()),
                };
                let mut written = Vec::new();
                let error = open(input, &mut written, 2).unwrap_err();
                assert!(matches!(error, Error::Read(_)), "{error}");
                let expected = whole * chunk as usize;
                assert_eq!(written.len(), expected, "chunks of {chunk}");
            }
        }
    });
}

/// Of several errors the first in the order of the data is reported: a wrong tag before the place
/// where the input fails.
#[test]
fn a_wrong_tag_is_reported_before_a_later_read_error() {
    no_hang(|| {
        let text = pattern(1_000_000);
        for chunk in [1000, 300_000] {
            let mut sealed = Vec::new();
            seal(&text[..], &mut sealed, (2, chunk)).unwrap();
            let frames = common::by_hand::frames(&sealed);
            sealed[frames[1].end - 1] ^= 1;
            let input = Then {
                rest: &sealed[..frames[3].start],
                then: || Err(io::ErrorKind::ConnectionReset.into()),
            };
            let error = open(input, io::sink(), 2).unwrap_err();
            assert!(
                matches!(error, Error::Authentication { chunk: 1, .. }),
                "chunks of {chunk}: {error}"
            );
        }
    });
}

fn panics() -> io::Result<usize> {
    panic!("a panic on purpose")
}

#[test]
fn a_panicking_input_is_an_error() {
    no_hang(|| {
        let text = pattern(MANY);
        for way in WAYS {
            let mut sealed = Vec::new();
            seal(&text[..], &mut sealed, way).unwrap();
            for len in [0, 1, 3_000_000] {
                let input = Then {
                    rest: &text[..len],
                    then: panics,
                };
                let error = seal(input, io::sink(), way).unwrap_err();
                assert!(matches!(error, Error::Panic("producer")), "{error}");
                assert_eq!(error.status(), status::SYSTEM);
            }
            // Behind the first chunk, which opening reads on the caller's own thread.
            for len in [1_000_000, 3_000_000] {
                let input = Then {
                    rest: &sealed[..len],
                    then: panics,
                };
                let mut written = Vec::new();
                let error = open(input, &mut written, way.0).unwrap_err();
                assert!(matches!(error, Error::Panic("producer")), "{error}");
                assert_same(&written, &text[..written.len()]);
            }
        }
    });
}

#[test]
fn an_input_that_claims_to_have_read_too_much_is_an_error() {
    struct Liar;
    impl Read for Liar {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            Ok(into.len() + 1)
        }
    }
    let sealed = no_hang(|| seal(Liar, io::sink(), (2, 1000)));
    assert!(matches!(sealed.unwrap_err(), Error::Panic("producer")));
}

// ---- the switch ----

/// An input whose bytes come through a channel, and that is woken by the switch.
struct Blocking {
    bytes: Receiver<Option<Vec<u8>>>,
    now: Cursor<Vec<u8>>,
    /// Told each time that the input waits.
    waits: Sender<()>,
}

impl Read for Blocking {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.now.read(into)?;
            if read > 0 {
                return Ok(read);
            }
            let _ = self.waits.send(());
            match self.bytes.recv() {
                Ok(Some(bytes)) => self.now = Cursor::new(bytes),
                // Woken: what it fails with then does not matter.
                Ok(None) => return Err(io::Error::other("woken")),
                Err(_) => return Ok(0),
            }
        }
    }
}

/// The input, what to send it bytes with, and what tells that it waits.
fn blocking(stop: &Stop) -> (Blocking, Sender<Option<Vec<u8>>>, Receiver<()>) {
    let (sender, bytes) = mpsc::channel();
    let (waits, waiting) = mpsc::channel();
    let waker = sender.clone();
    stop.on_stop(move || {
        let _ = waker.send(None);
    });
    let input = Blocking {
        bytes,
        now: Cursor::default(),
        waits,
    };
    (input, sender, waiting)
}

/// Lets `work` read `before` from an input that then blocks, stops it there, and gives its result.
fn stopped<T: Send + 'static>(
    before: Vec<u8>,
    work: impl FnOnce(Blocking, &Stop) -> Result<T, Error> + Send + 'static,
) -> Error {
    let stop = Stop::new();
    let (input, sender, waiting) = blocking(&stop);
    no_hang(move || {
        let inner = stop.clone();
        let thread = std::thread::spawn(move || work(input, &inner));
        // It waits for the first bytes, and then, all of them read, for more.
        waiting.recv().expect("reads");
        if !before.is_empty() {
            sender.send(Some(before)).expect("reads");
            waiting.recv().expect("reads");
        }
        stop.stop();
        let result = thread.join().expect("no panic");
        assert!(stop.is_stopped());
        result.map(|_| ()).unwrap_err()
    })
}

#[test]
fn the_switch_ends_sealing_that_waits_for_input() {
    for (workers, chunk) in WAYS {
        for len in [0, 1, 3_000_000] {
            let error = stopped(pattern(len), move |input, stop| {
                Seal::new(&secret())
                    .chunk_size(Some(chunk))
                    .jobs(jobs(workers))
                    .stop(stop)
                    .run(input, io::sink())
            });
            assert!(matches!(error, Error::Stopped), "{error}");
            assert_eq!(error.status(), status::SYSTEM);
        }
    }
}

#[test]
fn the_switch_ends_opening_that_waits_for_input() {
    let text = pattern(MANY);
    for (workers, chunk) in WAYS {
        let mut sealed = Vec::new();
        seal(&text[..], &mut sealed, (workers, chunk)).unwrap();
        // In the header, in the first chunk, and far behind both.
        for len in [0, 10, 700, 3_000_000] {
            let error = stopped(sealed[..len].to_vec(), move |input, stop| {
                Open::new(&secret())
                    .jobs(jobs(workers))
                    .stop(stop)
                    .run(input, io::sink())
            });
            assert!(matches!(error, Error::Stopped), "{error}");
        }
    }
}

#[test]
fn a_switch_thrown_before_the_start_ends_the_work() {
    no_hang(|| {
        let stop = Stop::new();
        stop.stop();
        let (input, _sender, _waiting) = blocking(&stop);
        let key = secret();
        let error = Seal::new(&key).stop(&stop).run(input, io::sink());
        assert!(matches!(error.unwrap_err(), Error::Stopped));
        let (input, _sender, _waiting) = blocking(&stop);
        let error = Open::new(&key).stop(&stop).run(input, io::sink());
        assert!(matches!(error.unwrap_err(), Error::Stopped));
    });
}

#[test]
fn an_output_error_wakes_an_input_that_waits() {
    for way in WAYS {
        no_hang(move || {
            let stop = Stop::new();
            let (input, sender, waiting) = blocking(&stop);
            sender.send(Some(pattern(3_000_000))).unwrap();
            let key = secret();
            let error = Seal::new(&key)
                .chunk_size(Some(way.1))
                .jobs(jobs(way.0))
                .stop(&stop)
                .run(input, Full::new(24, How::Error))
                .unwrap_err();
            // The first error counts, not that the input was woken.
            assert!(matches!(error, Error::Write(_)), "{error}");
            drop(waiting);
        });
    }
}

#[test]
fn wakers_are_called_once_and_late_ones_at_once() {
    let stop = Stop::new();
    let (called, calls) = mpsc::channel();
    for name in ["one", "two"] {
        let called = called.clone();
        stop.on_stop(move || called.send(name).unwrap());
    }
    assert!(!stop.is_stopped());
    assert!(calls.try_recv().is_err());
    stop.clone().stop();
    stop.stop();
    assert!(stop.is_stopped());
    stop.on_stop(move || called.send("late").unwrap());
    // The closures hold senders, so what is there is all that was sent so far.
    assert_eq!(calls.try_iter().collect::<Vec<_>>(), ["one", "two", "late"]);
}

// ---- a format of another shape ----

const TAG: usize = 17;
const MAGIC: &[u8; 4] = b"TEST";

/// `"TEST" ‖ u32 chunk size`, then frames of always the same length, without any prefix:
/// the plaintext with all bits flipped, and its index, whether it is last, and its offset. Only
/// the last frame may be shorter, which nothing tells but the end of the file.
#[derive(Clone, Default)]
struct Fixed {
    /// The last chunk is always shorter than the others.
    short_end: bool,
    /// Chunks at which sealing and opening panic.
    seal_panics: Option<u64>,
    open_panics: Option<u64>,
    seen: Arc<Mutex<Vec<ChunkId>>>,
}

impl Fixed {
    fn tag(&self, id: ChunkId) -> [u8; TAG] {
        self.seen.lock().unwrap().push(id);
        let mut tag = [0; TAG];
        tag[..8].copy_from_slice(&id.index.to_be_bytes());
        tag[8] = id.last.into();
        tag[9..].copy_from_slice(&id.offset.to_be_bytes());
        tag
    }

    /// What the codec was given since the last call, in the order of the chunks.
    fn seen(&self) -> Vec<ChunkId> {
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap());
        seen.sort_by_key(|id| id.index);
        seen
    }
}

impl Format for Fixed {
    fn name(&self) -> &'static str {
        "test"
    }

    fn title(&self) -> &'static str {
        "test format"
    }

    fn suffix(&self) -> &'static str {
        ".test"
    }

    fn claims(&self, head: &[u8]) -> Claim {
        if head.starts_with(MAGIC) {
            Claim::Yes
        } else if MAGIC.starts_with(head) {
            Claim::TooShort
        } else {
            Claim::No
        }
    }

    fn header(&self, head: &[u8]) -> Result<Box<dyn Header>, Error> {
        let Some(chunk) = head.get(4..8) else {
            return Err(Error::Truncated {
                offset: head.len() as u64,
                what: "the input ends inside the header".to_owned(),
            });
        };
        let chunk = u32::from_be_bytes(chunk.try_into().expect("four bytes"));
        Ok(Box::new(FixedHeader {
            chunk: chunk as usize,
            format: self.clone(),
        }))
    }

    fn sealer(&self, request: SealRequest<'_>) -> Result<Sealer, Error> {
        let chunk = request.chunk_size.unwrap_or(10);
        let mut header = MAGIC.to_vec();
        header.extend_from_slice(&(chunk as u32).to_be_bytes());
        Ok(Sealer {
            layers: Vec::new(),
            header,
            layout: Layout {
                chunk: chunk as usize,
                prefix: 0,
                suffix: TAG,
                end: if self.short_end { End::Short } else { End::Any },
                max_chunks: 100_000,
            },
            codec: Box::new(self.clone()),
        })
    }
}

impl SealChunk for Fixed {
    fn seal(&self, id: ChunkId, frame: &mut [u8]) -> Result<(), Error> {
        assert_ne!(self.seal_panics, Some(id.index), "a panic on purpose");
        let (body, tag) = frame.split_at_mut(frame.len() - TAG);
        body.iter_mut().for_each(|byte| *byte = !*byte);
        tag.copy_from_slice(&self.tag(id));
        Ok(())
    }
}

impl OpenChunk for Fixed {
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error> {
        assert_ne!(self.open_panics, Some(id.index), "a panic on purpose");
        let (body, tag) = frame.split_at_mut(frame.len() - TAG);
        if *tag != self.tag(id) {
            return Err(Error::Authentication {
                chunk: id.index,
                offset: id.offset,
            });
        }
        body.iter_mut().for_each(|byte| *byte = !*byte);
        Ok(0..body.len())
    }
}

struct FixedHeader {
    chunk: usize,
    format: Fixed,
}

impl Header for FixedHeader {
    fn size(&self) -> usize {
        8
    }

    fn frames(&self, _limits: &Limits) -> Box<dyn Frames> {
        Box::new(FixedFrames {
            frame: self.chunk + TAG,
            short_end: self.format.short_end,
            ended: false,
        })
    }

    fn unlock(&self, _: &Secret, first: Option<&[u8]>) -> Result<Unlocked, Error> {
        // The first frame is whole, or all that there is of it.
        assert!(first.is_none_or(|first| (TAG..=self.chunk + TAG).contains(&first.len())));
        Ok(Unlocked {
            layers: Vec::new(),
            codec: Box::new(self.format.clone()),
            reading: "the only one".to_owned(),
            warnings: Vec::new(),
        })
    }

    fn describe(&self) -> Description {
        Description {
            version: None,
            algorithm: "none",
            chunk_size: None,
            declared_size: None,
            length_protection: String::new(),
            end: "none",
            end_meaning: String::new(),
            warnings: Vec::new(),
            fields: Vec::new(),
            mode: None,
            layers: None,
            authenticated: String::new(),
            derivations: vec![],
        }
    }
}

struct FixedFrames {
    frame: usize,
    short_end: bool,
    ended: bool,
}

impl Frames for FixedFrames {
    fn lead(&self) -> usize {
        1
    }

    fn next(&mut self, offset: u64, lead: &[u8]) -> Result<Option<usize>, Error> {
        match lead {
            [_] => {
                assert!(!self.ended, "nothing can come behind the end of the file");
                Ok(Some(self.frame))
            }
            [] if self.short_end && !self.ended => Err(Error::Truncated {
                offset,
                what: "no short chunk".to_owned(),
            }),
            [] => Ok(None),
            _ => panic!("more than the lead was given"),
        }
    }

    fn cut_short(&mut self, offset: u64, got: usize) -> Result<(), Error> {
        assert!(got < self.frame);
        // Without short ends nothing is sealed as an empty chunk.
        if got < TAG + usize::from(!self.short_end) {
            return Err(Error::Truncated {
                offset: offset + got as u64,
                what: "no whole tag".to_owned(),
            });
        }
        self.ended = true;
        Ok(())
    }

    fn overhead(&self) -> usize {
        TAG
    }

    fn largest(&self) -> u64 {
        self.frame as u64
    }
}

/// What the codec must have been given for a plaintext of `len` bytes.
fn ids(len: usize, chunk: usize, short_end: bool) -> Vec<ChunkId> {
    let count = if short_end {
        len / chunk + 1
    } else {
        len.div_ceil(chunk)
    };
    (0..count)
        .map(|index| ChunkId {
            index: index as u64,
            last: index + 1 == count,
            offset: (8 + index * (chunk + TAG)) as u64,
        })
        .collect()
}

fn seal_fixed(format: &Fixed, text: &[u8], chunk: usize, workers: usize) -> Result<Vec<u8>, Error> {
    let mut sealed = Vec::new();
    let done = Seal::new(&secret())
        .format(format)
        .chunk_size(Some(chunk as u64))
        .jobs(jobs(workers))
        .run(text, &mut sealed)?;
    assert_eq!(done.sealed_len, sealed.len() as u64);
    assert_eq!(done.plaintext_len, text.len() as u64);
    Ok(sealed)
}

fn open_fixed(format: &Fixed, sealed: &[u8], workers: usize) -> (Vec<u8>, Result<Opened, Error>) {
    let mut opened = Vec::new();
    let result = Open::new(&secret())
        .format(Some(format))
        .jobs(jobs(workers))
        .run(sealed, &mut opened);
    (opened, result)
}

#[test]
fn a_format_of_another_shape_needs_nothing_but_the_traits() {
    let text = pattern(5 << 20);
    // Small ones fill buffers of a mebibyte together, the largest do not fit two to a buffer.
    for chunk in [1usize, 10, 1000, 262_144, 600_000, 1 << 20] {
        let together = ((1 << 20) / (chunk + TAG)).max(1);
        let mut lens = vec![0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 2 * chunk + 1];
        // Reading and sealing fill their buffers differently, so both edges are tried.
        lens.extend([together * chunk, together * chunk + 1]);
        lens.extend([(together + 1) * chunk - 1, (together + 1) * chunk]);
        if chunk > 1 {
            lens.push(2 * together * chunk + chunk / 2);
        }
        for short_end in [false, true] {
            let format = Fixed {
                short_end,
                ..Fixed::default()
            };
            for &len in &lens {
                let (text, workers) = (&text[..len], 1 + len % 5);
                let name = format!("{len} bytes in {chunk}, {workers} workers");
                let sealed = seal_fixed(&format, text, chunk, workers).expect(&name);
                let expected = ids(len, chunk, short_end);
                assert!(format.seen() == expected, "{name}: sealed");

                let (opened, result) = open_fixed(&format, &sealed, workers);
                result.unwrap_or_else(|e| panic!("{name}: {e}"));
                assert_same(&opened, text);
                assert!(format.seen() == expected, "{name}: opened");

                for report in [
                    Inspect::new().format(Some(&format)).run(&sealed[..]),
                    Inspect::new()
                        .format(Some(&format))
                        .run_seekable(Cursor::new(&sealed)),
                ] {
                    let report = report.expect("a header");
                    assert_eq!(report.fault, None, "{name}");
                    assert_eq!(report.chunks, expected.len() as u64, "{name}");
                    assert_eq!(report.plaintext_len, len as u64, "{name}");
                    assert_eq!(report.sealed_len, Some(sealed.len() as u64), "{name}");
                }
            }
        }
    }
}

#[test]
fn a_last_frame_that_is_too_short_is_refused_behind_the_good_ones() {
    let text = pattern(3_000_000);
    for (chunk, short_end) in [(1000, false), (1000, true), (700_000, false)] {
        let format = Fixed {
            short_end,
            ..Fixed::default()
        };
        let sealed = seal_fixed(&format, &text, chunk, 3).unwrap();
        let frame = chunk + TAG;
        for whole in [0, 1, 2, 3_000_000 / chunk - 1] {
            for rest in [1, TAG - 1] {
                let end = 8 + whole * frame + rest;
                let (opened, result) = open_fixed(&format, &sealed[..end], 3);
                let error = result.unwrap_err();
                assert_eq!(error.status(), status::TRUNCATED, "{error}");
                assert_eq!(error.offset(), Some(end as u64), "{error}");
                assert_same(&opened, &text[..whole * chunk]);
            }
        }
    }
}

#[test]
fn cutting_makes_another_chunk_the_last_one() {
    // So this codec, which authenticates that, notices where the structure alone could not.
    let format = Fixed::default();
    let text = pattern(3000);
    let sealed = seal_fixed(&format, &text, 1000, 2).unwrap();
    let (opened, result) = open_fixed(&format, &sealed[..8 + 2 * (1000 + TAG)], 2);
    assert!(matches!(
        result,
        Err(Error::Authentication { chunk: 1, .. })
    ));
    assert_same(&opened, &text[..1000]);
}

#[test]
fn no_more_chunks_than_the_format_can_number() {
    let format = Fixed::default();
    let text = pattern(100_001);
    let sealed = seal_fixed(&format, &text[..100_000], 1, 2).unwrap();
    assert_eq!(sealed.len(), 8 + 100_000 * (1 + TAG));
    let error = seal_fixed(&format, &text, 1, 2).unwrap_err();
    assert_eq!(error.status(), status::USAGE, "{error}");
    // A stream of whole chunks needs one more for its end.
    let format = Fixed {
        short_end: true,
        ..Fixed::default()
    };
    let error = seal_fixed(&format, &text[..100_000], 1, 2).unwrap_err();
    assert_eq!(error.status(), status::USAGE, "{error}");
    seal_fixed(&format, &text[..99_999], 1, 2).unwrap();
}

#[test]
fn a_panicking_codec_is_an_error() {
    no_hang(|| {
        let text = pattern(4_000_000);
        for chunk in [1000, 500_000] {
            for workers in [1, 4] {
                let healthy = Fixed::default();
                let sealed = seal_fixed(&healthy, &text, chunk, workers).unwrap();

                let format = Fixed {
                    seal_panics: Some(3),
                    ..Fixed::default()
                };
                let error = seal_fixed(&format, &text, chunk, workers).unwrap_err();
                assert!(matches!(error, Error::Panic("worker")), "{error}");
                assert_eq!(error.status(), status::SYSTEM);

                let format = Fixed {
                    open_panics: Some(3),
                    ..Fixed::default()
                };
                let (opened, result) = open_fixed(&format, &sealed, workers);
                assert!(matches!(result, Err(Error::Panic("worker"))));
                // Nothing of the buffer that the codec left in the middle of its work.
                assert!(opened.len() <= 3 * chunk);
                assert_same(&opened, &text[..opened.len()]);
            }
        }
    });
}
