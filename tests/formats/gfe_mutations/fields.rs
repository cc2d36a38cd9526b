//! Fields of lengths and sizes that are wrong.

use super::{C, agrees, refused, samples, with};
use crate::common::by_hand::{self, Data, EXTRA, Nonces, frames};
use crate::common::{KEY, open};
use fetool::status;

#[test]
fn every_wrong_length_field() {
    const MAX: u32 = 10 * 1024 * 1024 + 16;
    for sample in samples() {
        for (i, frame) in frames(&sample.file).iter().enumerate() {
            let start = frame.start;
            let right = (frame.len() - 4) as u32;
            for field in [
                0,
                1,
                15,
                16,
                17,
                right - 1,
                right + 1,
                MAX - 1,
                MAX,
                MAX + 1,
                1 << 31,
                u32::MAX,
            ] {
                if field == right {
                    continue;
                }
                let changed = with(&sample.file, start..start + 4, &field.to_be_bytes());
                let what = format!("length {field} for chunk {i}");
                let error = refused(&sample, &changed, &what);
                // These can be in no file at all.
                if !(16..=MAX).contains(&field) {
                    assert!(
                        error
                            .to_string()
                            .starts_with(&format!("invalid chunk size {field}: ")),
                        "{what}: {error}"
                    );
                    assert_eq!(error.status(), status::FORMAT, "{what}");
                    assert_eq!(error.offset(), Some(start as u64), "{what}");
                }
            }
        }
    }
}

#[test]
fn empty_chunks_are_refused_where_no_stream_ends() {
    // Authentic ones, made under the right key: the structure alone forbids them.
    let chunks: [&[&[u8]]; 3] = [&[b"", b"abc"], &[b"ab", b"", b"c"], &[b"abc", b""]];
    for size in [0, 3] {
        for chunks in chunks {
            let rule = Nonces::Replaced;
            let data = Data::SizeField;
            let file = by_hand::write(&KEY, rule, data, [1; 12], size, chunks.iter().copied());
            let frames = frames(&file);
            let empty = frames
                .iter()
                .position(|frame| frame.len() == EXTRA)
                .unwrap();
            let opened = open(&file);
            let expected = if size == 3 && empty == chunks.len() - 1 {
                "data after the last chunk"
            } else {
                "invalid chunk size 16: an empty chunk"
            };
            let offset = frames[empty].start;
            assert_eq!(
                opened.error().to_string(),
                format!("{expected} (at offset {offset})")
            );
            assert_eq!(opened.written, chunks[..empty].concat());
            agrees("an empty chunk", &file, opened.error());
        }
    }
}

#[test]
fn every_wrong_size_field() {
    const STREAM: u64 = by_hand::STREAM;
    for sample in samples() {
        let c = C as u64;
        let len = sample.plaintext.len() as u64;
        let right = u64::from_be_bytes(sample.file[16..24].try_into().unwrap());
        let fields = [0, 1, c, len, len + 1, len + c, 1 << 62, STREAM - 1];
        let marks = [
            STREAM + 1,
            STREAM + c - 1,
            STREAM + c,
            STREAM + c + 1,
            STREAM + 10_485_760,
        ];
        for field in fields.into_iter().chain(marks) {
            if field != right {
                let changed = with(&sample.file, 16..24, &field.to_be_bytes());
                refused(&sample, &changed, &format!("size field {field:#x}"));
            }
        }
        for field in [STREAM, STREAM + 10_485_761, u64::MAX] {
            let changed = with(&sample.file, 16..24, &field.to_be_bytes());
            let error = refused(&sample, &changed, &format!("size field {field:#x}"));
            assert!(
                error.to_string().starts_with("invalid size field"),
                "{error}"
            );
            assert_eq!((error.status(), error.offset()), (4, Some(16)));
        }
    }
}
