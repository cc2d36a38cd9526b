//! Where a stream begins, and where it ends.

use super::{C, agrees, with};
use crate::common::by_hand::{self, Data, HEADER, Nonces, frames};
use crate::common::{KEY, open, open_strict, pattern, seal_known, seal_stream, secret};
use fetool::{Error, Inspect, status};

/// Where the number of a chunk is added to the nonce, the second chunk's nonce is the first one's under
/// a base that is one more.
#[test]
fn a_stream_without_its_first_chunks_under_a_nonce_that_counts_from_there() {
    let text = pattern(3 * C + 5);
    let file = seal_stream(&text, C as u64);
    for (dropped, frame) in frames(&file).iter().enumerate().skip(1) {
        let mut changed = with(&file, HEADER..frame.start, &[]);
        changed[12..16].copy_from_slice(&(dropped as u32).to_be_bytes());
        let opened = open(&changed);
        let error = opened.error();
        assert!(
            matches!(error, Error::Authentication { chunk: 0, .. }),
            "{dropped}: {error}"
        );
        assert!(opened.written.is_empty(), "{dropped}");
    }
    // Where a size is declared, it is missed; where it is not, that is warned of.
    let known = seal_known(&text, C as u64);
    let mut changed = with(&known, frames(&known)[0].clone(), &[]);
    changed[15] = 1;
    let opened = open(&changed);
    assert_eq!(opened.error().status(), status::TRUNCATED);
    let unknown = by_hand::unknown_size(&KEY, &text, C);
    let mut changed = with(&unknown, frames(&unknown)[0].clone(), &[]);
    changed[12..16].copy_from_slice(&[0, 0, 0, 1]);
    let opened = open(&changed);
    assert!(opened.result.is_ok(), "{:?}", opened.result);
    assert_eq!(
        opened.warnings,
        [
            "the length is not authenticated: a cut between two chunks cannot be noticed; chunks may \
          be missing at the beginning too"
        ]
    );
    assert!(open_strict(&changed).result.is_err());
}

#[test]
fn behind_a_header_that_is_kept_apart_offsets_count_from_the_first_chunk() {
    let file = seal_known(&pattern(2), 1);
    let (header, body) = file.split_at(HEADER);
    let key = secret();
    let open = || fetool::Open::new(&key).detached_header(Some(header));
    let error = |body: &[u8]| open().run(body, std::io::sink()).unwrap_err();
    for (chunk, frame) in frames(&file).iter().enumerate() {
        let mut body = body.to_vec();
        body[frame.end - 1 - HEADER] ^= 1;
        let offset = (frame.start - HEADER) as u64;
        let chunk = chunk as u64;
        match error(&body) {
            Error::Authentication {
                chunk: c,
                offset: o,
            } => assert_eq!((c, o), (chunk, offset)),
            other => panic!("{other}"),
        }
    }
    // Of two faults the first one is told: here a bad tag, and then an end inside a length field.
    let mut body = body[..frames(&file)[0].len() + 2].to_vec();
    body[10] ^= 1;
    let mut report = Inspect::new()
        .detached_header(Some(header))
        .run(&body[..])
        .unwrap();
    assert_eq!(report.fault.as_ref().unwrap().status, status::TRUNCATED);
    assert_eq!(report.checked(open().check(&body[..])).unwrap(), None);
    let fault = report.fault.unwrap();
    assert_eq!((fault.offset, fault.status), (Some(0), status::KEY));
}

#[test]
fn a_stream_ends_with_its_first_short_chunk() {
    // Authentic chunks again, in an order that no stream has.
    let write = |chunks: &[&[u8]]| {
        by_hand::write(
            &KEY,
            Nonces::Replaced,
            Data::SizeField,
            [1; 12],
            by_hand::STREAM + 4,
            chunks.iter().copied(),
        )
    };
    for chunks in [
        &[&b"abc"[..], b"d"][..],
        &[b"abcd", b"", b""],
        &[b"abcd", b"e", b"fghi", b""],
        &[b"abcd", b"", b"efgh", b"i"],
    ] {
        let file = write(chunks);
        let short = chunks.iter().position(|chunk| chunk.len() < 4).unwrap();
        let offset = frames(&file)[short].end;
        let opened = open(&file);
        assert_eq!(
            opened.error().to_string(),
            format!("data after the last chunk (at offset {offset})")
        );
        assert_eq!(opened.written, chunks[..=short].concat());
        agrees("a short chunk", &file, opened.error());
    }
    let file = write(&[b"abcd", b"efghi"]);
    let opened = open(&file);
    assert!(
        opened
            .error()
            .to_string()
            .starts_with("invalid chunk size 21: longer")
    );
    assert_eq!(opened.error().offset(), Some(frames(&file)[1].start as u64));
    assert_eq!(opened.written, b"abcd");
    let file = write(&[b"abcd", b"efgh"]);
    assert_eq!(open(&file).error().status(), status::TRUNCATED);
}
