//! Files of which no part can be read by itself, and why.

use super::{age, passphrase};
use crate::common::by_hand::{self, Data, Nonces};
use crate::common::{KEY, pattern, secret, with_additive};
use crate::dexios_common::vectors;
use crate::weak_common::{self, seal_layers};
use fetool::format::gocrypt::GoCrypt;
use fetool::{Error, Hint, Open, status};

/// The same at positions and from a pipe.
#[track_caller]
fn refused(open: impl Fn() -> Open<'static>, sealed: &[u8]) -> Error {
    let Err(error) = open().start_at(sealed) else {
        panic!("it opens");
    };
    let mut written = Vec::new();
    let started = open().start(sealed);
    let piped = started.and_then(|opening| opening.run_range(0, Some(1), &mut written));
    let piped = piped.unwrap_err();
    if !error.to_string().starts_with("additive") {
        assert_eq!(piped.to_string(), error.to_string());
        assert_eq!(piped.hint(), error.hint());
    }
    assert_eq!(piped.status(), error.status());
    assert!(written.is_empty());
    error
}

/// Why a part of a file cannot be read, which is a usage error with a hint.
#[track_caller]
fn says(error: &Error, why: &str) {
    assert_eq!(error.to_string(), why);
    assert_eq!(error.status(), status::USAGE);
    assert_eq!(error.hint(), Some(&Hint::OpenWhole));
}

fn leaked(secret: fetool::Secret) -> &'static fetool::Secret {
    Box::leak(Box::new(secret))
}

#[test]
fn layers() {
    let (_, sealed) = seal_layers(&pattern(1000)[..], 2, 1);
    let secret = leaked(weak_common::secret());
    let error = refused(|| Open::new(secret).format(Some(&GoCrypt)), &sealed);
    says(
        &error,
        "the file has 2 layers, and chunks of an inner one can be found only by opening all before \
         them",
    );
}

#[test]
fn memory_mode() {
    let vector = vectors()
        .into_iter()
        .find(|vector| vector.mode == "memory")
        .unwrap();
    let secret = leaked(vector.secret.secret());
    let error = refused(|| Open::new(secret), &vector.bytes());
    says(
        &error,
        "the file was made in memory mode, in one piece: no part of it can be authenticated by itself",
    );
}

#[test]
fn gfe_without_a_size() {
    let secret = leaked(secret());
    let sealed = by_hand::unknown_size(&KEY, &pattern(1000), 100);
    let error = refused(|| Open::new(secret), &sealed);
    says(
        &error,
        "this GFE file declares no size, so its chunks need not have one length and can only be found \
         one after the other",
    );
}

fn additive() -> Vec<u8> {
    by_hand::write(
        &KEY,
        Nonces::Summed,
        Data::SizeField,
        *b"12345678\x00\x00\x00\x09",
        1000,
        pattern(1000).chunks(100),
    )
}

#[test]
fn an_additive_nonce_whose_start_is_not_proven() {
    let secret = leaked(secret());
    let error = refused(|| Open::new(secret), &additive());
    assert_eq!(
        error.to_string(),
        "additive nonce: only the whole file shows that no chunks are missing at the beginning"
    );
    assert_eq!(error.status(), status::FORMAT);
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    // A file that lost its first chunks, whose rest is as it was.
    let mut rest = additive();
    rest.drain(24..24 + 120);
    rest[15] += 1;
    refused(|| Open::new(secret), &rest);
    // Whoever trusts it reads it.
    let formats = with_additive();
    let opened = Open::new(secret)
        .among(&formats)
        .start_at(additive())
        .unwrap();
    let mut written = Vec::new();
    opened.write_range(250..777, &mut written).unwrap();
    assert_eq!(written, pattern(1000)[250..777]);
}

/// The first chunk says how long all must be.
#[test]
fn gfe_chunks_of_several_lengths() {
    let text = pattern(1000);
    let chunks = [
        &text[..100],
        &text[100..150],
        &text[150..250],
        &text[250..1000],
    ];
    let write = |data| by_hand::write(&KEY, Nonces::Replaced, data, [9; 12], 1000, chunks);
    for data in [Data::SizeField, Data::Nothing] {
        let sealed = write(data);
        let secret = secret();
        let opened = Open::new(&secret).start_at(&sealed[..]).unwrap();
        let mut written = Vec::new();
        opened.write_range(0..100, &mut written).unwrap();
        assert_eq!(written, text[..100]);
        let error = opened.write_range(90..150, &mut written).unwrap_err();
        assert_eq!(
            error.to_string(),
            "chunk 1 is not as long as the first: a range can be read only in chunks of one length \
             (at offset 144)"
        );
        assert_eq!(error.status(), status::FORMAT);
        assert!(text[..].starts_with(&written[..100]));
        let mut piped = Vec::new();
        let opening = Open::new(&secret).start(&sealed[..]).unwrap();
        let error = opening.run_range(120, Some(150), &mut piped).unwrap_err();
        assert_eq!(error.status(), status::FORMAT);
        assert!(piped.is_empty());
    }
}

#[track_caller]
fn text_refused(text: &[u8]) -> Error {
    let secret = passphrase();
    let opened = Open::new(&secret).start_at(text);
    match opened.and_then(|opened| opened.write_range(1000..100_000, std::io::sink())) {
        Ok(()) => panic!("it opens"),
        Err(error) => error,
    }
}

#[test]
fn lines_of_several_kinds() {
    let text = String::from_utf8(age(&pattern(150_000), true)).unwrap();
    // One line in the range ends otherwise.
    let at = text.match_indices('\n').nth(500).unwrap().0;
    let mixed = format!("{}\r{}", &text[..at], &text[at..]);
    let error = text_refused(mixed.as_bytes());
    assert_eq!(
        error.to_string(),
        "the armor's lines are not all of one length with one kind of line end, so no position in \
         them can be computed"
    );
    assert_eq!(error.status(), status::USAGE);
    assert_eq!(error.hint(), Some(&Hint::Stream));
    // As the hint says.
    let (secret, mut written) = (passphrase(), Vec::new());
    let opening = Open::new(&secret).start(mixed.as_bytes()).unwrap();
    opening
        .run_range(1000, Some(100_000), &mut written)
        .unwrap();
    assert!(written == pattern(150_000)[1000..100_000]);
}

#[test]
fn lines_that_are_wrong() {
    let text = String::from_utf8(age(&pattern(150_000), true)).unwrap();
    let change = |line: usize, to: &str| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines[line] = to;
        lines.join("\n") + "\n"
    };
    let wrong = "A".repeat(63) + "!";
    let error = text_refused(change(500, &wrong).as_bytes());
    assert_eq!(
        error.to_string(),
        "invalid armor: invalid base64 character (line 501)"
    );
    let last = text.lines().count() - 1;
    let error = text_refused(change(last, "").as_bytes());
    assert_eq!(error.status(), status::FORMAT, "{error}");
    let cut = &text[..text.len() - 40];
    let error = text_refused(cut.as_bytes());
    assert_eq!(error.status(), status::TRUNCATED, "{error}");
    let error = text_refused(format!("{text}more").as_bytes());
    let there = format!(
        "invalid armor: there is data behind the END line (line {})",
        text.lines().count() + 1
    );
    assert_eq!(error.to_string(), there);
}
