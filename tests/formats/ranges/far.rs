//! A range costs the same wherever it is, and however long the file.

use super::passphrase;
use crate::common::{jobs, secret};
use crate::weak_common;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fetool::format::age::Age;
use fetool::format::age::armor::{BEGIN, END, LINE_BYTES, LINE_LEN, armored_len, encode_lines};
use fetool::format::dexios::Dexios;
use fetool::format::gfe::Gfe;
use fetool::format::gocrypt::GoCrypt;
use fetool::format::parallel_encryptor::ParallelEncryptor;
use fetool::format::{ChunkId, Format, SealRequest, Sealer};
use fetool::kdf::Kdf;
use fetool::{Open, ReadAt, Recipient, Secret};
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicU64, Ordering};

const MIB: u64 = 1 << 20;

/// The plaintext byte at a position.
fn text(position: u64) -> u8 {
    (position ^ (position >> 8) ^ (position >> 24)) as u8
}

/// A sealed file that is made where it is read.
struct Generated {
    sealer: Sealer,
    plaintext: u64,
}

impl Generated {
    fn new(format: &dyn Format, secret: &Secret, plaintext: u64, known: bool) -> Self {
        let kdf = (format.name() == "dexios").then_some(Kdf::Balloon);
        let sealer = format
            .sealer(SealRequest {
                recipients: &[Recipient::from(secret)],
                size: known.then_some(plaintext),
                chunk_size: None,
                layers: (format.name() == "gocrypt").then_some(1),
                algorithm: None,
                kdf,
                work_factor: (format.name() == "age").then_some(1),
                random: &fetool::random,
            })
            .unwrap();
        Self { sealer, plaintext }
    }

    fn frame(&self, index: u64) -> Vec<u8> {
        let layout = self.sealer.layout;
        let span = layout.span(index);
        let len = self.plaintext.saturating_sub(span.plaintext).min(span.len);
        let mut frame = vec![0; layout.prefix];
        frame.extend((0..len).map(|i| text(span.plaintext + i)));
        frame.resize(frame.len() + layout.suffix, 0);
        let id = ChunkId {
            index,
            last: index + 1 == layout.chunks(self.plaintext),
            offset: self.sealer.header.len() as u64 + span.offset,
        };
        self.sealer.codec.seal(id, &mut frame).unwrap();
        frame
    }
}

impl ReadAt for Generated {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        let header = &self.sealer.header;
        let piece = match position.checked_sub(header.len() as u64) {
            None => header[position as usize..].to_vec(),
            Some(_) if position >= self.size()? => return Ok(0),
            Some(body) => {
                let frame = self.sealer.layout.frame() as u64;
                self.frame(body / frame).split_off((body % frame) as usize)
            }
        };
        let len = piece.len().min(into.len());
        into[..len].copy_from_slice(&piece[..len]);
        Ok(len)
    }

    fn size(&self) -> io::Result<u64> {
        let layout = self.sealer.layout;
        Ok(self.sealer.header.len() as u64 + layout.sealed_len(self.plaintext))
    }
}

/// The same as text.
struct Text(Generated);

impl Text {
    /// The binary file's bytes from a position on, as many as there are.
    fn bytes(&self, position: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        let mut done = 0;
        while done < len {
            let at = position + done as u64;
            match self.0.read_at(&mut bytes[done..], at).unwrap() {
                0 => break,
                read => done += read,
            }
        }
        bytes.truncate(done);
        bytes
    }
}

impl ReadAt for Text {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        let begin = format!("{BEGIN}\n").into_bytes();
        let lines = self.0.size()? / LINE_BYTES as u64;
        let piece = match position.checked_sub(begin.len() as u64) {
            None => begin[position as usize..].to_vec(),
            Some(body) if body / (LINE_LEN as u64) < lines => {
                let line = body / LINE_LEN as u64;
                let count = (into.len() / LINE_LEN + 2).min((lines - line) as usize);
                let bytes = self.bytes(line * LINE_BYTES as u64, count * LINE_BYTES);
                let mut out = vec![0; count * LINE_LEN];
                encode_lines(&bytes, &mut out);
                out.split_off((body % LINE_LEN as u64) as usize)
            }
            Some(body) => {
                let rest = self.bytes(lines * LINE_BYTES as u64, LINE_BYTES);
                let mut end = STANDARD.encode(&rest);
                if !end.is_empty() {
                    end.push('\n');
                }
                end.push_str(&format!("{END}\n"));
                let at = (body - lines * LINE_LEN as u64) as usize;
                end.into_bytes().get(at..).unwrap_or_default().to_vec()
            }
        };
        let len = piece.len().min(into.len());
        into[..len].copy_from_slice(&piece[..len]);
        Ok(len)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(armored_len(self.0.size()?).unwrap())
    }
}

/// Counts the bytes that are read.
struct Counting<R> {
    file: R,
    read: AtomicU64,
}

impl<R: ReadAt> ReadAt for Counting<R> {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        let read = self.file.read_at(into, position)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }
}

/// Returns how much of a file is read for a mebibyte of it from `start` on, and for its length.
fn cost(file: impl ReadAt + Send, open: Open<'_>, plaintext: u64, start: u64) -> u64 {
    let file = Counting {
        file,
        read: AtomicU64::new(0),
    };
    let opened = open.jobs(jobs(2)).start_at(&file).unwrap();
    let mut bytes = Vec::new();
    opened.write_range(start..start + MIB, &mut bytes).unwrap();
    assert_eq!(opened.plaintext_len().unwrap(), plaintext);
    assert_eq!(bytes.len() as u64, MIB);
    assert!((start..).zip(&bytes).all(|(at, byte)| text(at) == *byte));
    file.read.load(Ordering::Relaxed)
}

/// Returns what both files cost.
fn costs(format: &dyn Format, secret: &Secret, known: bool, armored: bool) -> (u64, u64) {
    let cost = |plaintext, start| {
        let open = Open::new(secret).format(Some(named(format)));
        let file = Generated::new(format, secret, plaintext, known);
        match armored {
            true => cost(Text(file), open, plaintext, start),
            false => cost(file, open, plaintext, start),
        }
    };
    (cost(2 * MIB, 500_000), cost(1 << 40, (1 << 39) + 500_000))
}

fn named(format: &dyn Format) -> &'static dyn Format {
    fetool::format::by_name(format.name()).unwrap()
}

#[test]
fn a_range_of_a_tebibyte_costs_no_more_than_one_of_two_mebibytes() {
    let weak = weak_common::secret();
    let formats: [(&dyn Format, &Secret, bool); 6] = [
        (&Gfe, &secret(), true),
        (&Gfe, &secret(), false),
        (&Age, &passphrase(), false),
        (&Dexios, &secret(), false),
        (&ParallelEncryptor, &weak, false),
        (&GoCrypt, &weak, false),
    ];
    for (format, secret, known) in formats {
        let (near, far) = costs(format, secret, known, false);
        assert_eq!(near, far, "{}", format.name());
        assert!(far < 5 * MIB, "{}: {far}", format.name());
    }
}

/// Small steps open no chunk twice.
#[test]
fn a_chunk_is_opened_once_for_all_that_is_read_of_it() {
    let secret = secret();
    let file = Counting {
        file: Generated::new(&Gfe, &secret, 1 << 40, true),
        read: AtomicU64::new(0),
    };
    let mut opened = Open::new(&secret).start_at(&file).unwrap();
    let started = file.read.load(Ordering::Relaxed);
    opened.seek(SeekFrom::Start(70 * MIB)).unwrap();
    let mut clone = opened.clone();
    let mut bytes = [0; 100];
    for _ in 0..1000 {
        opened.read_exact(&mut bytes).unwrap();
        clone.read_exact(&mut bytes).unwrap();
    }
    assert!(
        (70 * MIB + 99_900..)
            .zip(&bytes)
            .all(|(at, byte)| text(at) == *byte)
    );
    let read = file.read.load(Ordering::Relaxed) - started;
    // A frame, and the length of the next.
    assert_eq!(read, MIB + 20 + 4);
    // What was read last is kept, and not all that ever was.
    for position in [80 * MIB, 70 * MIB, 90 * MIB, 100 * MIB, 110 * MIB, 70 * MIB] {
        opened.read_at(&mut bytes, position).unwrap();
    }
    let read = file.read.load(Ordering::Relaxed) - started;
    assert_eq!(read, 6 * (MIB + 20 + 4));
}

/// Where lines begin in the chunks is another matter at each place.
#[test]
fn so_it_is_in_text() {
    let (near, far) = costs(&Age, &passphrase(), false, true);
    assert!(near.abs_diff(far) < 100 * LINE_LEN as u64, "{near}, {far}");
    assert!(far < 3 * MIB, "{far}");
}
