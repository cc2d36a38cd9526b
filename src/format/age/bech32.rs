//! Bech32 (BIP 173) without its length limit, as age writes keys.
//!
//! It handles secrets. So it wipes its buffers, and no memory access and no branch depends on the value of a valid
//! character.

use std::fmt;
use zeroize::Zeroizing;

const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const CHECKSUM_LEN: usize = 6;

/// Why a string is invalid. It never contains any of the string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bech32Error {
    /// The string does not begin with the expected prefix and a `1`.
    Prefix,
    /// An invalid character, or a letter of the other case.
    Character,
    /// Too short for a checksum, or bits are left over at the end.
    Length,
    /// The checksum does not match.
    Checksum,
}

impl fmt::Display for Bech32Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prefix => "wrong prefix",
            Self::Character => "invalid character",
            Self::Length => "wrong length",
            Self::Checksum => "wrong checksum: there is a typo in it",
        })
    }
}

/// Encodes `data` behind `prefix`, in the case of the prefix.
pub(super) fn encode(prefix: &str, data: &[u8]) -> Zeroizing<String> {
    let mut symbols = Zeroizing::new(Vec::with_capacity(
        (data.len() * 8).div_ceil(5) + CHECKSUM_LEN,
    ));
    let (mut bits, mut count) = (Zeroizing::new(0_u32), 0);
    for &byte in data {
        *bits = (*bits << 8 | u32::from(byte)) & 0xFFF;
        count += 8;
        while count >= 5 {
            count -= 5;
            symbols.push((*bits >> count) as u8 & 31);
        }
    }
    if count > 0 {
        symbols.push((*bits << (5 - count)) as u8 & 31);
    }
    let mut sum = Checksum::new(prefix);
    symbols.iter().for_each(|&symbol| sum.add(symbol));
    symbols.extend_from_slice(&sum.finish());

    let upper = is_upper(prefix);
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + 1 + symbols.len()));
    text.push_str(prefix);
    text.push('1');
    for &symbol in symbols.iter() {
        text.push(char::from(character(symbol, upper)));
    }
    text
}

/// Decodes the data behind `prefix` and a `1`, in the case of the prefix.
pub(super) fn decode(prefix: &str, text: &str) -> Result<Zeroizing<Vec<u8>>, Bech32Error> {
    let characters = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('1'))
        .ok_or(Bech32Error::Prefix)?;
    let upper = is_upper(prefix);
    let mut symbols = Zeroizing::new(Vec::with_capacity(characters.len()));
    for byte in characters.bytes() {
        symbols.push(symbol(byte, upper).ok_or(Bech32Error::Character)?);
    }
    let data_len = symbols
        .len()
        .checked_sub(CHECKSUM_LEN)
        .ok_or(Bech32Error::Length)?;
    let mut sum = Checksum::new(prefix);
    symbols.iter().for_each(|&symbol| sum.add(symbol));
    if *sum.0 != 1 {
        return Err(Bech32Error::Checksum);
    }
    let mut data = Zeroizing::new(Vec::with_capacity(data_len * 5 / 8));
    let (mut bits, mut count) = (Zeroizing::new(0_u32), 0);
    for &symbol in &symbols[..data_len] {
        *bits = (*bits << 5 | u32::from(symbol)) & 0xFFF;
        count += 5;
        if count >= 8 {
            count -= 8;
            data.push((*bits >> count) as u8);
        }
    }
    if count >= 5 || *bits & ((1 << count) - 1) != 0 {
        return Err(Bech32Error::Length);
    }
    Ok(data)
}

fn is_upper(prefix: &str) -> bool {
    prefix.starts_with(|first: char| first.is_ascii_uppercase())
}

/// Returns the character at `index` of the alphabet.
fn character(index: u8, upper: bool) -> u8 {
    let mut found = 0;
    for (at, &byte) in (0..).zip(ALPHABET) {
        found |= cased(byte, upper) & equal(at, index);
    }
    found
}

/// Returns the index of a character in the alphabet.
fn symbol(byte: u8, upper: bool) -> Option<u8> {
    let (mut found, mut index) = (0, 0);
    for (at, &other) in (0..).zip(ALPHABET) {
        let equal = equal(cased(other, upper), byte);
        found |= equal;
        index |= at & equal;
    }
    (found != 0).then_some(index)
}

/// The alphabet's bytes are no secret.
fn cased(byte: u8, upper: bool) -> u8 {
    match upper {
        true => byte.to_ascii_uppercase(),
        false => byte,
    }
}

/// Returns 0xFF if the bytes are equal and 0 if not, without a branch.
fn equal(one: u8, other: u8) -> u8 {
    let different = u16::from(one ^ other);
    (different.wrapping_sub(1) >> 8) as u8
}

/// The remainder of the polynomial so far.
struct Checksum(Zeroizing<u32>);

impl Checksum {
    /// Starts with the prefix in lowercase.
    fn new(prefix: &str) -> Self {
        let mut sum = Self(Zeroizing::new(1));
        let lower = || prefix.bytes().map(|byte| byte.to_ascii_lowercase());
        lower().for_each(|byte| sum.add(byte >> 5));
        sum.add(0);
        lower().for_each(|byte| sum.add(byte & 31));
        sum
    }

    fn add(&mut self, symbol: u8) {
        const GENERATOR: [u32; 5] = [
            0x3b6a_57b2,
            0x2650_8e6d,
            0x1ea1_19fa,
            0x3d42_33dd,
            0x2a14_62b3,
        ];
        let top = *self.0 >> 25;
        *self.0 = (*self.0 & 0x1FF_FFFF) << 5 ^ u32::from(symbol);
        for (bit, generator) in GENERATOR.iter().enumerate() {
            *self.0 ^= generator & 0_u32.wrapping_sub(top >> bit & 1);
        }
    }

    fn finish(mut self) -> [u8; CHECKSUM_LEN] {
        (0..CHECKSUM_LEN).for_each(|_| self.add(0));
        *self.0 ^= 1;
        std::array::from_fn(|index| (*self.0 >> (5 * (CHECKSUM_LEN - 1 - index))) as u8 & 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_bip_173_hold() {
        for (prefix, text) in [
            ("a", "a12uel5l"),
            ("A", "A12UEL5L"),
            (
                "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio",
                "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
            ),
            ("?", "?1ezyfcl"),
        ] {
            assert_eq!(*decode(prefix, text).unwrap(), b"", "{text}");
            assert_eq!(*encode(prefix, b""), text);
        }
        // Its data have leftover bits, which whole bytes never have.
        let split = "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w";
        assert!(decode("split", split).is_ok());
        for (prefix, text, error) in [
            ("de", "de1lg7wt\u{ff}", Bech32Error::Character),
            ("x", "x1b4n0q5v", Bech32Error::Character),
            ("li", "li1dgmt3", Bech32Error::Length),
            ("A", "A1G7SGD8", Bech32Error::Checksum),
            ("a", "a12UEL5L", Bech32Error::Character),
            ("a", "A12UEL5L", Bech32Error::Prefix),
            ("a", "a", Bech32Error::Prefix),
        ] {
            assert_eq!(decode(prefix, text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn every_length_comes_back() {
        let bytes: Vec<u8> = (0..1300).map(|i| (i * 7 + i / 5) as u8).collect();
        for len in (0..70).chain([1216, 1300]) {
            for prefix in ["age", "AGE-SECRET-KEY-"] {
                let text = encode(prefix, &bytes[..len]);
                assert_eq!(*decode(prefix, &text).unwrap(), bytes[..len]);
                let mut changed = text.to_string().into_bytes();
                let last = changed.len() - 1;
                changed[last] = character(
                    symbol(changed[last], is_upper(prefix)).unwrap() ^ 1,
                    is_upper(prefix),
                );
                let changed = String::from_utf8(changed).unwrap();
                assert_eq!(decode(prefix, &changed).unwrap_err(), Bech32Error::Checksum);
            }
        }
    }

    #[test]
    fn bits_left_over_are_refused() {
        // One symbol more than the bytes need, and a last bit that whole bytes never have.
        for symbols in [&[0_u8][..], &[0, 1], &[0, 0, 0]] {
            let mut sum = Checksum::new("age");
            symbols.iter().for_each(|&symbol| sum.add(symbol));
            let all = symbols.iter().copied().chain(sum.finish());
            let text: String = all
                .map(|symbol| char::from(character(symbol, false)))
                .collect();
            let text = format!("age1{text}");
            assert_eq!(
                decode("age", &text).unwrap_err(),
                Bech32Error::Length,
                "{text}"
            );
        }
    }
}
