//! A format of another shape.

use crate::common::{assert_same, jobs, no_hang, pattern, secret};
use fetool::format::{
    ChunkId, Claim, Description, End, Format, Frames, Header, Layout, Limits, OpenChunk, Payload,
    Proof, SealChunk, SealRequest, Sealer,
};
use fetool::{Error, Identity, Inspect, Open, Opened, Seal, status};
use std::io::Cursor;
use std::ops::Range;
use std::sync::{Arc, Mutex};

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

    fn algorithms(&self) -> &'static [fetool::aead::Algorithm] {
        &[fetool::aead::Algorithm::Aes256Gcm]
    }

    fn probe(&self, head: &[u8]) -> Claim {
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
            file_key: None,
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

    fn unlock(&self, _: &Identity<'_>, first: Option<&[u8]>) -> Result<Payload, Error> {
        // The first frame is whole, or all that there is of it.
        assert!(first.is_none_or(|first| (TAG..=self.chunk + TAG).contains(&first.len())));
        Ok(Payload {
            layers: Vec::new(),
            codec: Arc::new(self.format.clone()),
            key_proven: false,
            reading: "the only one".to_owned(),
            warnings: Vec::new(),
            proof: Proof::Chunks,
        })
    }

    fn describe(&self) -> Description {
        Description {
            stanzas: Vec::new(),
            post_quantum: None,
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
    fn prefix_len(&self) -> usize {
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

    fn short_at_eof(&mut self, offset: u64, got: usize) -> Result<(), Error> {
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
