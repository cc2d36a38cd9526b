//! Key files: every shape that is accepted is one of those that are documented, and none of those is
//! refused.

use fetool::format::gfe;
use fetool::kdf::Kdf;
use fetool::{Error, Secret, status, without_line_end};

pub fn key_file(input: &[u8]) {
    let text = without_line_end(input);
    assert!(input.starts_with(text) && input.len() - text.len() <= 2);
    match gfe::key(&Secret::key(input)) {
        Ok(key) => assert_eq!(Some(*key), expected(input), "{input:02x?}"),
        Err(error) => {
            assert_eq!(expected(input), None, "{input:02x?}");
            refused(&error, input);
        }
    }
    // A passphrase is hashed with the salt beside it, whatever it is; here the input is the salt.
    let passphrase = Secret::passphrase(b"hunter2".as_slice())
        .with_salt(Kdf::Argon2id, input)
        .derived_for_tests(super::secret::derive);
    match gfe::key(&passphrase) {
        Ok(_) => assert!(input.len() >= fetool::kdf::SALT_MIN),
        Err(error) => {
            assert!(input.len() < fetool::kdf::SALT_MIN, "{error}");
            refused(&error, input);
        }
    }
}

/// A message tells the length and how to make a key, and nothing of what may be a secret.
fn refused(error: &Error, input: &[u8]) {
    assert!(matches!(error, Error::Secret { .. }), "{error:?}");
    assert_eq!(error.status(), status::SYSTEM);
    let message = error.to_string();
    assert!(message.contains(&input.len().to_string()), "{message}");
    assert!(error.hint().is_some());
}

/// The same from the documentation alone.
fn expected(input: &[u8]) -> Option<[u8; 32]> {
    if let Ok(key) = input.try_into() {
        return Some(key);
    }
    let mut lines = input;
    while let [b'#', rest @ ..] = lines {
        lines = match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => &rest[end + 1..],
            None => &[],
        };
    }
    let text = match lines {
        [text @ .., b'\r', b'\n'] | [text @ .., b'\n'] => text,
        text => text,
    };
    let digits: Vec<u32> = match text.len() {
        64 => digits(text, |letter| letter.to_digit(16))?,
        44 => {
            let letters = text.strip_suffix(b"=")?;
            digits(letters, base64)?
        }
        _ => return None,
    };
    let width = if digits.len() == 64 { 4 } else { 6 };
    let bits = digits
        .iter()
        .flat_map(|digit| (0..width).rev().map(move |bit| digit >> bit & 1));
    let bits: Vec<u32> = bits.collect();
    let (whole, rest) = bits.split_at(256);
    let mut key = [0; 32];
    for (byte, bits) in key.iter_mut().zip(whole.chunks(8)) {
        *byte = bits.iter().fold(0, |byte, bit| byte << 1 | *bit as u8);
    }
    // Bits that belong to no byte must be zero.
    rest.iter().all(|bit| *bit == 0).then_some(key)
}

fn digits(text: &[u8], value: fn(char) -> Option<u32>) -> Option<Vec<u32>> {
    text.iter()
        .map(|letter| value(char::from(*letter)))
        .collect()
}

fn base64(letter: char) -> Option<u32> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    LETTERS.find(letter).map(|at| at as u32)
}
