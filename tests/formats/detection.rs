//! Telling formats apart that have no magic number, and those that have one by chance.

use crate::common::{FAST, Ragged, open_as, open_of, pattern};
use crate::weak_common::by_hand::{gocrypt, parallel_encryptor};
use crate::weak_common::{SECRET, open_chunks, ruled_out, secret};
use fetool::format::{FORMATS, Limits, by_name};
use fetool::{CancelToken, Error, Inspect, Open, PeekReader, Secret, status};
use std::io::{self, Cursor, Read};

/// The format that is found out, and how much of the plaintext there is.
#[track_caller]
fn detected(sealed: &[u8], text: &[u8]) -> &'static str {
    let key = secret();
    let opening = Open::new(&key).start(sealed).expect("its format is found");
    let format = opening.format();
    let mut opened = Vec::new();
    opening.run(&mut opened).expect("opens");
    assert!(opened == text, "{} bytes of {}", opened.len(), text.len());
    // Nothing is taken of what is only looked at.
    let mut input = PeekReader::new(sealed);
    let found = Open::new(&key).detect(&mut input).expect("the same");
    assert_eq!(found.name(), format);
    let mut rest = Vec::new();
    input.read_to_end(&mut rest).expect("all of it");
    assert!(rest == sealed);
    format
}

/// A file of each format without a magic number, with a first byte that GoCrypt could have.
fn samples(text: &[u8]) -> [(&'static str, Vec<u8>); 3] {
    let layers = gocrypt::layers(3);
    [
        ("gocrypt", gocrypt::write(SECRET, &layers, text)),
        ("gocrypt-v1", gocrypt::write_v1(SECRET, &layers[2], text)),
        (
            "parallel-encryptor",
            parallel_encryptor::write(SECRET, [3; 8], 1000, text),
        ),
    ]
}

#[test]
fn every_format_without_a_magic_number_is_found_by_what_the_secret_opens() {
    let all = pattern(70_000);
    for len in [1, 2, 17, 60, 500, 1000, 32_768, 70_000] {
        for (name, sealed) in samples(&all[..len]) {
            assert_eq!(detected(&sealed, &all[..len]), name, "{len} bytes");
        }
    }
}

#[test]
fn it_is_found_in_an_input_of_short_reads() {
    let text = pattern(40_000);
    for (name, sealed) in samples(&text) {
        for most in [1, 10, 500] {
            let sealed = &sealed[..];
            let opened = open_as(&secret(), Ragged::new(sealed, 5, most), 2, false);
            assert!(opened.result.is_ok(), "{name}, {most}: {:?}", opened.result);
            assert!(opened.written == text, "{name}");
        }
    }
}

#[test]
fn a_magic_number_decides_whatever_the_secret_is() {
    let file = crate::common::seal_known(&pattern(5000), 1000);
    let wrong = Secret::key([1; 32]);
    let refused = open_as(&wrong, &file[..], 2, false);
    assert_eq!(refused.error().status(), status::KEY);
    let found = Open::new(&wrong).detect(&mut PeekReader::new(&file[..]));
    assert_eq!(found.expect("its magic number").name(), "gfe");
    assert_eq!(Inspect::new().run(&file[..]).expect("GFE").format, "gfe");
}

/// A file that begins with a nonce may begin with anything; where it begins with another format's
/// magic number, it must be said what it is.
#[test]
fn a_magic_number_by_chance_decides_too_and_the_format_can_be_given() {
    let text = pattern(3000);
    for nonce in [
        *b"GFE\x01\0\0\0\0",
        *b"GFE\x02\0\0\0\0",
        [0xde, 1, 0x0e, 0, 0, 0, 0, 0],
        [0xde, 5, 0x0e, 0xff, 0, 0, 0, 0],
    ] {
        let file = parallel_encryptor::write(SECRET, nonce, 1000, &text);
        let refused = open_as(&secret(), &file[..], 2, false);
        assert_ne!(refused.error().status(), status::KEY, "{nonce:?}");
        assert!(refused.written.is_empty());
        let opened = open_chunks(&file[..], 2);
        assert!(opened.result.is_ok(), "{nonce:?}: {:?}", opened.result);
        assert!(opened.written == text, "{nonce:?}");
    }
}

#[test]
fn less_than_a_magic_number_decides_nothing() {
    let text = pattern(3000);
    for nonce in [
        *b"GF\0\x01\0\0\0\0",
        [0xde, 5, 1, 2, 3, 4, 5, 6],
        [0xde, 0, 0x0e, 0, 0, 0, 0, 0],
        [0xde, 6, 0x0e, 1, 0, 0, 0, 0],
    ] {
        let file = parallel_encryptor::write(SECRET, nonce, 1000, &text);
        assert_eq!(detected(&file, &text), "parallel-encryptor", "{nonce:?}");
    }
}

#[test]
fn a_format_that_is_given_is_not_doubted() {
    let text = pattern(1000);
    for (name, sealed) in samples(&text) {
        for other in FORMATS.iter().filter(|format| format.name() != name) {
            let opened = open_of(Some(*other), &secret(), &sealed[..], 2, false);
            let error = opened.error();
            assert!(opened.written.is_empty());
            let expected = [status::KEY, status::FORMAT, status::TRUNCATED];
            let said = (error.status(), other.name());
            assert!(
                expected.contains(&error.status()) || said == (status::SYSTEM, "gfe"),
                "{name} as {}: {error}",
                other.name()
            );
        }
    }
}

/// Opens without being told the format, but how long the input is, where that is known.
fn open_sized(sealed: &[u8], body: Option<u64>) -> Result<Vec<u8>, Error> {
    let key = secret();
    let limits = Limits {
        input_len: body,
        ..Limits::default()
    };
    let mut opened = Vec::new();
    Open::new(&key).limits(limits).run(sealed, &mut opened)?;
    Ok(opened)
}

#[test]
fn announced_chunk_sizes_do_not_hide_the_format() {
    let text = pattern(5000);
    for chunk in [5000, 1 << 20, 20 << 20, 63 << 20, 65 << 20, u32::MAX] {
        for len in [100, 5000] {
            let text = &text[..len];
            let file = parallel_encryptor::write(SECRET, [3; 8], chunk, text);
            let known = Some(file.len() as u64);
            assert!(open_sized(&file, known).unwrap() == text, "{chunk}");
            // Where nobody knows how much would have to be held in memory, the first 512 bytes
            // may tell; and what has 64 MiB is not waited for.
            let unknown = open_sized(&file, None);
            if len < 400 || chunk < 64 << 20 {
                assert!(unknown.unwrap() == text, "{chunk}");
            } else {
                let why = ruled_out(&unknown.unwrap_err(), "parallel-encryptor");
                assert!(why.contains("67108864 bytes of memory"), "{why}");
            }
        }
    }
}

#[test]
fn a_long_first_chunk_is_held_to_find_out_the_format() {
    let (chunk, len) = if FAST { (17, 18) } else { (2, 3) };
    let text = pattern(len << 20);
    let file = parallel_encryptor::write(SECRET, [3; 8], chunk << 20, &text);
    assert_eq!(detected(&file, &text), "parallel-encryptor");
}

/// Trees have many of them, each with a salt of its own.
#[test]
fn no_key_is_derived_for_a_short_file_that_takes_none() {
    let text = pattern(5000);
    let file = parallel_encryptor::write(SECRET, [3; 8], 1 << 20, &text);
    let derived = |len: Option<u64>| {
        let key = secret().for_many_files_within(u64::MAX);
        let limits = Limits {
            input_len: len,
            ..Limits::default()
        };
        let opened = Open::new(&key).limits(limits).start(&file[..]);
        assert_eq!(opened.expect("opens").format(), "parallel-encryptor");
        key.derivations()
    };
    assert_eq!(derived(Some(file.len() as u64)), 0);
    assert!(derived(None) > 0, "it may come slowly");
}

#[test]
fn what_was_tried_is_told_and_why_it_was_ruled_out() {
    let wrong = Secret::passphrase(&b"wrong"[..]);
    for (_, sealed) in samples(&pattern(1000)) {
        let refused = open_as(&wrong, &sealed[..], 2, false);
        let error = refused.error();
        assert_eq!(error.status(), status::FORMAT);
        assert_eq!(
            error.to_string(),
            "not a sealed file of a known format, or the wrong secret"
        );
        for name in ["gfe", "dexios"] {
            let why = ruled_out(error, name);
            assert_eq!(why, "it does not begin with the magic number");
        }
        for name in ["gocrypt-v1", "parallel-encryptor"] {
            let why = ruled_out(error, name);
            let expected = "the first chunk does not authenticate with this secret";
            assert_eq!(why, expected, "{name}");
        }
    }
}

/// A first byte that is no number of layers, a chunk size of nothing, and a length that fits none.
#[test]
fn what_cannot_be_of_a_format_is_not_tried() {
    let mut none = vec![9; 300];
    none[0] = 201;
    none[8..12].fill(0);
    let error = open_as(&secret(), &none[..], 1, false);
    let why = ruled_out(error.error(), "gocrypt");
    assert!(why.contains("201"), "{why}");
    let why = ruled_out(error.error(), "parallel-encryptor");
    assert!(why.contains("chunk size of 0"), "{why}");
    for len in [1, 11, 12 + 1, 12 + 16] {
        let error = open_as(&secret(), &vec![1; len][..], 1, false);
        assert_eq!(error.error().status(), status::FORMAT, "{len} bytes");
        let Error::UnknownFormat(unknown) = error.error() else {
            panic!("{}", error.error());
        };
        assert_eq!(unknown.ruled_out.len(), FORMATS.len(), "{len} bytes");
        assert!(!unknown.wrong_secret, "{len} bytes");
    }
}

#[test]
fn an_empty_input_is_truncated_and_of_no_format() {
    let refused = open_as(&secret(), &b""[..], 1, false);
    assert_eq!(
        refused.error().to_string(),
        "unexpected EOF: the input is empty (at offset 0)"
    );
}

#[test]
fn an_input_that_fails_while_the_format_is_found_out_is_a_read_error() {
    let (_, sealed) = samples(&pattern(40_000)).into_iter().next().expect("one");
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    for len in [0, 1, 100, 512, 20_000] {
        let input = Cursor::new(&sealed[..len]).chain(Failing);
        let refused = open_as(&secret(), input, 1, false);
        assert!(
            matches!(refused.error(), Error::Read(_)),
            "{len}: {}",
            refused.error()
        );
    }
}

#[test]
fn the_switch_ends_finding_out_the_format() {
    let stop = CancelToken::new();
    stop.stop();
    let (_, sealed) = samples(&pattern(1000)).into_iter().next().expect("one");
    let key = secret();
    let opened = Open::new(&key).stop(&stop).run(&sealed[..], io::sink());
    assert!(matches!(opened.unwrap_err(), Error::Stopped));
}

// ---- without a secret ----

/// The possible formats, and whether that is likely.
#[track_caller]
fn possible(file: &[u8]) -> Vec<(&'static str, bool)> {
    let seekable = Inspect::new().run_seekable(Cursor::new(file));
    let stream = Inspect::new().run(file);
    let [one, other] = [seekable, stream].map(|inspected| match inspected {
        Err(Error::UnknownFormat(unknown)) => {
            assert!(!unknown.wrong_secret);
            let names = unknown
                .possible
                .iter()
                .map(|it| (it.format, it.is_likely()));
            names.collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(one, other, "a file and a stream");
    one
}

#[test]
fn possible_formats_are_told_by_the_header_and_by_the_length() {
    let random: Vec<u8> = (0..)
        .map(|i: u32| ((i * i * 7919) >> 9) as u8)
        .take(600)
        .collect();
    let is = |name: &str, found: &[(&str, bool)]| found.iter().any(|(it, _)| *it == name);
    let with_start = |start: &[u8], len: usize| {
        let mut file = random[..len].to_vec();
        file[..start.len()].copy_from_slice(start);
        file
    };
    // The first byte.
    assert!(is("gocrypt", &possible(&with_start(&[1], 300))));
    for byte in [0, 201, 255] {
        assert!(!is("gocrypt", &possible(&with_start(&[byte], 300))));
    }
    // The length: one layer more needs 57 bytes more.
    for (layers, len, fits) in [
        (1, 41, true),
        (1, 57, false),
        (1, 58, true),
        (2, 97, false),
        (2, 98, true),
        (2, 114, false),
        (2, 115, true),
        (4, 211, false),
        (4, 212, true),
    ] {
        let found = possible(&with_start(&[layers], len));
        assert_eq!(is("gocrypt", &found), fits, "{layers} layers, {len} bytes");
    }
    // The chunk size, and the length that it makes possible.
    for (chunk, len, fits) in [
        (0_u32, 100, false),
        (10, 12 + 26, true),
        (10, 12 + 26 + 16, false),
        (10, 12 + 26 + 17, true),
        (10, 12 + 26 + 26, true),
        (10, 12 + 26 + 26 + 1, false),
    ] {
        let start = [&[250; 8][..], &chunk.to_be_bytes()].concat();
        let found = possible(&with_start(&start, len));
        assert_eq!(is("parallel-encryptor", &found), fits, "{chunk}, {len}");
    }
}

#[test]
fn a_format_that_was_given_says_why_a_file_is_not_its_own() {
    for name in ["gfe", "dexios"] {
        let format = by_name(name).unwrap();
        let key = secret();
        let opening = Open::new(&key).format(Some(format));
        let error = opening
            .start(&b"something else"[..])
            .err()
            .expect("refused");
        assert_eq!(error.status(), status::FORMAT);
        let why = ruled_out(&error, name);
        assert_eq!(why, "it does not begin with the magic number");
    }
}
