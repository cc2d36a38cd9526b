//! The errors in their words.

use super::{samples, with};
use crate::common::by_hand::frames;
use crate::common::{open, secret, with_additive};
use fetool::{Inspect, status};

/// The messages are part of what scripts and people rely on.
#[test]
fn the_main_errors_in_their_words() {
    let sample = &samples()[0];
    let file = &sample.file;
    let message = |changed: &[u8]| open(changed).error().to_string();
    let frames = frames(file);
    let at = frames[2].start;

    assert_eq!(
        message(&with(file, at..at + 4, &[0, 0, 0, 3])),
        format!("invalid chunk size 3: shorter than its tag (at offset {at})")
    );
    assert_eq!(
        message(&with(file, at..at + 4, &[1, 0, 0, 0])),
        format!("invalid chunk size 16777216: more than 10 MiB and a tag (at offset {at})")
    );
    assert_eq!(
        message(&with(file, 30..31, &[!file[30]])),
        "authentication failed: wrong key, or the file was tampered with"
    );
    assert_eq!(
        message(&with(file, at + 5..at + 6, &[!file[at + 5]])),
        format!("authentication failed in chunk 2 (at offset {at}): the file was tampered with")
    );
    assert_eq!(
        message(&file[..at]),
        format!("unexpected EOF: 24 of 56 plaintext bytes are missing (at offset {at})")
    );
    assert_eq!(
        message(&file[..at + 2]),
        format!(
            "unexpected EOF: the input ends inside a chunk's length field (at offset {})",
            at + 2
        )
    );
    assert_eq!(
        message(&file[..at + 9]),
        format!(
            "unexpected EOF: the input ends inside a chunk (at offset {})",
            at + 9
        )
    );
    assert_eq!(
        message(&file[..20]),
        "unexpected EOF: the input ends inside the header (at offset 20)"
    );
    assert_eq!(
        message(b""),
        "unexpected EOF: the input is empty (at offset 0)"
    );
    assert_eq!(
        message(b"GF"),
        "unexpected EOF: the input ends inside the magic number of GFE (go-fileencrypt) (at offset 2)"
    );
    assert_eq!(
        message(b"PK\x03\x04 and so on"),
        "not a sealed file of a known format"
    );
    assert_eq!(
        message(b"GFE\x02"),
        "unsupported version 2 of GFE: only version 1 is known"
    );
    let end = file.len();
    assert_eq!(
        message(&with(file, end..end, b"\n")),
        format!("data after the last chunk (at offset {end})")
    );
    let stream = &samples()[2].file;
    assert_eq!(
        message(&stream[..at]),
        format!("unexpected EOF: the stream's last chunk is missing (at offset {at})")
    );
}

#[test]
fn a_verifying_inspection_names_the_fault() {
    let key = secret();
    for sample in samples() {
        let mut report = Inspect::new().run(&sample.file[..]).unwrap();
        let reading = report
            .checked(
                fetool::Open::new(&key)
                    .among(&with_additive())
                    .check(&sample.file[..]),
            )
            .unwrap();
        assert!(reading.is_some(), "{}", sample.name);
        assert_eq!(report.fault, None);
        assert_eq!(
            report.description.warnings.len(),
            usize::from(sample.unknown)
        );

        let mut changed = sample.file.clone();
        let last = changed.len() - 1;
        changed[last] ^= 1;
        let mut report = Inspect::new().run(&changed[..]).unwrap();
        assert_eq!(report.fault, None);
        let reading = report
            .checked(
                fetool::Open::new(&key)
                    .among(&with_additive())
                    .check(&changed[..]),
            )
            .unwrap();
        assert_eq!(reading, None);
        let fault = report.fault.expect("a fault");
        assert_eq!(fault.status, status::KEY);
        let frames = frames(&sample.file);
        assert_eq!(fault.offset, Some(frames[frames.len() - 1].start as u64));
    }
}
