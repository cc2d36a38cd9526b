//! Files whose nonces are additive: they can lose their first chunks, and are read only where that is
//! noticed before anything comes out, or where the caller asks for it.

use crate::common::by_hand::{self, Data, HEADER, Nonces, frames};
use crate::common::{KEY, Outcome, assert_same, pattern, seal_known, secret, with_additive};
use fetool::format::Limits;
use fetool::{Error, Open, status};

const C: usize = 100;
const BASE: [u8; 12] = *b"12345678\x00\x00\x00\x09";

/// Opens an input of so many bytes, where that is known.
fn open(file: &[u8], len: Option<u64>) -> Outcome {
    let secret = secret();
    let limits = Limits {
        input_len: len,
        ..Limits::default()
    };
    let (mut written, mut warnings) = (Vec::new(), Vec::new());
    let result = Open::new(&secret)
        .limits(limits)
        .start(file)
        .and_then(|opening| {
            warnings = opening.warnings().to_vec();
            opening.run(&mut written)
        });
    Outcome {
        written,
        result,
        warnings,
    }
}

#[track_caller]
fn refused(file: &[u8], len: Option<u64>, why: &str) {
    let opened = open(file, len);
    let error = opened.error();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert_eq!(error.status(), status::FORMAT);
    assert_eq!(
        error.to_string(),
        format!("additive nonce: {why}, so chunks may be missing at the beginning")
    );
    assert!(opened.written.is_empty());
    // With the option it is read, as far as it goes.
    let secret = secret();
    let formats = with_additive();
    assert!(Open::new(&secret).among(&formats).start(file).is_ok());
}

const UNKNOWN: &str = "the length of the input is not known";
const OTHER: &str = "the length of the input is not what the header declares";
const NOT_AUTHENTIC: &str = "the file's length is not authenticated";

#[test]
fn a_whole_file_of_known_length_opens() {
    for len in [1, C - 1, C, C + 1, 5 * C, 5 * C + 7] {
        let text = pattern(len);
        let file = by_hand::write(
            &KEY,
            Nonces::Summed,
            Data::SizeField,
            BASE,
            len as u64,
            text.chunks(C),
        );
        let opened = open(&file, Some(file.len() as u64));
        assert!(opened.result.is_ok(), "{len}: {:?}", opened.result);
        assert_same(&opened.written, &text);
        assert!(opened.warnings.is_empty());
        let secret = secret();
        let limits = Limits {
            input_len: Some(file.len() as u64),
            ..Limits::default()
        };
        let opening = Open::new(&secret).limits(limits).start(&file[..]).unwrap();
        assert!(opening.only_whole());
        // Behind a header that is kept apart, the length is that of the chunks.
        let limits = Limits {
            input_len: Some((file.len() - HEADER) as u64),
            ..Limits::default()
        };
        let open = Open::new(&secret).detached_header(Some(&file[..HEADER]));
        assert!(open.limits(limits).start(&file[HEADER..]).is_ok());
        refused(&file, None, UNKNOWN);
    }
}

/// With the header, the file would have 2^64 + 6 bytes.
#[test]
fn a_length_that_no_file_has() {
    let size = (1 << 63) - 10;
    let text = pattern(20);
    let chunks = text.chunks(20);
    let file = by_hand::write(&KEY, Nonces::Summed, Data::SizeField, BASE, size, chunks);
    refused(&file, Some(file.len() as u64), OTHER);
    refused(&file, Some(6), OTHER);
}

/// What a forger makes of any file that fetool has sealed.
#[test]
fn a_file_without_its_first_chunks_is_refused_before_anything_comes_out() {
    let text = pattern(5 * C + 7);
    let file = seal_known(&text, C as u64);
    for dropped in 1..=5 {
        let first = frames(&file)[dropped].start;
        let mut beheaded = [&file[..HEADER], &file[first..]].concat();
        beheaded[12..16].copy_from_slice(&(dropped as u32).to_be_bytes());
        refused(&beheaded, None, UNKNOWN);
        refused(&beheaded, Some(beheaded.len() as u64), OTHER);
        // Filled up to the length that it had, a bad chunk follows the good ones.
        let mut filled = beheaded.clone();
        filled.extend(
            by_hand::frames(&file)[..dropped]
                .iter()
                .flat_map(|frame| &file[frame.clone()]),
        );
        let secret = secret();
        let limits = Limits {
            input_len: Some(file.len() as u64),
            ..Limits::default()
        };
        let start = || Open::new(&secret).limits(limits);
        match start().start(&filled[..]) {
            // Then all of it must be authenticated first.
            Ok(opening) => assert!(opening.only_whole(), "{dropped}"),
            Err(error) => assert!(matches!(error, Error::Refused { .. }), "{dropped}: {error}"),
        }
        assert!(start().check(&filled[..]).is_err(), "{dropped}");
    }
}

#[test]
fn without_an_authenticated_length_it_is_for_those_who_ask() {
    let text = pattern(3 * C);
    let write = |data, size| by_hand::write(&KEY, Nonces::Summed, data, BASE, size, text.chunks(C));
    for (data, size) in [
        (Data::Nothing, text.len() as u64),
        (Data::Nothing, 0),
        (Data::SizeField, 0),
    ] {
        let file = write(data, size);
        for len in [None, Some(file.len() as u64)] {
            refused(&file, len, NOT_AUTHENTIC);
        }
    }
}
