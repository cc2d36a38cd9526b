//! GFE: length fields, keys that only a chunk shows, and headers from a copy.

use super::{Case, Damaged, additive, check};
use crate::common::by_hand::{Data, Nonces, write};
use crate::common::{KEY, Numbers, pattern, seal_known, seal_stream, secret};
use fetool::{Fill, Open, Salvage, Secret, status};

fn known(len: usize) -> Case {
    let text = pattern(len);
    Case::gfe("GFE", seal_known(&text, 100), &text)
}

/// A wrong length field is damage, and the chunk is there all the same.
#[test]
fn a_wrong_length_field_loses_nothing() {
    for stream in [false, true] {
        let text = pattern(1050);
        let sealed = match stream {
            false => seal_known(&text, 100),
            true => seal_stream(&text, 100),
        };
        let case = Case::gfe("GFE", sealed, &text);
        for (number, frame) in case.frames().into_iter().enumerate() {
            for bit in 0..32 {
                let file = Damaged::new(&case.sealed).flip(frame.start + bit / 8, bit);
                let got = check(&case, &file, &format!("chunk {number}, bit {bit}")).unwrap();
                assert!(got.written == text, "chunk {number}, bit {bit}");
                let [span] = &got.damage[..] else {
                    panic!("{:?}", got.damage);
                };
                let start = frame.start as u64;
                assert_eq!(span.file, start..start + 4);
                assert_eq!(span.plaintext.start, span.plaintext.end);
                let expected = [status::FORMAT, status::TRUNCATED];
                assert!(expected.contains(&span.error.status()), "{}", span.error);
            }
        }
    }
}

#[test]
fn the_report_says_where() {
    let case = known(1050);
    let frames = case.frames();
    let file = Damaged::new(&case.sealed)
        .remove(frames[7].start..frames[7].start + 10)
        .flip(frames[3].start + 50, 1)
        .flip(frames[2].start + 50, 1);
    let got = check(&case, &file, "two places").unwrap();
    let told: Vec<_> = got
        .damage
        .iter()
        .map(|span| {
            let error = span.error.to_string();
            (
                span.file.clone(),
                span.plaintext.clone(),
                span.chunks.clone(),
                error,
            )
        })
        .collect();
    let changed = "authentication failed in chunk 2 (at offset 264): the file was tampered with";
    assert_eq!(told[0], (264..504, 200..400, 2..4, changed.to_owned()));
    let (file, plaintext, chunks, error) = &told[1];
    assert_eq!(
        (file, plaintext, chunks),
        (&(864..974), &(700..800), &(7..8))
    );
    assert!(error.starts_with("invalid chunk size "), "{error}");
    assert_eq!(told.len(), 2);
    assert_eq!((got.salvaged.chunks, got.salvaged.lost), (8, 300));
    assert_eq!(got.salvaged.status, status::KEY);
}

/// A length that the header declares tells how much is missing in between, however much that is.
#[test]
fn a_large_part_missing() {
    let text = pattern(60_000);
    let case = Case::gfe("GFE", seal_known(&text, 100), &text);
    for range in [1000..45_000, 24..70_000, 5000..71_000] {
        let file = Damaged::new(&case.sealed).remove(range.clone());
        check(&case, &file, &format!("{range:?} lost"));
    }
    let case = Case::gfe("GFE stream", seal_stream(&text, 100), &text);
    let file = Damaged::new(&case.sealed).remove(1000..45_000);
    check(&case, &file, "lost in a stream");
    let mut numbers = Numbers::new(9);
    let file = Damaged::new(&case.sealed).insert(5000, 40_000, &mut numbers);
    check(&case, &file, "inserted in a stream");
}

#[test]
fn a_wrong_key_is_said_so() {
    let case = known(1050);
    let wrong = Secret::key([1; 32]);
    let mut written = Vec::new();
    let salvage = Salvage::new(Open::new(&wrong)).run(&case.sealed[..], &mut written, |_| ());
    let error = salvage.unwrap_err();
    assert_eq!(
        error.to_string(),
        "authentication failed: wrong key, or the file was tampered with"
    );
    assert_eq!(error.status(), status::KEY);
    assert!(written.is_empty());
    // One of several is enough, also where the first chunk is damaged.
    let right = secret();
    let mut file = case.sealed.clone();
    file[60] ^= 1;
    let open = Open::new(&wrong).add_identity(&right);
    let salvaged = Salvage::new(open).run(&file[..], &mut written, |_| ());
    assert_eq!(salvaged.unwrap().lost, 100);
}

#[test]
fn a_header_from_a_copy() {
    let case = known(1050);
    let header = &case.sealed[..24];
    let salvage = |file: &[u8]| {
        let (mut written, mut damage) = (Vec::new(), Vec::new());
        let open = case.open().detached_header(Some(header));
        Salvage::new(open)
            .run(file, &mut written, |span| {
                damage.push(span.error.to_string())
            })
            .map(|salvaged| (salvaged, written, damage))
    };
    let says = "the file's own header is not the one that was given (at offset 0)".to_owned();
    let mut file = case.sealed.clone();
    for at in [0, 5, 17] {
        file[at] ^= 0x41;
        let (salvaged, written, damage) = salvage(&file).unwrap();
        assert!(written == case.text);
        assert_eq!(
            (damage, salvaged.status),
            (vec![says.clone()], status::FORMAT)
        );
    }
    file[100] ^= 1;
    let (salvaged, written, _) = salvage(&file).unwrap();
    assert!(written[100..] == case.text[100..]);
    assert_eq!(salvaged.lost, 100);
    // And without any header in the file.
    let (salvaged, written, damage) = salvage(&case.sealed[24..]).unwrap();
    assert!(written == case.text && damage.is_empty());
    assert_eq!(salvaged.status, 0);
}

/// Only who trusts a file takes a nonce to which numbers are added.
#[test]
fn an_additive_nonce_is_refused() {
    let text = pattern(650);
    let case = Case::gfe("GFE, additive", additive(&text), &text);
    let error = case.salvage(&case.sealed, Fill::Zeros).unwrap_err();
    assert_eq!(
        error.to_string(),
        "additive nonce: only the whole file shows that no chunks are missing at the beginning, and this \
         one may be damaged"
    );
    assert_eq!(error.status(), status::FORMAT);
}

/// Under the other nonce rule, chunk 1 of this file would be chunk 4: only the first chunk shows which rule it is.
#[test]
fn a_small_counter_part_needs_the_first_chunk() {
    let text = pattern(650);
    for (rule, good) in [(Nonces::Replaced, true), (Nonces::Summed, false)] {
        let mut base = [7; 12];
        base[8..].copy_from_slice(&[0, 0, 0, 3]);
        let size = text.len() as u64;
        let sealed = write(&KEY, rule, Data::SizeField, base, size, text.chunks(100));
        let case = Case::gfe("GFE", sealed, &text);
        let frames = case.frames();
        let file = Damaged::new(&case.sealed).flip(frames[2].start + 50, 1);
        match case.salvage(&file.bytes, Fill::Zeros) {
            Ok(got) => assert!(good && got.salvaged.lost == 100),
            Err(error) => assert!(!good && error.status() == status::FORMAT, "{error}"),
        }
        let file = Damaged::new(&case.sealed).flip(frames[0].start + 50, 1);
        let error = case.salvage(&file.bytes, Fill::Zeros).unwrap_err();
        assert!(
            [status::KEY, status::FORMAT].contains(&error.status()),
            "{error}"
        );
    }
}

#[test]
fn nothing_left_is_an_error() {
    let case = known(100);
    let file = Damaged::new(&case.sealed).flip(60, 1);
    let error = case.salvage(&file.bytes, Fill::Zeros).unwrap_err();
    assert_eq!(error.status(), status::KEY);
    let error = case.salvage(&case.sealed[..24], Fill::Zeros).unwrap_err();
    assert_eq!(
        error.to_string(),
        "unexpected EOF: 100 of 100 plaintext bytes are missing (at offset 24)"
    );
    let error = case.salvage(&case.sealed[..20], Fill::Zeros).unwrap_err();
    assert_eq!(error.status(), status::TRUNCATED);
}
