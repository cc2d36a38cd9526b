//! Ranges of the plaintext: whatever is read at a position is what is there, or an error.

mod damaged;
mod far;
mod refused;

use crate::common::{Numbers, Ragged, jobs, pattern, seal_known, seal_stream, secret};
use crate::dexios_common::{vector, vectors};
use crate::weak_common::{self, seal_chunks, seal_layers};
use fetool::aead::{Aead, Algorithm};
use fetool::format::Format;
use fetool::format::age::Age;
use fetool::format::dexios::SlotHash;
use fetool::format::gocrypt::{GoCrypt, GoCryptV1};
use fetool::format::parallel_encryptor::ParallelEncryptor;
use fetool::{Error, Open, OpenAt, ReadAt, Seal, Secret};
use hmac::{KeyInit, Mac, SimpleHmac};
use sha3::Sha3_512;
use std::collections::BTreeSet;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

/// A sealed file of which parts can be read.
struct Case {
    name: String,
    sealed: Vec<u8>,
    text: Vec<u8>,
    /// Plaintext bytes of a chunk, and the bytes of a frame beside them.
    chunk: usize,
    overhead: usize,
    header: usize,
    format: Option<&'static dyn Format>,
    secret: Secret,
    detached: Option<Vec<u8>>,
    /// Trying the key takes long.
    slow: bool,
}

impl Case {
    fn new(name: &str, sealed: Vec<u8>, text: Vec<u8>, chunk: usize, secret: Secret) -> Self {
        Self {
            name: format!("{name}, {} bytes", text.len()),
            sealed,
            text,
            chunk,
            overhead: 16,
            header: 0,
            format: None,
            secret,
            detached: None,
            slow: false,
        }
    }

    fn gfe(name: &str, sealed: Vec<u8>, text: &[u8], chunk: usize) -> Self {
        Self {
            overhead: 20,
            header: 24,
            ..Self::new(name, sealed, text.to_vec(), chunk, secret())
        }
    }

    fn open(&self) -> Open<'_> {
        Open::new(&self.secret)
            .format(self.format)
            .detached_header(self.detached.as_deref())
            .jobs(jobs(2))
    }

    fn start(&self) -> OpenAt<&[u8]> {
        let opened = self.open().start_at(&self.sealed[..]);
        opened.unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// A range from a pipe.
    fn piped(&self, start: u64, end: Option<u64>, seed: u64) -> Result<Vec<u8>, Error> {
        let mut written = Vec::new();
        let input = Ragged::new(&self.sealed, seed, 5000);
        let opening = self.open().start(input)?;
        let count = opening.run_range(start, end, &mut written)?;
        assert_eq!(count, written.len() as u64);
        Ok(written)
    }
}

fn age(text: &[u8], armor: bool) -> Vec<u8> {
    let mut sealed = Vec::new();
    Seal::new(&passphrase())
        .format(&Age)
        .work_factor(Some(1))
        .armor(armor)
        .run(text, &mut sealed)
        .unwrap();
    sealed
}

fn passphrase() -> Secret {
    Secret::passphrase("for tests")
}

fn with_cr(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(text.to_vec()).unwrap();
    text.replace('\n', "\r\n").into_bytes()
}

/// Files whose keys are tried fast.
fn quick() -> Vec<Case> {
    let mut cases = Vec::new();
    for len in [1, 99, 100, 101, 1000, 1050] {
        let text = pattern(len);
        cases.push(Case::gfe("GFE", seal_known(&text, 100), &text, 100));
    }
    for len in [0, 1, 99, 100, 1000, 1050] {
        let text = pattern(len);
        cases.push(Case::gfe("GFE stream", seal_stream(&text, 100), &text, 100));
    }
    for len in [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000] {
        let text = pattern(len);
        let case = |name, sealed| Case::new(name, sealed, text.clone(), 65_536, passphrase());
        let binary = age(&text, false);
        let header = binary.len() - len - 16 * len.div_ceil(65_536).max(1);
        cases.push(Case {
            header,
            ..case("age", binary)
        });
        let armored = age(&text, true);
        cases.push(case("age in CR LF", with_cr(&armored)));
        let before = [b" \n\t\n", &armored[..], b"\n \n"].concat();
        cases.push(case("age in blanks", before));
        cases.push(case("age as text", armored));
    }
    for len in [1, 100, 1000, 1050] {
        let text = pattern(len);
        let (_, sealed) = seal_chunks(&text[..], 100, 1);
        cases.push(Case {
            format: Some(&ParallelEncryptor),
            header: 12,
            ..Case::new(
                "parallel-encryptor",
                sealed,
                text,
                100,
                weak_common::secret(),
            )
        });
    }
    cases
}

/// Files whose keys take their time.
fn slow() -> Vec<Case> {
    let mut cases = Vec::new();
    for len in [32_768, 100_000] {
        let text = pattern(len);
        let (_, sealed) = seal_layers(&text[..], 1, 1);
        let case = |name, sealed: &[u8]| Case {
            slow: true,
            ..Case::new(
                name,
                sealed.to_vec(),
                text.clone(),
                32_768,
                weak_common::secret(),
            )
        };
        cases.push(Case {
            format: Some(&GoCryptV1),
            header: 40,
            ..case("GoCrypt 1.0", &sealed[1..])
        });
        cases.push(Case {
            format: Some(&GoCrypt),
            header: 41,
            ..case("GoCrypt", &sealed)
        });
    }
    let mut versions = BTreeSet::new();
    let mut streams = vectors();
    streams.retain(|vector| vector.mode == "stream");
    streams.sort_by_key(|vector| std::cmp::Reverse(vector.plaintext_len));
    for vector in streams {
        // The longest of each version.
        if !versions.insert(vector.header_version) {
            continue;
        }
        let text = pattern(vector.plaintext_len as usize);
        cases.push(Case {
            detached: vector.header(),
            slow: true,
            ..Case::new(
                &vector.file,
                vector.bytes(),
                text,
                1 << 20,
                vector.secret.secret(),
            )
        });
    }
    // No program made streams of version 2 for us.
    assert_eq!(versions, BTreeSet::from([1, 3, 4, 5]));
    let text = pattern((1 << 20) + 700);
    cases.push(Case {
        slow: true,
        ..Case::new(
            "Dexios version 2",
            stream_of_version_2(&text),
            text,
            1 << 20,
            Secret::key(vector("secret.txt")),
        )
    });
    cases
}

/// A stream with the salt of a file in memory mode. The header's own tag is HMAC-SHA3-512.
fn stream_of_version_2(text: &[u8]) -> Vec<u8> {
    let mut header = vector("dexios_v2_aes256gcm_memory_1000.dx");
    header.truncate(64);
    header[5] = 1;
    // In stream mode the nonce lacks the four bytes of the number.
    header[30..48].fill(0);
    let hash = SlotHash::Argon2idV2.derivation().unwrap();
    let key = hash.derive(&vector("secret.txt"), &header[6..22]).unwrap();
    let mut mac = SimpleHmac::<Sha3_512>::new_from_slice(&*key).unwrap();
    mac.update(&header[..48]);
    header[48..].copy_from_slice(&mac.finalize().into_bytes()[..16]);
    let blocks = Aead::new(Algorithm::Aes256Gcm, &key);
    let last = text.len() >> 20;
    let mut sealed = header.clone();
    for (number, block) in text.chunks(1 << 20).enumerate() {
        let mark = u32::from(number == last) << 31;
        let number = (number as u32 | mark).to_le_bytes();
        let mut block = block.to_vec();
        let nonce = [&header[22..30], &number].concat();
        let tag = blocks.seal(&nonce, b"", &mut block).unwrap();
        sealed.extend(block);
        sealed.extend(tag);
    }
    sealed
}

/// Reads a range in many small steps at positions.
fn read_at(opened: &OpenAt<&[u8]>, range: Range<u64>) -> Vec<u8> {
    let mut bytes = vec![0; (range.end - range.start) as usize];
    let mut done = 0;
    while done < bytes.len() {
        let step = (bytes.len() - done).min(40_000);
        let read = opened
            .read_at(&mut bytes[done..][..step], range.start + done as u64)
            .unwrap();
        assert!(read > 0);
        done += read;
    }
    bytes
}

/// Reads a range as a stream.
fn read(opened: &mut OpenAt<&[u8]>, range: Range<u64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    assert_eq!(
        opened.seek(SeekFrom::Start(range.start)).unwrap(),
        range.start
    );
    let mut part = opened.take(range.end - range.start);
    part.read_to_end(&mut bytes).unwrap();
    assert_eq!(opened.stream_position().unwrap(), range.end);
    bytes
}

/// Positions at which something begins or ends, and some more.
fn positions(case: &Case, numbers: &mut Numbers) -> Vec<u64> {
    let len = case.text.len();
    let edges = (0..=len)
        .step_by(case.chunk)
        .flat_map(|edge| [edge.saturating_sub(1), edge, edge + 1]);
    let mut all: Vec<usize> = edges.chain([len.saturating_sub(1), len]).collect();
    all.extend((0..6).map(|_| numbers.below(len + 1)));
    all.retain(|position| *position <= len);
    all.sort_unstable();
    all.dedup();
    all.into_iter().map(|position| position as u64).collect()
}

/// Every pair of positions of a short file, and some of a long one.
fn ranges(case: &Case, numbers: &mut Numbers) -> Vec<Range<u64>> {
    let positions = positions(case, numbers);
    let pairs = positions.iter().flat_map(|start| {
        let ends = positions.iter().filter(move |end| *end >= start);
        ends.map(move |end| *start..*end)
    });
    let pairs: Vec<_> = pairs.collect();
    let most = if case.text.len() > 2000 { 40 } else { 200 };
    let every = pairs.len().div_ceil(most);
    pairs.into_iter().step_by(every).collect()
}

#[test]
fn every_range_is_what_is_there() {
    let mut numbers = Numbers::new(3);
    for case in quick().iter().chain(&slow()) {
        let mut opened = case.start();
        for range in ranges(case, &mut numbers) {
            let what = format!("{}, {range:?}", case.name);
            let text = &case.text[range.start as usize..range.end as usize];
            let mut written = Vec::new();
            opened
                .write_range(range.clone(), &mut written)
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(written == text, "{what}: written");
            assert!(read_at(&opened, range.clone()) == text, "{what}: at");
            assert!(read(&mut opened, range) == text, "{what}: read");
        }
        assert_eq!(opened.plaintext_len().unwrap(), case.text.len() as u64);
    }
}

#[test]
fn every_range_comes_from_a_pipe() {
    let mut numbers = Numbers::new(4);
    for case in quick().iter().chain(&slow()) {
        let ranges = ranges(case, &mut numbers);
        let every = ranges.len().div_ceil(if case.slow { 2 } else { 50 });
        for range in ranges.into_iter().step_by(every) {
            let what = format!("{}, {range:?}", case.name);
            let text = &case.text[range.start as usize..];
            let written = case.piped(range.start, Some(range.end), range.end);
            let written = written.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(
                written == text[..(range.end - range.start) as usize],
                "{what}"
            );
            if !case.slow {
                let written = case.piped(range.start, None, range.end).unwrap();
                assert!(written == text, "{what}: to the end");
            }
        }
    }
}

#[test]
fn behind_the_end_is_an_error_that_names_the_length() {
    for case in quick() {
        let len = case.text.len() as u64;
        let opened = case.start();
        for (start, end) in [
            (0, len + 1),
            (len, len + 1),
            (len + 1, len + 1),
            (len + 1, len + 9),
            (len + 70_000, len + 70_001),
            (0, u64::MAX),
            (u64::MAX, u64::MAX),
        ] {
            let what = match start > len {
                true => format!("the range starts at byte {start}"),
                false => format!("the range ends behind byte {end}"),
            };
            let expected = format!("{what}, and the plaintext has {len} bytes");
            let mut written = Vec::new();
            let error = opened.write_range(start..end, &mut written).unwrap_err();
            assert_eq!(error.to_string(), expected, "{}", case.name);
            assert_eq!(error.status(), fetool::status::USAGE);
            assert!(written.is_empty());
            let error = case.piped(start, Some(end), 1).unwrap_err();
            assert_eq!(error.to_string(), expected, "{} from a pipe", case.name);
        }
        // Reading there finds the end, as in any file.
        for position in [len, len + 1, len + 1_000_000, u64::MAX] {
            assert_eq!(opened.read_at(&mut [0; 10], position).unwrap(), 0);
        }
    }
}

#[test]
fn readers_have_positions_of_their_own() {
    let text = pattern(1050);
    let case = Case::gfe("GFE", seal_known(&text, 100), &text, 100);
    let mut one = case.start();
    let mut bytes = [0; 7];
    one.seek(SeekFrom::End(-10)).unwrap();
    let mut other = one.clone();
    one.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, text[1040..1047]);
    other.seek(SeekFrom::Current(-40)).unwrap();
    other.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, text[1000..1007]);
    assert_eq!(one.stream_position().unwrap(), 1047);
    assert!(one.seek(SeekFrom::Current(-2000)).is_err());
    assert_eq!(one.stream_position().unwrap(), 1047);
    assert_eq!(one.size().unwrap(), 1050);
}

#[test]
fn many_threads_read_at_a_time() {
    let text = pattern(200_000);
    let case = Case::new("age", age(&text, true), text, 65_536, passphrase());
    let opened = case.start();
    std::thread::scope(|scope| {
        for seed in 1..6 {
            let mut own = opened.clone();
            let text = &case.text;
            scope.spawn(move || {
                let mut numbers = Numbers::new(seed);
                for _ in 0..20 {
                    let start = numbers.below(text.len());
                    let len = numbers.below(70_000).min(text.len() - start);
                    let range = start as u64..(start + len) as u64;
                    assert!(read(&mut own, range) == text[start..start + len]);
                }
            });
        }
    });
}
