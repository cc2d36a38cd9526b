//! GoCrypt: layers of whole streams, one in the other.
//!
//! ```text
//! layer k:  u8 k | 24 bytes nonce | 16 bytes salt | frames of 32768 bytes of layer k-1, and a tag
//! ```
//!
//! Layer 0 is the plaintext, the file is the last layer. GoCrypt 1.0 had one layer and no first byte.

use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;

pub const HEADER: usize = 1 + 24 + 16;
pub const HEADER_V1: usize = 24 + 16;
pub const TAG: usize = 16;
/// Plaintext of a whole frame.
pub const CHUNK: usize = 32_768;
pub const FRAME: usize = CHUNK + TAG;

/// What of a layer's header is random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    pub nonce: [u8; 24],
    pub salt: [u8; 16],
}

/// As many layers as are wanted, all of them different.
pub fn layers(count: u8) -> Vec<Layer> {
    (1..=count)
        .map(|number| Layer {
            nonce: [number; 24],
            salt: [!number; 16],
        })
        .collect()
}

/// The file, with the innermost layer's header first in `layers`.
pub fn write(secret: &[u8], layers: &[Layer], plaintext: &[u8]) -> Vec<u8> {
    let mut stream = plaintext.to_vec();
    for (number, layer) in (1..).zip(layers) {
        stream = wrap(secret, number, layer, &stream);
    }
    stream
}

/// One layer around a stream. Nobody but a forger gives it a number that does not fit.
pub fn wrap(secret: &[u8], number: u8, layer: &Layer, stream: &[u8]) -> Vec<u8> {
    [&[number], &write_v1(secret, layer, stream)[..]].concat()
}

/// A file of GoCrypt 1.0.
pub fn write_v1(secret: &[u8], layer: &Layer, plaintext: &[u8]) -> Vec<u8> {
    let cipher = cipher(secret, layer);
    let mut file = [&layer.nonce[..], &layer.salt].concat();
    for chunk in plaintext.chunks(CHUNK) {
        file.extend(seal(&cipher, layer, chunk));
    }
    file
}

/// One frame by itself: every frame of a layer has the same nonce.
pub fn frame(secret: &[u8], layer: &Layer, chunk: &[u8]) -> Vec<u8> {
    seal(&cipher(secret, layer), layer, chunk)
}

fn seal(cipher: &XChaCha20Poly1305, layer: &Layer, chunk: &[u8]) -> Vec<u8> {
    let mut frame = chunk.to_vec();
    let tag = cipher
        .encrypt_inout_detached((&layer.nonce).into(), &[], frame.as_mut_slice().into())
        .expect("a short message");
    frame.extend_from_slice(&tag);
    frame
}

/// What the small reader found in a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The innermost first.
    pub layers: Vec<Layer>,
    pub plaintext: Vec<u8>,
}

/// Panics where the file is not just as it should be.
pub fn read(secret: &[u8], file: &[u8]) -> Found {
    let mut found = Found {
        layers: Vec::new(),
        plaintext: file.to_vec(),
    };
    for number in (1..=file[0]).rev() {
        assert_eq!(found.plaintext[0], number, "the number of a layer");
        let (layer, inner) = unwrap(secret, &found.plaintext[1..]);
        found.layers.insert(0, layer);
        found.plaintext = inner;
    }
    found
}

/// A file of GoCrypt 1.0.
pub fn read_v1(secret: &[u8], file: &[u8]) -> Found {
    let (layer, plaintext) = unwrap(secret, file);
    Found {
        layers: vec![layer],
        plaintext,
    }
}

/// A layer without its first byte.
fn unwrap(secret: &[u8], stream: &[u8]) -> (Layer, Vec<u8>) {
    let layer = Layer {
        nonce: stream[..24].try_into().expect("24 bytes"),
        salt: stream[24..40].try_into().expect("16 bytes"),
    };
    let cipher = cipher(secret, &layer);
    let mut inner = Vec::new();
    for frame in stream[HEADER_V1..].chunks(FRAME) {
        let (body, tag) = frame.split_at(frame.len() - TAG);
        assert!(!body.is_empty(), "an empty chunk");
        let mut body = body.to_vec();
        let tag = tag.try_into().expect("16 bytes");
        cipher
            .decrypt_inout_detached((&layer.nonce).into(), &[], body.as_mut_slice().into(), tag)
            .expect("authentic");
        inner.extend(body);
    }
    (layer, inner)
}

fn cipher(secret: &[u8], layer: &Layer) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&key(secret, &layer.salt)).into())
}

/// Each is derived once: it takes long, and many tests have the same.
fn key(secret: &[u8], salt: &[u8; 16]) -> [u8; 32] {
    type Known = BTreeMap<(Vec<u8>, [u8; 16]), [u8; 32]>;
    static KNOWN: Mutex<Known> = Mutex::new(BTreeMap::new());
    let of = (secret.to_vec(), *salt);
    if let Some(key) = KNOWN.lock().expect("no panics").get(&of) {
        return *key;
    }
    let mut key = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha256>(secret, salt, 4096, &mut key);
    KNOWN.lock().expect("no panics").insert(of, key);
    key
}

/// How long the stream of so many layers around `len` bytes is.
pub fn stored(len: usize, layers: usize) -> usize {
    (0..layers).fold(len, |len, _| HEADER + len + TAG * len.div_ceil(CHUNK))
}

/// Where the frames of the outermost layer are.
pub fn frames(file: &[u8]) -> Vec<Range<usize>> {
    (HEADER..file.len())
        .step_by(FRAME)
        .map(|start| start..file.len().min(start + FRAME))
        .collect()
}
