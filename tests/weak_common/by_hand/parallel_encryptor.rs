//! The AES-GCM File Encryptor (Parallel-Encryptor).
//!
//! ```text
//! 8 bytes nonce | u32 BE chunk size C | frames of C bytes and a tag, the last perhaps shorter
//! ```

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};
use sha2::{Digest, Sha256};
use std::ops::Range;

pub const HEADER: usize = 8 + 4;
pub const TAG: usize = 16;

/// The file.
pub fn write(secret: &[u8], nonce: [u8; 8], chunk: u32, plaintext: &[u8]) -> Vec<u8> {
    let cipher = cipher(secret);
    let mut file = header(nonce, chunk);
    for (number, text) in (0..).zip(plaintext.chunks(chunk as usize)) {
        file.extend(seal(&cipher, nonce, number, text));
    }
    file
}

pub fn header(nonce: [u8; 8], chunk: u32) -> Vec<u8> {
    [&nonce[..], &chunk.to_be_bytes()].concat()
}

/// One frame by itself.
pub fn frame(secret: &[u8], nonce: [u8; 8], number: u32, text: &[u8]) -> Vec<u8> {
    seal(&cipher(secret), nonce, number, text)
}

fn seal(cipher: &Aes256Gcm, nonce: [u8; 8], number: u32, text: &[u8]) -> Vec<u8> {
    let mut frame = text.to_vec();
    let nonce = numbered(nonce, number);
    let tag = cipher
        .encrypt_inout_detached((&nonce).into(), &[], frame.as_mut_slice().into())
        .expect("a short message");
    frame.extend_from_slice(&tag);
    frame
}

fn cipher(secret: &[u8]) -> Aes256Gcm {
    Aes256Gcm::new(&Sha256::digest(secret))
}

fn numbered(nonce: [u8; 8], number: u32) -> [u8; 12] {
    let mut all = [0; 12];
    all[..8].copy_from_slice(&nonce);
    all[8..].copy_from_slice(&number.to_be_bytes());
    all
}

/// What the small reader found in a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    pub nonce: [u8; 8],
    pub chunk: u32,
    pub plaintext: Vec<u8>,
}

/// Panics where the file is not just as it should be.
pub fn read(secret: &[u8], file: &[u8]) -> Found {
    let cipher = cipher(secret);
    let mut found = Found {
        nonce: file[..8].try_into().expect("8 bytes"),
        chunk: u32::from_be_bytes(file[8..12].try_into().expect("4 bytes")),
        plaintext: Vec::new(),
    };
    for (number, frame) in (0..).zip(frames(file)) {
        let (body, tag) = file[frame.clone()].split_at(frame.len() - TAG);
        assert!(!body.is_empty(), "an empty chunk");
        let mut body = body.to_vec();
        let nonce = numbered(found.nonce, number);
        let tag = tag.try_into().expect("16 bytes");
        cipher
            .decrypt_inout_detached((&nonce).into(), &[], body.as_mut_slice().into(), tag)
            .expect("authentic");
        found.plaintext.extend(body);
    }
    found
}

/// Where the frames of a file are.
pub fn frames(file: &[u8]) -> Vec<Range<usize>> {
    let chunk = u32::from_be_bytes(file[8..12].try_into().expect("4 bytes"));
    let frame = chunk as usize + TAG;
    (HEADER..file.len())
        .step_by(frame)
        .map(|start| start..file.len().min(start + frame))
        .collect()
}

/// How long the file of `len` bytes is.
pub fn stored(len: usize, chunk: usize) -> usize {
    HEADER + len + TAG * len.div_ceil(chunk)
}
