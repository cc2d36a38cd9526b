//! Armor: it does not matter in which pieces the text comes, what was decoded and encoded again is the same
//! text, and the decoder of whole lines finds what the other one does.

use super::memory::bounded;
use fetool::Error;
use fetool::format::Claim;
use fetool::format::age::armor::{
    ArmorDecoder, ArmorEncoder, BEGIN, COLUMNS, LINE_BYTES, armored_len, decode_lines, probe,
    text_damage,
};

pub fn age_armor(input: &[u8]) {
    let (whole, bytes) = bounded(input, || decoded(input, input.len().max(1)));
    for cut in [1, 7, 64, 65, 1000] {
        let (pieces, again) = decoded(input, cut);
        assert_eq!(pieces, whole, "{cut}");
        assert!(bytes == again, "{cut}");
    }
    assert!(whole.is_err() || probe(input) == Claim::Yes);
    if text_damage(input).is_some() {
        assert!(whole.is_err());
    }
    if whole.is_ok() {
        let text = encoded(&bytes);
        assert_eq!(armored_len(bytes.len() as u64), Some(text.len() as u64));
        let input = String::from_utf8(input.to_vec()).expect("armor is ASCII");
        let input = input.replace("\r\n", "\n");
        assert_eq!(
            String::from_utf8(text).unwrap().trim(),
            input.trim_matches(blank)
        );
    }
    if let Some(body) = input.strip_prefix(format!("{BEGIN}\n").as_bytes()) {
        let mut out = vec![0; body.len()];
        let (read, written) = decode_lines(body, &mut out);
        assert!(bytes.starts_with(&out[..written]));
        assert!(read >= written / LINE_BYTES * (COLUMNS + 1));
    }
    let (same, back) = decoded(&encoded(input), 100);
    assert_eq!(same, Ok(()));
    assert!(back == input);
}

fn blank(letter: char) -> bool {
    letter.is_ascii_whitespace() || letter == '\x0B'
}

/// What is wrong, in words, and what was decoded before that.
fn decoded(text: &[u8], cut: usize) -> (Result<(), String>, Vec<u8>) {
    let (mut decoder, mut bytes) = (ArmorDecoder::new(), Vec::new());
    let mut pieces = text.chunks(cut);
    let pushed = pieces.try_for_each(|piece| decoder.push(piece, &mut bytes));
    let ended = pushed.and_then(|()| decoder.finish());
    if let Err(error) = &ended {
        let known = matches!(error, Error::Armor { .. } | Error::Truncated { .. });
        assert!(known, "{error:?}");
    }
    (ended.map_err(|error| error.to_string()), bytes)
}

fn encoded(bytes: &[u8]) -> Vec<u8> {
    let (mut encoder, mut text) = (ArmorEncoder::new(), Vec::new());
    encoder.push(bytes, &mut text).expect("memory");
    encoder.finish(&mut text).expect("memory");
    text
}
