//! What is behind the header of a Dexios file, changed: single bits, cuts, and whole blocks.

use crate::dexios_common::forge::{BLOCK, Forge, HEADER, TAG};
use crate::dexios_common::{SECRET, open, pattern, remembered, vector, watchdog};
use fetool::aead::Algorithm;
use fetool::format::dexios::DexiosHeader;
use fetool::format::{ChunkId, Header};
use fetool::{Open, status};
use std::num::NonZeroUsize;

/// Expects a failure, and nothing wrong before it; returns the status and what came out.
#[track_caller]
fn fails(file: &[u8], plaintext: &[u8], what: &str) -> (u8, usize) {
    let secret = remembered(SECRET);
    let mut opened = Vec::new();
    let error = Open::new(&secret)
        .legacy_slots(true)
        .jobs(NonZeroUsize::new(3).unwrap())
        .run(file, &mut opened)
        .expect_err(what);
    assert!(plaintext.starts_with(&opened), "{what}: wrong bytes");
    (error.status(), opened.len())
}

/// Every bit of a short file's body, through all of the machinery.
#[test]
fn every_bit_of_a_short_body() {
    let _dog = watchdog();
    let mut file = Forge::new(&[SECRET], b"short").file();
    for bit in HEADER * 8..file.len() * 8 {
        file[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(fails(&file, b"", "flip"), (status::KEY, 0), "bit {bit}");
        file[bit / 8] ^= 1 << (bit % 8);
    }
    assert_eq!(open(SECRET, &file).unwrap(), b"short");
}

/// Every bit of a body of 1000 bytes, with the secret hashed only once.
#[test]
fn every_bit_of_a_body_in_the_codec() {
    let _dog = watchdog();
    let v1 = vector("dexios_v1_xchacha20poly1305_memory_1000.dx");
    let plaintext = open(SECRET, &v1).unwrap();
    for file in [
        "dexios_v1_aes256gcm_memory_1000.dx",
        "dexios_v1_deoxys2-256_memory_1000.dx",
        "dexios_v3_xchacha20poly1305_stream_1000.dx",
        "dexios_v4_deoxys2-256_stream_1000.dx",
        "dexios_v5_aes256gcm_balloon_1000.dx",
    ] {
        let bytes = vector(file);
        let header = DexiosHeader::decode(&bytes).unwrap();
        let body = &bytes[header.size()..];
        let secret = remembered(SECRET);
        let first = header.tries_first_frame().then_some(body);
        let unlocked = header.unlock(&(&secret).into(), first).unwrap();
        let id = ChunkId {
            index: 0,
            last: true,
            offset: header.size() as u64,
        };
        let mut frame = body.to_vec();
        let range = unlocked.codec.open(id, &mut frame).unwrap();
        assert!(frame[range] == plaintext, "{file}");
        for bit in 0..body.len() * 8 {
            let mut frame = body.to_vec();
            frame[bit / 8] ^= 1 << (bit % 8);
            unlocked.codec.open(id, &mut frame).unwrap_err();
            // Plaintext that failed to authenticate is not left lying about.
            let same = frame.iter().zip(&plaintext).filter(|(a, b)| a == b).count();
            assert!(same < 100, "{file}: bit {bit} leaves plaintext");
        }
    }
}

#[test]
fn every_cut_of_a_short_body() {
    let _dog = watchdog();
    let stream = Forge::new(&[SECRET], b"short");
    let memory = Forge::new(&[SECRET], b"short").in_memory();
    let empty = Forge::new(&[SECRET], b"");
    for file in [stream.file(), memory.file(), empty.file()] {
        for cut in HEADER..file.len() {
            // Less than a tag cannot be a block at all.
            let expected = if cut < HEADER + TAG {
                status::TRUNCATED
            } else {
                status::KEY
            };
            assert_eq!(
                fails(&file[..cut], b"", "cut"),
                (expected, 0),
                "cut at {cut}"
            );
        }
    }
    let v1 = vector("dexios_v1_deoxys2-256_memory_1000.dx");
    for cut in (64..80).chain((80..1080).step_by(53)).chain([1079]) {
        let (status, _) = fails(&v1[..cut], b"", "cut");
        assert_eq!(
            status,
            if cut < 80 {
                status::TRUNCATED
            } else {
                status::KEY
            }
        );
    }
}

#[test]
fn trailing_bytes() {
    let _dog = watchdog();
    for file in [
        Forge::new(&[SECRET], b"short").file(),
        Forge::new(&[SECRET], b"short").in_memory().file(),
        Forge::new(&[SECRET], b"").file(),
        vector("dexios_v1_aes256gcm_memory_1000.dx"),
        vector("dexios_v4_aes256gcm_stream_1000.dx"),
    ] {
        for more in [1, 16, 1000, BLOCK, BLOCK + TAG] {
            let longer = [&file[..], &vec![0; more]].concat();
            assert_eq!(fails(&longer, b"", "trailing"), (status::KEY, 0));
            if file[1] == 4 {
                break; // its hash takes long
            }
        }
        // The whole file twice.
        assert_eq!(fails(&file.repeat(2), b"", "twice"), (status::KEY, 0));
    }
}

struct Blocks {
    forge: Forge,
    blocks: Vec<Vec<u8>>,
}

impl Blocks {
    /// Three full blocks and a short one.
    fn new() -> Self {
        let forge = Forge::new(&[SECRET], &pattern(3 * BLOCK + 100));
        let blocks = forge.blocks();
        assert_eq!(blocks.len(), 4);
        Self { forge, blocks }
    }

    fn file(&self, order: &[usize]) -> Vec<u8> {
        let body: Vec<_> = order.iter().map(|i| &self.blocks[*i][..]).collect();
        [self.forge.header(), body.concat()].concat()
    }

    /// Expects a failure after the good blocks before it, of which what comes out may miss some.
    #[track_caller]
    fn fails(&self, file: &[u8], good: usize, expected: u8) {
        let (status, len) = fails(file, &self.forge.plaintext, "blocks");
        assert_eq!(status, expected);
        assert_eq!(len, good * BLOCK, "what came out");
    }
}

#[test]
fn blocks_in_another_order() {
    let _dog = watchdog();
    let blocks = Blocks::new();
    let whole = blocks.file(&[0, 1, 2, 3]);
    assert!(open(SECRET, &whole).unwrap() == blocks.forge.plaintext);
    for (order, good, status) in [
        // Swapped.
        (&[1, 0, 2, 3][..], 0, status::KEY),
        (&[0, 2, 1, 3], 1, status::KEY),
        // Dropped; where the end is missing the file is short.
        (&[1, 2, 3], 0, status::KEY),
        (&[0, 2, 3], 1, status::KEY),
        (&[0, 1, 3], 2, status::KEY),
        (&[0, 1, 2], 3, status::TRUNCATED),
        (&[0], 1, status::TRUNCATED),
        (&[3], 0, status::KEY),
        (&[], 0, status::TRUNCATED),
        // Twice. A short block that is followed by others is cut at a block's length.
        (&[0, 0, 1, 2, 3], 1, status::KEY),
        (&[0, 1, 2, 2, 3], 3, status::KEY),
        (&[0, 1, 2, 3, 3], 3, status::KEY),
        (&[0, 3, 1, 2], 1, status::KEY),
    ] {
        blocks.fails(&blocks.file(order), good, status);
    }
}

#[test]
fn cuts_around_blocks() {
    let _dog = watchdog();
    let blocks = Blocks::new();
    let whole = blocks.file(&[0, 1, 2, 3]);
    let frame = BLOCK + TAG;
    for block in 1..4 {
        let end = HEADER + block * frame;
        blocks.fails(&whole[..end - 1], block - 1, status::KEY);
        blocks.fails(&whole[..end], block, status::TRUNCATED);
        blocks.fails(&whole[..end + 1], block, status::TRUNCATED);
        blocks.fails(&whole[..end + TAG - 1], block, status::TRUNCATED);
        blocks.fails(&whole[..end + TAG], block, status::KEY);
    }
    blocks.fails(&whole[..whole.len() - 1], 3, status::KEY);
    // A bit in each block.
    for block in 0..4 {
        let mut file = whole.clone();
        file[HEADER + block * frame + 50] ^= 4;
        blocks.fails(&file, block, status::KEY);
    }
}

/// Blocks under the right key that no Dexios would have sealed that way.
#[test]
fn marks_and_numbers() {
    let _dog = watchdog();
    let forge = Forge::new(&[SECRET], &pattern(BLOCK + 5));
    let (full, rest) = forge.plaintext.split_at(BLOCK);
    let check = |blocks: &[Vec<u8>], good: usize, expected| {
        let file = [forge.header(), blocks.concat()].concat();
        let result = fails(&file, &forge.plaintext, "marks");
        assert_eq!(result, (expected, good * BLOCK));
    };
    let (first, last) = (forge.block(0, false, full), forge.block(1, true, rest));
    let file = [forge.header(), first.clone(), last.clone()].concat();
    assert!(open(SECRET, &file).unwrap() == forge.plaintext);
    // The last block without its mark, and the first with it.
    check(
        &[first.clone(), forge.block(1, false, rest)],
        1,
        status::KEY,
    );
    check(&[forge.block(0, true, full), last.clone()], 0, status::KEY);
    // A last block that is full, which it never is.
    check(&[forge.block(0, true, full)], 0, status::KEY);
    check(&[first.clone(), forge.block(1, true, full)], 1, status::KEY);
    // Numbers that do not count from 0 in ones.
    check(
        &[forge.block(1, false, full), forge.block(2, true, rest)],
        0,
        status::KEY,
    );
    check(&[first.clone(), forge.block(2, true, rest)], 1, status::KEY);
    // Something behind the last, sealed as its successor.
    check(
        &[first, last, forge.block(2, true, b"more")],
        1,
        status::KEY,
    );
}

/// A block that is a whole memory-mode file of another AEAD's length of nonce, and the reverse.
#[test]
fn modes_are_not_mixed_up() {
    let _dog = watchdog();
    for algorithm in [
        Algorithm::XChaCha20Poly1305,
        Algorithm::Aes256Gcm,
        Algorithm::DeoxysII256,
    ] {
        let forge = |stream| {
            let forge = Forge::new(&[SECRET], b"text").algorithm(algorithm);
            if stream { forge } else { forge.in_memory() }
        };
        for stream in [true, false] {
            let file = forge(stream).file();
            assert_eq!(open(SECRET, &file).unwrap(), b"text");
            let mixed = [forge(!stream).header(), forge(stream).blocks().concat()].concat();
            assert_eq!(fails(&mixed, b"", "modes"), (status::KEY, 0));
        }
    }
}
