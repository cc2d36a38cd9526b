//! Whatever can happen to a call happens at every byte of every format, however the work is done:
//! the right bytes come out, or the error does, behind a good beginning.

use crate::common::store::{Fault, How, Store};
use crate::common::ways::{BEFORE, WAYS, Way, behind, end, open_between, written};
use crate::common::{FAST, assert_same, jobs, no_hang, pattern};
use fetool::format::age::{Age, CHUNK_LEN};
use fetool::format::dexios::Dexios;
use fetool::format::gfe::Gfe;
use fetool::format::gocrypt::{self, GoCrypt};
use fetool::format::parallel_encryptor::ParallelEncryptor;
use fetool::kdf::Kdf;
use fetool::{Error, Open, Positioned, Seal, Sealed, Secret};
use std::io::ErrorKind;

const ALWAYS: u32 = u32::MAX;

/// What happens to reads, and how often.
pub const READS: [(How, u32); 5] = [
    (How::Error(ErrorKind::Interrupted), 3),
    (How::Error(ErrorKind::WouldBlock), ALWAYS),
    (How::Error(ErrorKind::WouldBlock), 1),
    // Not to be taken for the end.
    (How::Error(ErrorKind::UnexpectedEof), ALWAYS),
    (How::Error(ErrorKind::ConnectionReset), ALWAYS),
];

/// What happens to writes.
pub const WRITES: [(How, u32); 6] = [
    (How::Error(ErrorKind::Interrupted), 3),
    (How::Error(ErrorKind::WouldBlock), 1),
    (How::Error(ErrorKind::StorageFull), ALWAYS),
    // As if there were room again later: nobody may try.
    (How::Error(ErrorKind::StorageFull), 1),
    (How::Error(ErrorKind::BrokenPipe), ALWAYS),
    (How::Nothing, ALWAYS),
];

const C: usize = 16;

/// A format, and a file of it.
struct Case {
    format: &'static dyn fetool::format::Format,
    secret: Secret,
    kdf: Option<Kdf>,
    layers: Option<u8>,
    work_factor: Option<u8>,
    armor: bool,
    /// Whether the length is known before.
    known: bool,
    text: Vec<u8>,
    sealed: Vec<u8>,
    /// Bytes of the header, of a whole chunk, and of what is added to it.
    header: usize,
    chunk: usize,
    extra: usize,
    /// Whether frames carry their length, so that the last is seen to be whole.
    tells: bool,
    /// Everything happens at every byte; or else one thing at a time, and in long files only where
    /// something ends or begins.
    thorough: bool,
}

fn fixed(bytes: &mut [u8]) -> Result<(), Error> {
    bytes.fill(7);
    Ok(())
}

impl Case {
    /// Of GFE, as the base of all others.
    fn new(known: bool) -> Self {
        Self {
            format: &Gfe,
            secret: super::secret(),
            kdf: None,
            layers: None,
            work_factor: None,
            armor: false,
            known,
            text: pattern(3 * C + 5),
            sealed: Vec::new(),
            header: 24,
            chunk: C,
            extra: 20,
            tells: true,
            thorough: true,
        }
        .made()
    }

    fn parallel_encryptor() -> Self {
        Self {
            format: &ParallelEncryptor,
            secret: Secret::passphrase("a passphrase"),
            header: 12,
            extra: 16,
            tells: false,
            ..Self::new(false)
        }
        .made()
    }

    fn dexios(len: usize) -> Self {
        Self {
            format: &Dexios,
            // Hashed once for all of it.
            secret: Secret::key("a secret").for_many_files(),
            kdf: Some(Kdf::Balloon),
            text: pattern(len),
            header: 416,
            chunk: 1 << 20,
            extra: 16,
            tells: false,
            thorough: false,
            ..Self::new(false)
        }
        .made()
    }

    fn age(len: usize) -> Self {
        Self {
            format: &Age,
            secret: Secret::passphrase("a passphrase"),
            work_factor: Some(1),
            text: pattern(len),
            header: 149 + 16,
            chunk: CHUNK_LEN,
            extra: 16,
            tells: false,
            thorough: false,
            ..Self::new(false)
        }
        .made()
    }

    fn gocrypt(layers: u8) -> Self {
        Self {
            format: &GoCrypt,
            secret: Secret::passphrase("a passphrase"),
            layers: Some(layers),
            text: pattern(gocrypt::CHUNK_LEN + 50),
            header: gocrypt::HEADER_LEN,
            chunk: gocrypt::CHUNK_LEN,
            extra: 16,
            tells: false,
            thorough: false,
            ..Self::new(false)
        }
        .made()
    }

    /// With the sealed file, which tells whether the lengths are what they should be.
    fn made(mut self) -> Self {
        let mut sealed = Vec::new();
        self.seal().run(&self.text[..], &mut sealed).unwrap();
        if self.is_plain() {
            let chunks = self.text.len().div_ceil(self.chunk);
            assert_eq!(
                sealed.len(),
                self.header + self.text.len() + chunks * self.extra
            );
        }
        self.sealed = sealed;
        self
    }

    fn seal(&self) -> Seal<'_> {
        let small = self.chunk == C;
        Seal::new(&self.secret)
            .format(self.format)
            .kdf(self.kdf)
            .layers(self.layers)
            .work_factor(self.work_factor)
            .armor(self.armor)
            .chunk_size(small.then_some(C as u64))
            .size(self.known.then_some(self.text.len() as u64))
            .fixed_random_for_tests(&fixed)
    }

    /// Whether each chunk lies where the lengths say, neither in layers nor in armor.
    fn is_plain(&self) -> bool {
        !self.armor && self.layers.is_none_or(|layers| layers == 1)
    }

    fn frame(&self) -> usize {
        self.chunk + self.extra
    }

    /// Whole chunks up to a byte of the sealed file: how much plaintext they have.
    fn good(&self, at: usize) -> usize {
        if self.armor {
            return self.text.len();
        }
        if at == self.sealed.len() && self.tells {
            return self.text.len();
        }
        at.saturating_sub(self.header) / self.frame() * self.chunk
    }

    /// Bytes of a stream at which something happens: of all `len`, and the end.
    fn places(&self, len: usize, header: usize, frame: usize) -> Vec<usize> {
        if len < 1000 {
            return (0..=len).collect();
        }
        let borders = [0, header / 2, header, header + 100, header + frame, len];
        let around = borders
            .into_iter()
            .flat_map(|at| at.saturating_sub(1)..=at + 1);
        let mut places: Vec<_> = around.filter(|at| *at <= len).collect();
        places.dedup();
        places
    }

    /// Every way, with more workers than one now and then; and what happens there.
    fn each<T: Copy>(
        &self,
        places: Vec<usize>,
        all: &[T],
        mut check: impl FnMut(Way, usize, usize, T),
    ) {
        let mut turn = 0;
        for at in places {
            for way in WAYS {
                let count = if self.thorough { all.len() } else { 1 };
                for _ in 0..count {
                    turn += 1;
                    check(way, [1, 2, 3][turn % 3], at, all[turn % all.len()]);
                }
            }
        }
    }

    fn seals(
        &self,
        way: Way,
        workers: usize,
        input: &Store,
        output: &Store,
    ) -> Result<Sealed, Error> {
        let from = Positioned {
            file: input,
            position: 3,
        };
        let seal = self.seal().jobs(jobs(workers));
        let sealing = seal.tuning_for_tests(way.tuning()).start().unwrap();
        if way.is_direct() {
            sealing.run_at(from, end(output))
        } else {
            sealing.run(from, end(output))
        }
    }

    fn opens(&self, way: Way, workers: usize, input: &Store, output: &Store) -> Result<(), Error> {
        let open = Open::new(&self.secret)
            .format(Some(self.format))
            .jobs(jobs(workers));
        open_between(way, open, (input, 3), output).result.map(drop)
    }

    /// Asserts that all came out that should, as there was no error.
    #[track_caller]
    fn all_there(&self, sealing: bool, output: &Store) {
        let whole = if sealing { &self.sealed } else { &self.text };
        assert_same(&written(output), whole);
    }

    fn reads_fail(&self, sealing: bool) {
        let (source, unit, header) = match sealing {
            true => (&self.text, self.chunk, 0),
            false => (&self.sealed, self.frame(), self.header),
        };
        let places = self.places(source.len(), header, unit);
        self.each(places, &READS, |way, workers, at, (how, times)| {
            let (mut input, position) = behind(source);
            input.fault = Some(Fault::new(position + at as u64, how, times));
            let output = Store::new(BEFORE);
            let what = format!(
                "{} {way:?} {workers}: {how:?}, {times} times at {at}",
                self.format.name()
            );
            let done = match sealing {
                true => self.seals(way, workers, &input, &output).map(drop),
                false => self.opens(way, workers, &input, &output),
            };
            let harmless = how == How::Error(ErrorKind::Interrupted);
            // From place to place it may be tried again.
            let either = times == 1 && way.is_direct();
            match done {
                Ok(()) if harmless || either => self.all_there(sealing, &output),
                Err(Error::Read(e)) if !harmless && how == How::Error(e.kind()) => {
                    let out = written(&output);
                    if sealing {
                        assert!(self.sealed.starts_with(&out), "{what}");
                        let body = out.len().saturating_sub(self.header);
                        let whole = !self.is_plain() || body.is_multiple_of(self.frame());
                        assert!(whole && body / self.frame() * self.chunk <= at, "{what}");
                    } else if !self.is_plain() {
                        // An inner layer may wait for more. Blanks may follow armor.
                        let all = self.armor && out == self.text;
                        assert!(all || out.len().is_multiple_of(self.chunk), "{what}");
                        assert!(
                            self.text.starts_with(&out) && out.len() <= self.good(at),
                            "{what}"
                        );
                    } else {
                        assert!(
                            out == self.text[..self.good(at)],
                            "{what}: {} bytes",
                            out.len()
                        );
                    }
                }
                other => panic!("{what}: {other:?}"),
            }
        });
    }

    fn writes_fail(&self, sealing: bool) {
        let (source, whole) = match sealing {
            true => (&self.text, &self.sealed),
            false => (&self.sealed, &self.text),
        };
        let (header, unit) = match sealing {
            true => (self.header, self.frame()),
            false => (0, self.chunk),
        };
        let mut places = self.places(whole.len(), header, unit);
        // Nothing is written there.
        assert_eq!(places.pop(), Some(whole.len()));
        self.each(places, &WRITES, |way, workers, at, (how, times)| {
            let (input, _) = behind(source);
            let mut output = Store::new(BEFORE);
            let position = (BEFORE.len() + at) as u64;
            output.fault = Some(Fault::new(position, how, times));
            let what = format!(
                "{} {way:?} {workers}: {how:?}, {times} times at {at}",
                self.format.name()
            );
            let done = match sealing {
                true => self.seals(way, workers, &input, &output).map(drop),
                false => self.opens(way, workers, &input, &output),
            };
            let kind = match how {
                How::Error(kind) => kind,
                How::Nothing => ErrorKind::WriteZero,
            };
            match done {
                Ok(()) if kind == ErrorKind::Interrupted => self.all_there(sealing, &output),
                Err(Error::Write(e)) if e.kind() == kind && kind != ErrorKind::Interrupted => {
                    let out = written(&output);
                    assert!(whole.starts_with(&out) && out.len() <= at, "{what}");
                    assert!(
                        way.is_direct() || out.len() == at,
                        "{what}: {} bytes",
                        out.len()
                    );
                }
                other => panic!("{what}: {other:?}"),
            }
        });
    }

    /// A byte at a time, and interrupted before each.
    fn ragged(&self) {
        for way in WAYS {
            for sealing in [true, false] {
                let (mut input, _) = behind(if sealing { &self.text } else { &self.sealed });
                let mut output = Store::new(BEFORE);
                let most = if self.text.len() < 1000 { 1 } else { 777 };
                (input.ragged, output.ragged) = (Some(most), Some(most));
                match sealing {
                    true => self.seals(way, 2, &input, &output).map(drop),
                    false => self.opens(way, 2, &input, &output),
                }
                .unwrap();
                self.all_there(sealing, &output);
            }
        }
    }

    fn check(self) {
        no_hang(move || {
            self.ragged();
            for sealing in [true, false] {
                self.reads_fail(sealing);
                self.writes_fail(sealing);
            }
        });
    }
}

#[test]
fn of_gfe_with_a_known_size() {
    Case::new(true).check();
}

#[test]
fn of_a_gfe_stream() {
    Case::new(false).check();
}

#[test]
fn of_parallel_encryptor() {
    Case::parallel_encryptor().check();
}

#[test]
fn of_dexios() {
    Case::dexios(40).check();
    if FAST {
        Case::dexios((1 << 20) + 40).check();
    }
}

#[test]
fn of_age() {
    Case::age(40).check();
    if FAST {
        Case::age(CHUNK_LEN + 40).check();
    }
}

#[test]
fn of_armored_age() {
    let armored = |len| Case {
        armor: true,
        ..Case::age(len)
    };
    armored(40).made().check();
    if FAST {
        armored(CHUNK_LEN + 40).made().check();
    }
}

#[test]
fn of_gocrypt() {
    Case::gocrypt(1).check();
    Case::gocrypt(3).check();
}
