use super::*;

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 + i / 251) as u8).collect()
}

fn encoded(bytes: &[u8], cut: usize) -> Vec<u8> {
    let (mut encoder, mut text) = (ArmorEncoder::new(), Vec::new());
    for piece in bytes.chunks(cut) {
        encoder.push(piece, &mut text).unwrap();
    }
    encoder.finish(&mut text).unwrap();
    text
}

fn decoded(text: &[u8], cut: usize) -> Result<Vec<u8>, Error> {
    let (mut decoder, mut bytes) = (ArmorDecoder::new(), Vec::new());
    for piece in text.chunks(cut) {
        decoder.push(piece, &mut bytes)?;
    }
    decoder.finish()?;
    Ok(bytes)
}

#[test]
fn every_length_and_cut_comes_back() {
    for len in (0..150).chain([3000, 48 * 200, 10_000]) {
        let bytes = bytes(len);
        let text = encoded(&bytes, usize::MAX);
        assert_eq!(armored_len(len as u64), Some(text.len() as u64), "{len}");
        let crlf = String::from_utf8(text.clone())
            .unwrap()
            .replace('\n', "\r\n");
        for cut in [1, 2, 47, 48, 63, 64, 65, 66, 1000, usize::MAX] {
            assert_eq!(encoded(&bytes, cut), text, "{len} {cut}");
            assert_eq!(decoded(&text, cut).unwrap(), bytes, "{len} {cut}");
            assert_eq!(decoded(crlf.as_bytes(), cut).unwrap(), bytes, "{len} {cut}");
        }
    }
    assert_eq!(armored_len(u64::MAX), None);
}

#[test]
fn every_beginning_is_truncated() {
    let text = encoded(&bytes(200), 200);
    for len in 0..text.len() - 1 {
        let error = decoded(&text[..len], 7).unwrap_err();
        assert!(
            matches!(error, Error::Truncated { offset, .. } if offset == len as u64),
            "{len}: {error}"
        );
    }
    assert_eq!(decoded(&text[..text.len() - 1], 7).unwrap(), bytes(200));
}

#[test]
fn lines_are_decoded_up_to_the_first_that_is_no_whole_one() {
    let bytes = bytes(48 * 150);
    let text = encoded(&bytes, usize::MAX);
    let lines = &text[BEGIN.len() + 1..];
    let mut out = vec![0; bytes.len() + 100];
    let all = (65 * 150, 48 * 150);
    assert_eq!(decode_lines(lines, &mut out), all);
    assert_eq!(out[..all.1], bytes);
    assert_eq!(
        decode_lines(lines, &mut out[..48 * 100 + 47]),
        (65 * 100, 48 * 100)
    );
    for bad in [b'=', b'\n', b'\r', b' ', b'-', 0xFF] {
        for line in [0, 1, 63, 64, 149] {
            for column in [0, 17, 63] {
                let mut wrong = lines.to_vec();
                wrong[line * 65 + column] = bad;
                let found = decode_lines(&wrong, &mut out);
                assert_eq!(found, (65 * line, 48 * line), "{bad} {line} {column}");
                let mut decoder = ArmorDecoder::at_line(line as u64 + 2, 0);
                let error = decoder
                    .push(&wrong[found.0..], &mut Vec::new())
                    .unwrap_err();
                let said = line as u64 + 2;
                assert!(
                    matches!(error, Error::Armor { line, .. } if line == said),
                    "{bad} {line} {column}: {error}"
                );
            }
        }
    }
}

#[test]
fn rules_that_are_broken_are_named() {
    let line = "A".repeat(64);
    let short = "QUFB";
    for (text, number, what) in [
        (
            format!("x\n{BEGIN}\n{END}\n"),
            1,
            "the line is not the BEGIN line of an age file",
        ),
        (
            format!("\n {BEGIN}\n{END}\n"),
            2,
            "there is whitespace around the BEGIN line",
        ),
        (
            format!("{BEGIN} \n{END}\n"),
            1,
            "there is whitespace around the BEGIN line",
        ),
        (
            format!("\u{feff}{BEGIN}\n{END}\n"),
            1,
            "a byte order mark was put in front, as PowerShell does",
        ),
        (
            "-----begin age encrypted file-----\n".to_owned(),
            1,
            "the line is not the BEGIN line of an age file",
        ),
        (
            format!("{}{BEGIN}\n", "\n".repeat(1025)),
            1025,
            "too much whitespace in front of the BEGIN line",
        ),
        (
            format!("{}{BEGIN}", " ".repeat(1100)),
            1,
            "the line is not the BEGIN line of an age file",
        ),
        (
            format!("{BEGIN}\n\n{line}\n{END}\n"),
            2,
            "the line is empty",
        ),
        (
            format!("{BEGIN}\n{line}\n\n{END}\n"),
            3,
            "the line is empty",
        ),
        (
            format!("{BEGIN}\n{short}\n\n{END}\n"),
            3,
            "no line but the END line can follow a short one",
        ),
        (
            format!("{BEGIN}\n{short}\n{line}\n{END}\n"),
            3,
            "no line but the END line can follow a short one",
        ),
        (
            format!("{BEGIN}\n{line}A\n{END}\n"),
            2,
            "the line is longer than 64 characters",
        ),
        (
            format!("{BEGIN}\n{line}{line}"),
            2,
            "the line is longer than 64 characters",
        ),
        (
            format!("{BEGIN}\n{line} \n{END}\n"),
            2,
            "the line is longer than 64 characters",
        ),
        (
            format!("{BEGIN}\n{short} \n{END}\n"),
            2,
            "whitespace in a line of base64",
        ),
        (
            format!("{BEGIN}\n {short}\n{END}\n"),
            2,
            "whitespace in a line of base64",
        ),
        (format!("{BEGIN}\nQUE\n{END}\n"), 2, "wrong base64 padding"),
        (
            format!("{BEGIN}\nQUF=\n{END}\n"),
            2,
            "base64 is not canonical: unused bits are not zero",
        ),
        (
            format!("{BEGIN}\nVersion: 1\n{END}\n"),
            2,
            "invalid base64 character",
        ),
        (
            format!("{BEGIN}\n{short}\n-----END PGP MESSAGE-----\n"),
            3,
            "no line but the END line can follow a short one",
        ),
        (
            format!("{BEGIN}\n{line}\n-----END PGP MESSAGE-----\n"),
            3,
            "the line is not the END line of an age file",
        ),
        (
            format!("{BEGIN}\n{line}\n{END} \n"),
            3,
            "the line is not the END line of an age file",
        ),
        (
            format!("{BEGIN}\n{line}\n{END}\n\nx"),
            5,
            "there is data behind the END line",
        ),
        (
            format!("{BEGIN}\n{END}\n{}", " ".repeat(1024)),
            3,
            "too much whitespace behind the END line",
        ),
    ] {
        for cut in [1, 10, usize::MAX] {
            let error = decoded(text.as_bytes(), cut).unwrap_err();
            let words = format!("invalid armor: {what} (line {number})");
            assert_eq!(error.to_string(), words, "{text:?}");
        }
    }
}

#[test]
fn utf_16_is_named() {
    for (mark, bytes) in [
        (true, u16::to_le_bytes as fn(u16) -> [u8; 2]),
        (true, u16::to_be_bytes),
        (false, u16::to_le_bytes),
    ] {
        for beginning in [BEGIN, "age-encryption.org/v1"] {
            let text = format!("{}{beginning}\r\n", if mark { "\u{feff}" } else { "" });
            let damaged: Vec<u8> = text.encode_utf16().flat_map(bytes).collect();
            let words = "the file was changed to UTF-16, as PowerShell's > does";
            assert_eq!(text_damage(&damaged), Some(words));
            let error = decoded(&damaged, 5).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("invalid armor: {words} (line 1)")
            );
        }
    }
    for good in [
        &b""[..],
        b"age-encryption.org/v1\n",
        BEGIN.as_bytes(),
        b"\xFF\xFE",
        b"\xEF\xBB\xBFtext",
    ] {
        assert_eq!(text_damage(good), None);
    }
}

#[test]
fn armor_is_recognised_behind_whitespace() {
    for (head, claim) in [
        (BEGIN.to_owned(), Claim::Yes),
        (format!("\r\n \t\n{BEGIN}\n"), Claim::Yes),
        (format!("{}{BEGIN}", " ".repeat(1024)), Claim::Yes),
        (format!("{}{BEGIN}", " ".repeat(1025)), Claim::No),
        (String::new(), Claim::TooShort),
        ("\n\n-----BEGIN A".to_owned(), Claim::TooShort),
        ("-----BEGIN PGP MESSAGE-----".to_owned(), Claim::No),
    ] {
        assert_eq!(probe(head.as_bytes()), claim, "{head:?}");
    }
}
