//! GoCrypt files whose outer layers are authentic and whose inner ones are not as they should be.
//! Only who has the passphrase can make them, by accident or not.

use crate::common::pattern;
use crate::weak_common::by_hand::gocrypt::{self, CHUNK, FRAME, HEADER, Layer, layers, wrap};
use crate::weak_common::{Kind, SECRET, kind, open_layers};
use fetool::format::gocrypt::GoCrypt;
use fetool::{Error, Inspect, status};

/// Puts one layer after another around a stream, the first innermost.
fn nest(stream: &[u8], numbers: &[u8]) -> Vec<u8> {
    let all = layers(numbers.len() as u8);
    let around =
        |stream: Vec<u8>, (number, layer): (&u8, &Layer)| wrap(SECRET, *number, layer, &stream);
    numbers.iter().zip(&all).fold(stream.to_vec(), around)
}

#[track_caller]
fn refused(file: &[u8], text: &[u8], expected: Kind, what: &str) -> (Error, usize) {
    let (error, written) = crate::weak_common::refused(&GoCrypt, file, text, what);
    assert_eq!(kind(&error), expected, "{what}: {error}");
    (error, written)
}

#[test]
fn inner_layers_with_another_number_are_malformed() {
    let text = pattern(CHUNK + 1000);
    for numbers in [
        &[2, 2][..],
        &[0, 2],
        &[3, 2],
        &[255, 2],
        &[1, 1, 3],
        &[1, 3, 3],
        &[2, 1, 3],
        &[2, 2, 3],
        &[1, 2, 3, 5],
        &[0, 2, 3, 4],
    ] {
        let file = nest(&text, numbers);
        let what = format!("{numbers:?}");
        let (error, written) = refused(&file, &text, Kind::Malformed, &what);
        assert_eq!(error.status(), status::FORMAT);
        assert_eq!(written, 0, "{what}");
        assert!(error.to_string().contains("layer"), "{what}: {error}");
    }
    // The same, numbered as it should be.
    let opened = open_layers(&nest(&text, &[1, 2, 3, 4])[..], 2);
    assert!(opened.result.is_ok());
    assert!(opened.written == text);
}

#[test]
fn an_inner_stream_that_is_shorter_than_a_header_is_truncated() {
    let inner = nest(b"text", &[1]);
    for len in [1, 2, 24, 25, HEADER - 1] {
        let file = wrap(SECRET, 2, &layers(2)[1], &inner[..len]);
        let (error, written) = refused(&file, b"", Kind::Truncated, &format!("{len} bytes"));
        assert_eq!(error.status(), status::TRUNCATED);
        assert!(error.to_string().starts_with("unexpected EOF"), "{error}");
        assert_eq!(written, 0);
        // And one layer further in.
        let file = wrap(SECRET, 3, &layers(3)[2], &file);
        refused(&file, b"", Kind::Truncated, &format!("{len} bytes, deeper"));
    }
    let empty = wrap(SECRET, 2, &layers(2)[1], &[]);
    assert_eq!(empty.len(), HEADER);
    refused(&empty, b"", Kind::Truncated, "no bytes");
}

#[test]
fn an_inner_stream_that_ends_inside_a_chunk() {
    let text = pattern(2 * CHUNK + 1000);
    let inner = nest(&text, &[1]);
    for (rest, expected) in [
        (1, Kind::Truncated),
        (15, Kind::Truncated),
        (16, Kind::Malformed),
        (17, Kind::Authentication),
        (999, Kind::Authentication),
    ] {
        for whole in [0, 1, 2] {
            let cut = &inner[..HEADER + whole * FRAME + rest];
            let what = format!("{whole} chunks and {rest} bytes");
            let file = wrap(SECRET, 2, &layers(2)[1], cut);
            let (_, written) = refused(&file, &text, expected, &what);
            assert!(written <= whole * CHUNK, "{what}: {written}");
        }
    }
}

/// The length of the file tells how long the stream inside is, and where its last chunk ends.
#[test]
fn inspect_finds_faults_of_an_inner_stream_without_the_secret() {
    let text = pattern(2 * CHUNK);
    let inner = nest(&text, &[1]);
    for (len, expected) in [
        (0, status::TRUNCATED),
        (1, status::TRUNCATED),
        (HEADER - 1, status::TRUNCATED),
        (HEADER + 1, status::TRUNCATED),
        (HEADER + 15, status::TRUNCATED),
        (HEADER + 16, status::FORMAT),
        (HEADER + FRAME + 15, status::TRUNCATED),
        (HEADER + FRAME + 16, status::FORMAT),
    ] {
        let file = wrap(SECRET, 2, &layers(2)[1], &inner[..len]);
        let inspect = || Inspect::new().format(Some(&GoCrypt));
        let fault = inspect().run(&file[..]).expect("a header").fault;
        let fault = fault.unwrap_or_else(|| panic!("{len} bytes: no fault"));
        let opened = open_layers(&file[..], 2);
        assert_eq!(opened.error().status(), expected, "{len} bytes: opened");
        assert_eq!(fault.status, expected, "{len} bytes: {}", fault.message);
        // What is before it may have other faults, that only the secret shows: they come first.
        assert_eq!(fault.offset, Some(file.len() as u64), "{len} bytes");
    }
}

#[test]
fn data_behind_an_inner_stream() {
    for (len, trailing, expected) in [
        // Behind a short chunk it belongs to that.
        (1000, 1, Kind::Authentication),
        (1000, 16, Kind::Authentication),
        (1000, FRAME, Kind::Authentication),
        // Behind whole ones it is a chunk.
        (CHUNK, 1, Kind::Truncated),
        (CHUNK, 15, Kind::Truncated),
        (CHUNK, 16, Kind::Malformed),
        (2 * CHUNK, 17, Kind::Authentication),
        (2 * CHUNK, FRAME, Kind::Authentication),
    ] {
        let text = pattern(len);
        let inner = [nest(&text, &[1]), vec![5; trailing]].concat();
        let what = format!("{trailing} bytes behind {len}");
        let file = wrap(SECRET, 2, &layers(2)[1], &inner);
        refused(&file, &text, expected, &what);
        let file = wrap(SECRET, 3, &layers(3)[2], &file);
        refused(&file, &text, expected, &format!("{what}, deeper"));
    }
}

#[test]
fn inner_layers_under_another_secret_are_not_authentic() {
    let text = pattern(1000);
    let inner = gocrypt::write(b"another secret", &layers(1), &text);
    let file = wrap(SECRET, 2, &layers(2)[1], &inner);
    let (error, written) = refused(&file, &text, Kind::Authentication, "another secret inside");
    assert_eq!((error.status(), written), (status::KEY, 0));
}

#[test]
fn flipped_bits_inside_an_authentic_layer() {
    let text = pattern(2 * CHUNK + 1000);
    let inner = nest(&text, &[1, 2]);
    for at in [
        1,
        24,
        25,
        40,
        HEADER,
        HEADER + FRAME - 1,
        HEADER + FRAME,
        inner.len() - 1,
    ] {
        let mut changed = inner.clone();
        changed[at] ^= 0x10;
        let file = wrap(SECRET, 3, &layers(3)[2], &changed);
        let what = format!("byte {at}");
        let (_, written) = refused(&file, &text, Kind::Authentication, &what);
        let good = at.saturating_sub(HEADER) / FRAME;
        assert!(written <= good * CHUNK, "{what}: {written}");
    }
}

/// Three layers around so many whole chunks, with these chunks of the innermost and these of the
/// outermost layer broken.
fn broken(text: &[u8], innermost: &[usize], outermost: &[usize]) -> Vec<u8> {
    let tag_end = |chunk: usize| HEADER + (chunk + 1) * FRAME - 1;
    let mut stream = nest(text, &[1]);
    for chunk in innermost {
        stream[tag_end(*chunk)] ^= 1;
    }
    for number in [2, 3] {
        let layer = &layers(number)[usize::from(number) - 1];
        stream = wrap(SECRET, number, layer, &stream);
    }
    for chunk in outermost {
        stream[tag_end(*chunk)] ^= 1;
    }
    stream
}

/// In which chunk of the layer around it a chunk begins.
fn around(chunk: usize) -> usize {
    (HEADER + chunk * FRAME) / CHUNK
}

/// How many whole chunks are in so many of the layer around them.
fn inside(chunks: usize) -> usize {
    (chunks * CHUNK).saturating_sub(HEADER) / FRAME
}

/// However the threads' timing is: the faults are far enough from each other for several threads
/// to be at them at once.
#[test]
fn of_several_errors_in_several_layers_the_first_in_the_order_of_the_data_is_reported() {
    let text = pattern(60 * CHUNK);
    for (innermost, outermost) in [
        (&[0][..], &[1][..]),
        (&[5], &[8]),
        (&[5, 40], &[20]),
        (&[7], &[5]),
        (&[58], &[4, 30]),
        (&[30, 31], &[33, 40]),
        (&[59], &[]),
        (&[], &[0]),
        (&[], &[58, 59]),
    ] {
        let file = broken(&text, innermost, outermost);
        let first = |chunks: &[usize]| chunks.first().copied().unwrap_or(usize::MAX >> 20);
        let whole = inside(inside(first(outermost)));
        let inner = first(innermost);
        // What is broken outside takes the chunks with it that it holds parts of.
        let (chunk, good) = if inner < whole {
            (around(around(inner)), inner)
        } else {
            (first(outermost), whole)
        };
        for workers in [1, 2, 4, 4, 4, 8] {
            let what = format!("{innermost:?} and {outermost:?}, {workers} workers");
            let opened = open_layers(&file[..], workers);
            match opened.error() {
                Error::Authentication { chunk: c, offset } => {
                    assert_eq!(*c, chunk as u64, "{what}");
                    assert_eq!(*offset, (HEADER + chunk * FRAME) as u64, "{what}");
                }
                other => panic!("{what}: {other}"),
            }
            assert_eq!(opened.written.len(), good * CHUNK, "{what}");
            assert!(text.starts_with(&opened.written), "{what}");
        }
    }
}

/// It is authentic by the layers around it.
#[test]
fn an_inner_stream_without_a_chunk_is_an_empty_plaintext() {
    for count in [2, 3, 5] {
        let file = gocrypt::write(SECRET, &layers(count), b"");
        let opened = open_layers(&file[..], 2);
        let done = opened.result.unwrap_or_else(|e| panic!("{count}: {e}"));
        assert_eq!(done.plaintext_len, 0);
        assert!(opened.written.is_empty());
    }
}
