//! The same around what reads a file without opening it, or changes its header.

use super::every_byte::{READS, WRITES};
use crate::common::store::{Fault, How, Store};
use crate::common::ways::{BEFORE, behind, end, written};
use crate::common::{assert_same, no_hang, pattern, seal_known, seal_stream};
use fetool::format::Change;
use fetool::format::age::{Age, AgeIdentity, X25519Identity};
use fetool::format::dexios::Dexios;
use fetool::kdf::Kdf;
use fetool::{Error, Identity, Inspect, Open, Positioned, Recipient, Rekey, Seal, Secret};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

/// A place in a store that can be moved.
struct Seeking<'a>(Positioned<'a, Store>);

impl Read for Seeking<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl Seek for Seeking<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.position = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(back) => (self.0.file.bytes().len() as i64 + back) as u64,
            SeekFrom::Current(by) => (self.0.position as i64 + by) as u64,
        };
        Ok(self.0.position)
    }
}

#[test]
fn inspecting() {
    no_hang(|| {
        let text = pattern(53);
        for sealed in [seal_known(&text, 16), seal_stream(&text, 16)] {
            let good = format!("{:?}", Inspect::new().run(&sealed[..]).unwrap());
            let known = format!(
                "{:?}",
                Inspect::new()
                    .run_seekable(io::Cursor::new(&sealed))
                    .unwrap()
            );
            let mut failed = 0;
            for at in 0..=sealed.len() {
                for (how, times) in READS {
                    let (mut file, position) = behind(&sealed);
                    file.fault = Some(Fault::new(position + at as u64, how, times));
                    let from = || Positioned {
                        file: &file,
                        position,
                    };
                    let harmless = how == How::Error(ErrorKind::Interrupted);
                    let what = format!("{how:?}, {times} times at {at}");
                    match Inspect::new().run(from()) {
                        Ok(report) if harmless => assert_eq!(format!("{report:?}"), good),
                        Err(Error::Read(e)) if how == How::Error(e.kind()) && !harmless => {}
                        other => panic!("{what}: {other:?}"),
                    }
                    // Most of it is passed over.
                    match Inspect::new().run_seekable(Seeking(from())) {
                        Ok(report) => assert_eq!(format!("{report:?}"), known, "{what}"),
                        Err(Error::Read(e)) if how == How::Error(e.kind()) && !harmless => {
                            failed += 1;
                        }
                        other => panic!("{what}: {other:?}"),
                    }
                }
            }
            assert!(failed > 24);
        }
    });
}

/// Changes a file while its input or its output fails at every byte. The new header is `grown` bytes
/// longer.
fn fails_rekeying(
    sealed: &[u8],
    header: usize,
    grown: usize,
    rekey: &Rekey<'_>,
    opens: impl Fn(&[u8]),
) {
    let run = |input: &Store, output: &Store| {
        let from = Positioned {
            file: input,
            position: 3,
        };
        rekey.run(from, end(output)).map(drop)
    };
    let all_there = |output: &Store| {
        let file = written(output);
        assert_same(&file[header + grown..], &sealed[header..]);
        opens(&file);
    };
    for at in 0..=sealed.len() {
        let (how, times) = READS[at % READS.len()];
        let (mut input, position) = behind(sealed);
        input.fault = Some(Fault::new(position + at as u64, how, times));
        let output = Store::new(BEFORE);
        let harmless = how == How::Error(ErrorKind::Interrupted);
        match run(&input, &output) {
            Ok(()) if harmless => all_there(&output),
            Err(Error::Read(e)) if how == How::Error(e.kind()) && !harmless => {
                let out = written(&output);
                let expected = at + grown;
                assert!(
                    out.is_empty() || out.len() == expected,
                    "{at}: {}",
                    out.len()
                );
            }
            other => panic!("{how:?} at {at}: {other:?}"),
        }
    }
    for at in 0..sealed.len() + grown {
        let (how, times) = WRITES[at % WRITES.len()];
        let (input, _) = behind(sealed);
        let mut output = Store::new(BEFORE);
        let position = (BEFORE.len() + at) as u64;
        output.fault = Some(Fault::new(position, how, times));
        match run(&input, &output) {
            Ok(()) if how == How::Error(ErrorKind::Interrupted) => all_there(&output),
            Err(Error::Write(_)) => assert_eq!(written(&output).len(), at),
            other => panic!("{how:?} at {at}: {other:?}"),
        }
    }
}

#[test]
fn rekeying() {
    no_hang(|| {
        let [old, new] = ["old", "new"].map(|secret| Secret::key(secret).for_many_files());
        let text = pattern(40);
        let mut sealed = Vec::new();
        Seal::new(&old)
            .format(&Dexios)
            .kdf(Some(Kdf::Balloon))
            .run(&text[..], &mut sealed)
            .unwrap();
        let rekey = Rekey::new(&old, Change::Replace(vec![(&new).into()]));
        fails_rekeying(&sealed, 416, 0, &rekey.kdf(Some(Kdf::Balloon)), |file| {
            let mut opened = Vec::new();
            Open::new(&new).run(file, &mut opened).unwrap();
            assert_same(&opened, &text);
        });
    });
}

/// A header that gets longer.
#[test]
fn rekeying_age() {
    no_hang(|| {
        let [old, new] = [(), ()].map(|()| X25519Identity::generate(&fetool::random).unwrap());
        let [old, new] = [old, new].map(AgeIdentity::X25519);
        let [recipient, added] = [&old, &new].map(AgeIdentity::recipient);
        let text = pattern(40);
        let mut sealed = Vec::new();
        Seal::new(Recipient::wrapping(&recipient))
            .format(&Age)
            .run(&text[..], &mut sealed)
            .unwrap();
        let change = Change::Add(vec![Recipient::wrapping(&added)]);
        let rekey = Rekey::new(Identity::unwrapping(&old), change);
        fails_rekeying(&sealed, 168 + 16, 98, &rekey, |file| {
            let mut opened = Vec::new();
            let open = Open::new(Identity::unwrapping(&new));
            open.run(file, &mut opened).unwrap();
            assert_same(&opened, &text);
        });
    });
}
