//! Memory is bounded for age too, armored or not, and by what is allowed for its passphrases.
//!
//! The tests take turns, so that they do not see each other's memory.

use crate::common::{FAST, jobs, no_hang};
use crate::counting::{peak, turn};
use fetool::format::Limits;
use fetool::format::age::{Age, AgeIdentity, X25519Identity};
use fetool::{Error, Identity, Open, Positioned, ReadAt, Recipient, Seal, Secret, WriteAt, status};
use std::io::{self, Cursor, Read, Write};
use std::time::Duration;

const MIB: usize = 1 << 20;

const SHORT: usize = if FAST { 32 } else { 6 } * MIB;
const WORKERS: usize = if FAST { 4 } else { 1 };

/// As the pipeline's documentation has it: buffers of a mebibyte, one in each thread that is there twice
/// while it grows, and a little. Armor is there beside what it stands for.
pub const fn bound(workers: usize, armor: bool) -> usize {
    let buffer = if armor { MIB + MIB / 2 } else { MIB + MIB / 8 };
    (3 * workers + 3) * buffer + MIB
}

fn identity() -> AgeIdentity {
    AgeIdentity::X25519(X25519Identity::generate(&fetool::random).unwrap())
}

fn generated(len: usize) -> impl Read + Send {
    io::repeat(0x5a).take(len as u64)
}

/// Is slow from time to time, so that everything in front of it fills up.
#[derive(Default)]
pub struct Slow {
    pub bytes: usize,
    writes: usize,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len();
        self.writes += 1;
        if self.writes % 8 == 1 {
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn sealing(len: usize, armor: bool) -> usize {
    let identity = identity();
    let (bytes, peak) = peak(move || {
        let recipient = identity.recipient();
        let mut sink = Slow::default();
        Seal::new(Recipient::wrapping(&recipient))
            .format(&Age)
            .armor(armor)
            .jobs(jobs(WORKERS))
            .run(generated(len), &mut sink)
            .expect("seals");
        sink.bytes
    });
    assert!(bytes > len);
    println!("sealing {len} bytes, armor {armor}: {peak}");
    peak
}

/// Seals to a pipe of the system and opens from it: the peak is of both together.
fn opening(len: usize, armor: bool) -> usize {
    let identity = identity();
    let (bytes, peak) = peak(move || {
        let recipient = identity.recipient();
        let (reader, writer) = io::pipe().expect("a pipe");
        let sealing = std::thread::spawn(move || {
            Seal::new(Recipient::wrapping(&recipient))
                .format(&Age)
                .armor(armor)
                .jobs(jobs(1))
                .run(generated(len), writer)
                .expect("seals")
        });
        let mut sink = Slow::default();
        Open::new(Identity::unwrapping(&identity))
            .jobs(jobs(WORKERS))
            .run(reader, &mut sink)
            .expect("opens");
        sealing.join().expect("no panic");
        sink.bytes
    });
    assert_eq!(bytes, len);
    println!("opening {len} bytes, armor {armor}: {peak}");
    peak
}

#[test]
fn a_long_input_takes_as_much_as_a_short_one() {
    let _turn = turn();
    for armor in [false, true] {
        let (short, long) = (sealing(SHORT, armor), sealing(3 * SHORT, armor));
        assert!(long < bound(WORKERS, armor), "sealing: {long}");
        assert!(
            long < short + short / 4 + MIB,
            "{short}, and {long} for three times as much"
        );
        let (short, long) = (opening(SHORT, armor), opening(3 * SHORT, armor));
        let both = bound(WORKERS, armor) + bound(1, armor);
        assert!(long < both, "opening: {long}");
        assert!(
            long < short + short / 4 + MIB,
            "{short}, and {long} for three times as much"
        );
    }
}

/// So many zeros to read at any place, and room for everything.
struct Zeros(u64);

impl ReadAt for Zeros {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        let there = into.len().min(self.0.saturating_sub(position) as usize);
        into[..there].fill(0);
        Ok(there)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.0)
    }
}

impl WriteAt for Zeros {
    fn write_at(&self, bytes: &[u8], _position: u64) -> io::Result<usize> {
        std::thread::sleep(Duration::from_millis(1));
        Ok(bytes.len())
    }

    fn truncate(&self, _position: u64) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn from_file_to_file_takes_no_more() {
    let _turn = turn();
    for armor in [false, true] {
        let len = 3 * SHORT as u64;
        let identity = identity();
        let (sealed, peak) = peak(move || {
            let recipient = identity.recipient();
            let zeros = Zeros(len);
            let at = Positioned {
                file: &zeros,
                position: 0,
            };
            Seal::new(Recipient::wrapping(&recipient))
                .format(&Age)
                .armor(armor)
                .size(Some(len))
                .jobs(jobs(WORKERS))
                .start()
                .and_then(|sealing| sealing.run_at(at, at))
                .expect("seals")
        });
        assert_eq!(sealed.plaintext_len, len);
        println!("from file to file, armor {armor}: {peak}");
        assert!(peak < bound(WORKERS, armor), "{peak}");
    }
}

/// A header without an end takes a mebibyte, and no more of an endless input is read.
#[test]
fn an_endless_header_is_given_up_on() {
    let _turn = turn();
    let stanzas = "-> X25519 AAAA\n\n".repeat(100_000);
    for start in [
        "age-encryption.org/v1\n-> X25519 ".to_owned(),
        format!("age-encryption.org/v1\n{stanzas}"),
    ] {
        let identity = identity();
        let (error, peak) = peak(move || {
            let endless = Cursor::new(start).chain(io::repeat(b'A'));
            Open::new(Identity::unwrapping(&identity))
                .run(endless, io::sink())
                .unwrap_err()
        });
        assert_eq!(error.status(), status::FORMAT, "{error}");
        println!("an endless header: {peak}");
        assert!(peak < 32 * MIB, "{peak}");
    }
}

/// The most memory that the process has in use while it works, beyond what it had before. C has memory too,
/// which [`peak`] does not count.
#[cfg(target_os = "linux")]
fn resident_peak<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> (T, usize) {
    let status = |field: &str| -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kib = line.unwrap().trim().trim_end_matches(" kB");
        kib.parse::<usize>().unwrap() << 10
    };
    // The peak begins anew (proc_pid_clear_refs(5)).
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status("VmRSS:");
    let done = no_hang(work);
    (done, status("VmHWM:").saturating_sub(before))
}

/// Nothing is taken for a work factor that is not allowed, by itself or by the memory that it needs.
#[cfg(target_os = "linux")]
#[test]
fn a_work_factor_takes_no_more_than_is_allowed() {
    let _turn = turn();
    let passphrase = || Secret::passphrase("a passphrase");
    let mut file = Vec::new();
    let secret = passphrase();
    let seal = Seal::new(&secret).format(&Age).work_factor(Some(14));
    seal.run(&b"text"[..], &mut file).unwrap();
    let open = move |file: Vec<u8>, memory: u64| {
        resident_peak(move || {
            let limits = Limits {
                memory,
                input_len: None,
            };
            let secret = passphrase();
            let open = Open::new(&secret).limits(limits).jobs(jobs(1));
            open.run(&file[..], io::sink()).map(drop)
        })
    };
    let (opened, took) = open(file.clone(), 32 << 20);
    assert!(opened.is_ok(), "{opened:?}");
    assert!(
        (15 * MIB..20 * MIB).contains(&took),
        "{took}: is it counted?"
    );

    let (refused, took) = open(file.clone(), 8 << 20);
    let error = refused.unwrap_err();
    assert!(
        matches!(
            error,
            Error::WorkFactorMemory {
                work_factor: 14,
                ..
            }
        ),
        "{error}"
    );
    assert!(took < 4 * MIB, "{took}");

    let digits = file.windows(3).position(|three| three == b"14\n").unwrap();
    for (factor, max) in [(b"23", 22), (b"99", 22)] {
        file[digits..digits + 2].copy_from_slice(factor);
        let (refused, took) = open(file.clone(), u64::MAX);
        match refused.unwrap_err() {
            Error::WorkFactor { max: found, .. } => assert_eq!(found, max),
            error => panic!("{error}"),
        }
        assert!(took < 4 * MIB, "{took}");
    }
}
