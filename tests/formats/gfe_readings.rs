//! The four ways to read a GFE file, with files made by hand; and what fetool seals, read by hand.

use crate::common::by_hand::{self, Data, EXTRA, Found, HEADER, Nonces, STREAM};
use crate::common::{
    KEY, assert_same, open, open_strict, pattern, seal_known, seal_stream, seal_with, with_additive,
};
use fetool::{Inspect, Open, status};

/// Base nonces for whose last four bytes the two nonce rules differ, or carry over.
fn bases() -> Vec<[u8; 12]> {
    let mut bases = vec![
        // Both rules agree here: as the tests below show, the first one tried is kept.
        [0; 12],
        *b"\x01\x02\x03\x04\x05\x06\x07\x08\x00\x00\x00\x00",
        *b"\x01\x02\x03\x04\x05\x06\x07\x08\x00\x00\x00\x01",
        *b"\x01\x02\x03\x04\x05\x06\x07\x08\x80\x00\x00\x00",
        // The sum carries into the third last byte, and out of the counter part.
        *b"\x01\x02\x03\x04\x05\x06\x07\x08\x00\x00\xff\xff",
        *b"\x01\x02\x03\x04\x05\x06\x07\x08\xff\xff\xff\xff",
        *b"\x01\x02\x03\x04\x05\x06\x07\x08\xff\xff\xff\xfe",
        *b"\x01\x02\x03\x04\x05\x06\xff\xff\xff\xff\xff\xfd",
    ];
    bases.extend([[0xff; 12], [0x5a; 12]]);
    // Modulo 2^96.
    bases.push(*b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe");
    bases
}

const RULES: [(Nonces, Data); 4] = [
    (Nonces::Replaced, Data::SizeField),
    (Nonces::Summed, Data::SizeField),
    (Nonces::Replaced, Data::Nothing),
    (Nonces::Summed, Data::Nothing),
];

/// Size fields, and the chunks that go with them.
fn shapes(plaintext: &[u8]) -> Vec<(u64, Vec<&[u8]>)> {
    let sizes = |sizes: &[usize]| -> Vec<&[u8]> {
        let mut rest = plaintext;
        let mut chunks = Vec::new();
        for &size in sizes {
            let (chunk, behind) = rest.split_at(size);
            chunks.push(chunk);
            rest = behind;
        }
        chunks
    };
    vec![
        (1, sizes(&[1])),
        (64, sizes(&[64])),
        (80, sizes(&[20, 20, 20, 20])),
        // The real program writes a chunk for each short read of a pipe.
        (100, sizes(&[1, 40, 17, 2, 16, 24])),
        (0, sizes(&[])),
        (0, sizes(&[16, 16, 16, 16])),
        (0, sizes(&[5, 30, 1, 1, 20])),
        (STREAM + 16, sizes(&[])), // see the tests: one empty chunk
        (STREAM + 16, sizes(&[16, 16, 16, 15])),
        (STREAM + 16, sizes(&[16, 16, 16, 16])),
        (STREAM + 1, sizes(&[1, 1, 1])),
        (STREAM + 10_485_760, sizes(&[120])),
    ]
}

#[test]
fn all_four_readings_open() {
    let plaintext = pattern(200);
    let (mut opened_files, mut refused_files) = (0, 0);
    for base in bases() {
        for (rule, data) in RULES {
            for (field, mut chunks) in shapes(&plaintext) {
                let expected = chunks.concat();
                // A stream of full chunks ends with an empty one.
                if let Some(size) = field.checked_sub(STREAM)
                    && chunks.last().is_none_or(|last| last.len() as u64 == size)
                {
                    chunks.push(&[]);
                }
                let file = by_hand::write(&KEY, rule, data, base, field, chunks.iter().copied());
                let name = format!("{rule:?}, {data:?}, {base:02x?}, {field:#x}");

                let opened = open(&file);
                // Streams that end themselves are fetool's own, and written in one way.
                let replaced = rule == Nonces::Replaced || base[8..] == [0; 4];
                if field >= STREAM && !(replaced && data == Data::SizeField) {
                    let error = opened.error();
                    assert!(
                        matches!(error, fetool::Error::Authentication { chunk: 0, .. }),
                        "{name}: {error}"
                    );
                    assert!(opened.written.is_empty(), "{name}");
                    refused_files += 1;
                    continue;
                }
                let done = opened.result.unwrap_or_else(|e| panic!("{name}: {e}"));
                assert_same(&opened.written, &expected);
                assert_eq!(done.chunks, chunks.len() as u64, "{name}");

                // What is not authenticated is warned of, and strictness refuses it.
                let trusted = field != 0 && data == Data::SizeField;
                let strict = open_strict(&file);
                if trusted {
                    assert!(opened.warnings.is_empty(), "{name}: {:?}", opened.warnings);
                    assert!(strict.result.is_ok(), "{name}");
                    assert_same(&strict.written, &expected);
                } else {
                    assert_eq!(opened.warnings.len(), 1, "{name}: {:?}", opened.warnings);
                    let subject = if chunks.is_empty() {
                        "nothing in this file is authenticated"
                    } else {
                        "the length is not authenticated: "
                    };
                    assert!(opened.warnings[0].starts_with(subject), "{name}");
                    // Where both nonce rules agree, the first one is kept.
                    let beginning = opened.warnings[0].contains("missing at the beginning");
                    assert_eq!(beginning, !replaced && !chunks.is_empty(), "{name}");
                    let refused = strict.error();
                    if chunks.is_empty() {
                        assert_eq!(refused.status(), status::KEY, "{name}");
                        assert_eq!(refused.to_string(), opened.warnings[0]);
                    } else {
                        assert_eq!(refused.status(), status::FORMAT, "{name}");
                        assert_eq!(
                            refused.to_string(),
                            format!("{}, refused in strict mode", opened.warnings[0])
                        );
                    }
                    assert!(strict.written.is_empty(), "{name}");
                }
                opened_files += 1;
            }
        }
    }
    // Of 5 streams for each base, one reading in four, and two where both nonce rules agree.
    assert_eq!(refused_files, 5 * (11 * 3 - 2));
    assert_eq!(opened_files, 11 * 4 * 12 - refused_files);
}

#[test]
fn the_reading_is_told_and_the_first_that_fits_is_kept() {
    let secret = crate::common::secret();
    let reading = |rule, data, base| {
        let file = by_hand::write(&KEY, rule, data, base, 3, [&b"abc"[..]]);
        let formats = with_additive();
        let opening = Open::new(&secret).among(&formats).start(&file[..]);
        let opening = opening.unwrap();
        opening.reading().to_owned()
    };
    let base = *b"12345678\xff\xff\xff\xff";
    let told = RULES.map(|(rule, data)| reading(rule, data, base));
    for (text, (rule, data)) in told.iter().zip(RULES) {
        let (nonce, associated) = text.split_once(", ").expect("two parts");
        assert_eq!(nonce.contains("suffix"), rule == Nonces::Replaced);
        assert_eq!(nonce.contains("additive"), rule == Nonces::Summed);
        assert_eq!(associated.contains("no "), data == Data::Nothing);
    }
    // Where the base ends in zeros both rules are one, and the program's is named.
    for (rule, data) in RULES {
        let which = if data == Data::SizeField { 0 } else { 2 };
        assert_eq!(reading(rule, data, *b"12345678\0\0\0\0"), told[which]);
    }
}

#[test]
fn a_reading_is_kept_for_the_whole_file() {
    // The second chunk follows another rule than the first: such a file nobody writes.
    let base = *b"12345678\x00\x00\x00\x05";
    for (first, second) in [
        (Nonces::Replaced, Nonces::Summed),
        (Nonces::Summed, Nonces::Replaced),
    ] {
        let field = 6u64.to_be_bytes();
        let mut file = by_hand::header(base, 6);
        file.extend(by_hand::frame(&KEY, first, base, 0, &field, b"abc"));
        file.extend(by_hand::frame(&KEY, second, base, 1, &field, b"def"));
        let opened = open(&file);
        assert_eq!(opened.error().status(), status::KEY);
        assert_eq!(opened.written, b"abc");
    }
    let mut file = by_hand::header(base, 6);
    for (chunk, data, text) in [(0, &6u64.to_be_bytes()[..], b"abc"), (1, &[], b"def")] {
        file.extend(by_hand::frame(
            &KEY,
            Nonces::Replaced,
            base,
            chunk,
            data,
            text,
        ));
    }
    let opened = open(&file);
    assert_eq!(opened.error().status(), status::KEY);
    assert_eq!(opened.written, b"abc");
}

#[test]
fn a_size_that_is_not_associated_data_still_counts() {
    // Anybody can change such a size field, and the reader can only compare it with the chunks.
    let chunks = [&b"abc"[..], b"def"];
    let file = |size| {
        by_hand::write(
            &KEY,
            Nonces::Replaced,
            Data::Nothing,
            [3; 12],
            size,
            chunks.iter().copied(),
        )
    };
    assert_eq!(open(&file(6)).written, b"abcdef");
    assert_eq!(open(&file(7)).error().status(), status::TRUNCATED);
    assert_eq!(open(&file(5)).error().status(), status::FORMAT);
    assert_eq!(open(&file(3)).error().status(), status::FORMAT);
}

fn read_back(sealed: &[u8]) -> Found {
    let found = by_hand::read(&KEY, sealed);
    assert_eq!(found.base[..8], [7; 8], "the random part");
    assert_eq!(found.base[8..], [0; 4], "both nonce rules must agree");
    assert_eq!(
        sealed.len(),
        HEADER + found.plaintext.len() + EXTRA * found.chunks.len()
    );
    // Length prefixes tell where the frames are.
    let lens: Vec<usize> = by_hand::frames(sealed)
        .iter()
        .map(|frame| frame.len() - EXTRA)
        .collect();
    assert_eq!(lens, found.chunks);
    found
}

#[test]
fn what_is_sealed_can_be_read_by_hand() {
    let text = pattern(40_000);
    for chunk in [1usize, 2, 16, 1000, 4096] {
        for len in [
            0,
            1,
            chunk - 1,
            chunk,
            chunk + 1,
            2 * chunk,
            3 * chunk,
            3 * chunk + 1,
            5 * chunk - 1,
        ] {
            let plaintext = &text[..len];
            let mut pieces: Vec<usize> = plaintext.chunks(chunk).map(<[u8]>::len).collect();

            if len > 0 {
                let found = read_back(&seal_known(plaintext, chunk as u64));
                assert_eq!(found.size_field, len as u64);
                assert_eq!(found.chunks, pieces, "{len} in {chunk}");
                assert_same(&found.plaintext, plaintext);
            }

            if pieces.last().is_none_or(|&last| last == chunk) {
                pieces.push(0);
            }
            let stream = seal_stream(plaintext, chunk as u64);
            let found = read_back(&stream);
            assert_eq!(found.size_field, STREAM + chunk as u64);
            assert_eq!(found.chunks, pieces, "{len} in {chunk}, stream");
            assert_same(&found.plaintext, plaintext);

            if len == 0 {
                // So that an empty file is authenticated too, it is a stream always.
                assert_eq!(seal_known(plaintext, chunk as u64), stream);
            }
        }
    }
}

#[test]
fn the_default_chunk_is_one_mebibyte() {
    let plaintext = pattern((1 << 20) + 1);
    let secret = crate::common::secret();
    let mut sealed = Vec::new();
    fetool::Seal::new(&secret)
        .run(&plaintext[..], &mut sealed)
        .unwrap();
    let found = by_hand::read(&KEY, &sealed);
    assert_eq!(found.size_field, STREAM + (1 << 20));
    assert_eq!(found.chunks, [1 << 20, 1]);
    assert_same(&found.plaintext, &plaintext);
}

#[test]
fn nonces_are_random() {
    let secret = crate::common::secret();
    let base = || {
        let mut sealed = Vec::new();
        fetool::Seal::new(&secret)
            .run(&b"x"[..], &mut sealed)
            .unwrap();
        by_hand::read(&KEY, &sealed).base
    };
    let (one, other) = (base(), base());
    assert_ne!(one, other);
    assert_eq!((&one[8..], &other[8..]), (&[0; 4][..], &[0; 4][..]));
}

#[test]
fn the_header_byte_by_byte() {
    let (_, known) = seal_with(&b"four"[..], Some(4), 3, 1).unwrap();
    assert_eq!(
        known[..28],
        crate::common::hex(concat!(
            "474645", // "GFE"
            "01",
            "0707070707070707",
            "00000000",
            "0000000000000004",
            "00000013", // 3 + 16
        ))
    );
    let (_, stream) = seal_with(&b"four"[..], None, 3, 1).unwrap();
    assert_eq!(stream[16..24], crate::common::hex("8000000000000003"));
}

#[test]
fn inspect_names_the_three_shapes() {
    let text = pattern(33);
    let files = [
        (seal_known(&text, 16), "declared-size", Some(33), Some(16)),
        (
            by_hand::unknown_size(&KEY, &text, 16),
            "none",
            None,
            Some(16),
        ),
        (seal_stream(&text, 16), "short-chunk", None, Some(16)),
    ];
    for (file, end, declared, chunk) in files {
        let report = Inspect::new().run(&file[..]).unwrap();
        assert_eq!(report.fault, None);
        assert_eq!(report.description.end, end);
        assert_eq!(report.description.declared_size, declared);
        assert_eq!(report.description.warnings.is_empty(), end != "none");
        assert_eq!((report.chunk_size, report.chunks), (chunk, 3));
        assert_eq!(report.plaintext_len, 33);
    }
}
