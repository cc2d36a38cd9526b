//! The library as a program uses it that writes plaintext or reads it, and what its types promise.

use crate::common::{assert_same, pattern, secret};
use fetool::format::Payload;
use fetool::{
    CancelToken, Error, Identity, Inspect, Inspected, Meter, Open, OpenReader, Opening, Recipient,
    Rekey, RunOptions, Seal, SealWriter, Sealing, Secret, status,
};
use std::io::{self, Cursor, Read, Write};
use std::num::NonZeroUsize;

fn sealed(text: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::new();
    let key = secret();
    let seal = Seal::new(&key).chunk_size(Some(1000));
    seal.run(text, &mut sealed).unwrap();
    sealed
}

fn writer<W: Write + Send + 'static>(output: W) -> SealWriter<W> {
    let sealing = Seal::new(&secret()).chunk_size(Some(1000)).start().unwrap();
    sealing.into_writer(output).unwrap()
}

fn reader(input: impl Read + Send + 'static) -> OpenReader {
    let opening = Open::new(&secret()).start(input).unwrap();
    opening.into_reader().unwrap()
}

#[test]
fn what_is_written_is_sealed_and_what_is_read_is_opened() {
    let text = pattern(3_000_000);
    for (len, piece) in [
        (0, 1),
        (1, 1),
        (999, 7),
        (100_000, 333),
        (3_000_000, 700_001),
    ] {
        let text = &text[..len];
        let mut writer = writer(Vec::new());
        for piece in text.chunks(piece) {
            writer.write_all(piece).unwrap();
        }
        writer.flush().unwrap();
        let (done, sealed) = writer.finish().unwrap();
        assert_eq!(done.plaintext_len, len as u64);
        assert_eq!(done.sealed_len, sealed.len() as u64);

        let mut reader = reader(Cursor::new(sealed));
        let mut opened = vec![0; len];
        for piece in opened.chunks_mut(piece) {
            reader.read_exact(piece).unwrap();
        }
        assert_same(&opened, text);
        assert_eq!(reader.read(&mut [0]).unwrap(), 0);
        let done = reader.finish().unwrap();
        assert_eq!(
            (done.plaintext_len, done.chunks),
            (len as u64, (len / 1000 + 1) as u64)
        );
    }
}

/// One operation into another, with no plaintext in between.
#[test]
fn a_reader_is_the_input_of_another_operation() {
    let text = pattern(2_000_000);
    let other = Secret::key([9; 32]);
    let mut again = Vec::new();
    Seal::new(&other)
        .run(reader(Cursor::new(sealed(&text))), &mut again)
        .unwrap();
    let mut opened = Vec::new();
    Open::new(&other).run(&again[..], &mut opened).unwrap();
    assert_same(&opened, &text);

    let mut changed = sealed(&text);
    let at = 24 + 700 * 1020 + 50;
    changed[at] ^= 1;
    let error = Seal::new(&other)
        .run(reader(Cursor::new(changed)), io::sink())
        .unwrap_err();
    assert_eq!(error.status(), status::SYSTEM, "{error}");
    let root = error.root();
    assert!(
        matches!(root, Error::Authentication { chunk: 700, .. }),
        "{root}"
    );
}

#[test]
fn a_fault_comes_behind_all_good_bytes_and_keeps_its_type() {
    let text = pattern(1_500_000);
    let whole = sealed(&text);
    let mut reader = reader(Cursor::new(whole[..whole.len() - 1].to_vec()));
    let mut opened = Vec::new();
    let error = reader.read_to_end(&mut opened).unwrap_err();
    assert_same(&opened, &text[..text.len() / 1000 * 1000]);
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(
        error.downcast::<Error>().unwrap().status(),
        status::TRUNCATED
    );
    assert!(reader.read(&mut [0]).is_err(), "and stays one");
}

#[test]
fn what_was_not_read_is_checked_before_a_reader_finishes() {
    let text = pattern(1_500_000);
    let whole = sealed(&text);
    let mut good = reader(Cursor::new(whole.clone()));
    good.read_exact(&mut [0; 10]).unwrap();
    assert_eq!(good.finish().unwrap().plaintext_len, text.len() as u64);
    let mut cut = reader(Cursor::new(whole[..whole.len() - 1].to_vec()));
    cut.read_exact(&mut [0; 10]).unwrap();
    assert_eq!(cut.finish().unwrap_err().status(), status::TRUNCATED);
}

/// Endless, so that a reader which did not cancel would never end.
#[test]
fn a_dropped_reader_cancels_the_opening() {
    let mut sealed = Vec::new();
    let key = secret();
    let seal = Seal::new(&key).chunk_size(Some(1000));
    seal.run(io::repeat(7).take(30_000_000), &mut sealed)
        .unwrap();
    let stop = CancelToken::new();
    let opening = Open::new(&key)
        .stop(&stop)
        .start(Cursor::new(sealed))
        .unwrap();
    let mut reader = opening.into_reader().unwrap();
    reader.read_exact(&mut [0; 10]).unwrap();
    drop(reader);
    assert!(stop.is_stopped());
}

/// Takes so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_output_that_is_full_fails_the_writer() {
    let mut small = writer(Full(100));
    small.write_all(&[1; 1000]).unwrap();
    let error = small.finish().err().unwrap();
    assert!(matches!(&error, Error::Write(e) if e.kind() == io::ErrorKind::StorageFull));

    let mut large = writer(Full(100_000));
    let error = (0..1000)
        .find_map(|_| large.write_all(&[1; 100_000]).err())
        .expect("there is not so much room");
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert!(large.write(&[1]).is_err(), "and stays so");
    assert!(large.finish().is_err());
}

/// What is there must not pass for a whole file.
#[test]
fn a_dropped_writer_leaves_no_whole_file() {
    let path = std::env::temp_dir().join(format!("fetool-dropped-{}", std::process::id()));
    let mut dropped = writer(std::fs::File::create(&path).unwrap());
    dropped.write_all(&pattern(2_000_500)).unwrap();
    drop(dropped);
    let left = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(Open::new(&secret()).run(&left[..], io::sink()).is_err());
}

#[test]
fn the_options_are_the_same_for_every_operation() {
    let text = pattern(100_000);
    let meter = Meter::unwatched();
    let options = RunOptions::new()
        .jobs(NonZeroUsize::new(2))
        .memory(2000)
        .meter(meter.clone());
    let key = secret();
    let mut sealed = Vec::new();
    let seal = Seal::new(&key).run_options(options.clone());
    let error = seal.run(&text[..], &mut sealed).unwrap_err();
    assert_eq!(error.status(), status::USAGE, "{error}");
    let seal = Seal::new(&key)
        .chunk_size(Some(1000))
        .run_options(options.clone());
    seal.run(&text[..], &mut sealed).unwrap();
    assert_eq!(meter.total(), 100_000);
    let open = Open::new(&key).run_options(options.clone());
    open.run(&sealed[..], io::sink()).unwrap();
    assert_eq!(meter.total(), 200_000);
    let open = Open::new(&key).run_options(options.memory(1000));
    let error = open.run(&sealed[..], io::sink()).unwrap_err();
    assert_eq!(error.status(), status::USAGE, "{error}");
}

#[test]
fn types_go_from_thread_to_thread() {
    fn send<T: Send>() {}
    fn sync<T: Sync>() {}
    send::<Open<'_>>();
    send::<Opening<io::Empty>>();
    send::<OpenReader>();
    send::<Seal<'_>>();
    send::<Sealing>();
    send::<Identity<'_>>();
    send::<Recipient<'_>>();
    send::<Payload>();
    send::<SealWriter<Vec<u8>>>();
    send::<Inspect<'_>>();
    send::<Inspected>();
    send::<Rekey<'_>>();
    send::<RunOptions>();
    send::<Meter>();
    send::<Secret>();
    send::<CancelToken>();
    send::<Error>();
    sync::<Secret>();
    sync::<RunOptions>();
    sync::<CancelToken>();
    sync::<Error>();
}
