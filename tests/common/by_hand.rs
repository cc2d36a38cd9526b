//! GFE files written and read by hand, from the format's facts alone and with the `aes-gcm` crate:
//! no code is shared with the library, so that the two check each other.
//!
//! ```text
//! "GFE" 01 | 12 bytes base nonce | u64 BE size field | frames of u32 BE length, ciphertext, tag
//! ```

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};

pub const HEADER: usize = 24;
/// Length field and tag: what a frame has beside its ciphertext.
pub const EXTRA: usize = 4 + 16;
/// The size field of a stream of C-byte chunks is this plus C.
pub const STREAM: u64 = 0x8000_0000_0000_0000;

/// How the number of a chunk enters its nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonces {
    /// It replaces the last four bytes.
    Replaced,
    /// It is added to the base, a 96-bit number.
    Summed,
}

/// What the associated data of every chunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    SizeField,
    Nothing,
}

fn nonce(rule: Nonces, base: [u8; 12], chunk: u32) -> [u8; 12] {
    match rule {
        Nonces::Replaced => {
            let mut nonce = base;
            nonce[8..].copy_from_slice(&chunk.to_be_bytes());
            nonce
        }
        Nonces::Summed => {
            let mut wide = [0; 16];
            wide[4..].copy_from_slice(&base);
            let sum = u128::from_be_bytes(wide) + u128::from(chunk);
            sum.to_be_bytes()[4..].try_into().expect("12 bytes")
        }
    }
}

/// A frame: length field, ciphertext, tag.
pub fn frame(
    key: &[u8; 32],
    rule: Nonces,
    base: [u8; 12],
    chunk: u32,
    data: &[u8],
    plaintext: &[u8],
) -> Vec<u8> {
    let mut frame = (plaintext.len() as u32 + 16).to_be_bytes().to_vec();
    frame.extend_from_slice(plaintext);
    let nonce = nonce(rule, base, chunk);
    let tag = Aes256Gcm::new(key.into())
        .encrypt_inout_detached(
            (&nonce[..]).try_into().expect("12 bytes"),
            data,
            (&mut frame[4..]).into(),
        )
        .expect("a short message");
    frame.extend_from_slice(&tag);
    frame
}

pub fn header(base: [u8; 12], size_field: u64) -> Vec<u8> {
    let mut header = b"GFE\x01".to_vec();
    header.extend_from_slice(&base);
    header.extend_from_slice(&size_field.to_be_bytes());
    header
}

/// A whole file of the chunks given.
pub fn write<'a>(
    key: &[u8; 32],
    rule: Nonces,
    data: Data,
    base: [u8; 12],
    size_field: u64,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<u8> {
    let field = size_field.to_be_bytes();
    let data: &[u8] = match data {
        Data::SizeField => &field,
        Data::Nothing => &[],
    };
    let mut file = header(base, size_field);
    for (chunk, plaintext) in (0..).zip(chunks) {
        file.extend(frame(key, rule, base, chunk, data, plaintext));
    }
    file
}

/// A file as go-fileencrypt writes streams: a size field of 0, and that as associated data.
pub fn unknown_size(key: &[u8; 32], plaintext: &[u8], chunk: usize) -> Vec<u8> {
    write(
        key,
        Nonces::Replaced,
        Data::SizeField,
        [9; 12],
        0,
        plaintext.chunks(chunk),
    )
}

/// What the small reader found in a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    pub base: [u8; 12],
    pub size_field: u64,
    /// Plaintext bytes of each chunk.
    pub chunks: Vec<usize>,
    pub plaintext: Vec<u8>,
}

/// Reads a file as go-fileencrypt does: nonces replaced, the size field as associated data.
/// Panics where the file is not just as it should be.
pub fn read(key: &[u8; 32], file: &[u8]) -> Found {
    assert_eq!(&file[..4], b"GFE\x01", "magic and version");
    let base: [u8; 12] = file[4..16].try_into().expect("12 bytes");
    let field: [u8; 8] = file[16..24].try_into().expect("8 bytes");
    let cipher = Aes256Gcm::new(key.into());
    let mut found = Found {
        base,
        size_field: u64::from_be_bytes(field),
        chunks: Vec::new(),
        plaintext: Vec::new(),
    };
    let mut rest = &file[HEADER..];
    while !rest.is_empty() {
        let len = u32::from_be_bytes(rest[..4].try_into().expect("4 bytes")) as usize;
        let (body, tag) = rest[4..4 + len].split_at(len - 16);
        let mut body = body.to_vec();
        let nonce = nonce(Nonces::Replaced, base, found.chunks.len() as u32);
        cipher
            .decrypt_inout_detached(
                (&nonce[..]).try_into().expect("12 bytes"),
                &field,
                (&mut body[..]).into(),
                tag.try_into().expect("16 bytes"),
            )
            .expect("authentic");
        found.chunks.push(body.len());
        found.plaintext.extend(body);
        rest = &rest[4 + len..];
    }
    found
}

/// Where the frames of a file are, by their length fields.
pub fn frames(file: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut frames = Vec::new();
    let mut at = HEADER;
    while at < file.len() {
        let len = u32::from_be_bytes(file[at..at + 4].try_into().expect("4 bytes")) as usize;
        frames.push(at..at + 4 + len);
        at += 4 + len;
    }
    assert_eq!(at, file.len(), "whole frames");
    frames
}
