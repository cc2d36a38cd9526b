//! GFE, GoCrypt and Parallel-Encryptor.

use super::super::choices::Choices;
use super::super::common::KEY;
use super::super::common::by_hand::{self, Data, Nonces, STREAM};
use super::super::secret::{derive, plaintext};
use super::{Parts, Sample, frame};
use fetool::aead::{Aead, Algorithm};
use fetool::format::gocrypt::{self, DERIVATION, LayerHeader};
use fetool::format::parallel_encryptor::ParallelHeader;
use fetool::kdf::Derivation;

/// Marks what belongs to the other file.
const OTHER: u8 = 0x80;

pub fn gfe(choices: &mut Choices<'_>) -> Sample {
    let chunk = choices.one_of(&[16, 1, 7, 100, 1000, 5000]);
    let len = chunk * choices.below(6) + choices.below(chunk);
    let plaintext = plaintext(len);
    let mut chunks: Vec<&[u8]> = plaintext.chunks(chunk).collect();
    let all = [
        (Nonces::Replaced, Data::SizeField),
        (Nonces::Summed, Data::SizeField),
        (Nonces::Replaced, Data::Nothing),
        (Nonces::Summed, Data::Nothing),
    ];
    let mut reading = choices.one_of(&all);
    let size = match choices.below(3) {
        0 if len > 0 => len as u64,
        1 => 0,
        _ => {
            // Nobody but fetool writes these, and in one way only.
            reading = all[0];
            if len.is_multiple_of(chunk) {
                chunks.push(&[]);
            }
            STREAM + chunk as u64
        }
    };
    let counter = choices.one_of(&[[0; 4], [0, 0, 0, 1], [0xFF; 4], *b"\xFF\xFF\xFF\xFE"]);
    let write = |other: u8| {
        let mut base = [other | 7; 12];
        base[8..].copy_from_slice(&counter);
        let (rule, data) = reading;
        by_hand::write(&KEY, rule, data, base, size, chunks.iter().copied())
    };
    let file = write(0);
    let mut edges = vec![0, by_hand::HEADER];
    edges.extend(by_hand::frames(&file).iter().map(|frame| frame.end));
    Sample {
        other: write(OTHER),
        edges,
        file,
        plaintext,
        inside: Vec::new(),
    }
}

pub fn parallel_encryptor(choices: &mut Choices<'_>) -> Sample {
    let chunk = choices.one_of(&[16, 1, 7, 100, 1000, 5000]);
    let plaintext = plaintext(chunk * choices.below(6) + choices.below(chunk));
    let key = Derivation::Sha256.derive(&KEY, b"").expect("a key");
    let aead = Aead::new(Algorithm::Aes256Gcm, &key);
    // With one chunk the size may be any that is not less.
    let announced = chunk as u32
        + choices.one_of(&[0, 1, 1 << 20, 1 << 30]) * u32::from(plaintext.len() <= chunk);
    let write = |other: u8| {
        let header = ParallelHeader {
            nonce: [other | 7; 8],
            chunk: announced,
        };
        let mut parts = Parts::default();
        parts.push(&header.encode());
        for (number, text) in (0u32..).zip(plaintext.chunks(chunk)) {
            let nonce = [&header.nonce[..], &number.to_be_bytes()].concat();
            parts.push(&frame(&aead, &nonce, b"", text));
        }
        parts
    };
    let (file, other) = (write(0), write(OTHER));
    file.sample(plaintext, other)
}

pub fn gocrypt(choices: &mut Choices<'_>) -> Sample {
    let chunk = gocrypt::CHUNK_LEN;
    let len = match choices.byte() {
        small @ 0..0xC0 => 20 * usize::from(small),
        large => chunk * usize::from(large & 3) + usize::from(large >> 2 & 3),
    };
    let plaintext = plaintext(len);
    let layers = choices.one_of(&[1, 2, 3, 5, 20]);
    let v1 = choices.below(8) == 7;
    let write = |other: u8| {
        let (mut stream, mut edges) = (plaintext.clone(), Vec::new());
        let mut inside = Vec::new();
        for layer in 1..=layers {
            let header = LayerHeader {
                layer,
                nonce: [other | layer; 24],
                salt: [other | layer; 16],
            };
            let key = derive(DERIVATION, &KEY, &header.salt).expect("a key");
            let aead = Aead::new(Algorithm::XChaCha20Poly1305, &key);
            let mut parts = Parts::default();
            parts.push(&header.encode());
            for text in stream.chunks(chunk) {
                parts.push(&frame(&aead, &header.nonce, b"", text));
            }
            edges = parts.edges;
            inside = std::mem::replace(&mut stream, parts.file);
        }
        edges.push(stream.len());
        if v1 {
            stream.remove(0);
        }
        (stream, edges, inside)
    };
    let (file, edges, inside) = write(0);
    let (other, _, inside_other) = write(OTHER);
    Sample {
        other,
        edges,
        file,
        plaintext,
        inside: vec![inside, inside_other],
    }
}
