//! A forger who has one sealed file and no passphrase. All chunks of a layer have one Poly1305 key, and
//! of several chunks that key can be computed. So the forger here makes tags of the outermost layer,
//! and moves ciphertext; nothing else of the secret is used. docs/formats/gocrypt.md has the arithmetic.

use crate::common::{Outcome, assert_same, open_of, pattern};
use crate::weak_common::by_hand::gocrypt::{
    self, CHUNK, FRAME, HEADER, Layer, TAG, frames, layers,
};
use crate::weak_common::{SECRET, secret};
use fetool::format::gocrypt::GoCrypt;
use fetool::{Error, Inspect, Open, status};

/// What the forger has computed from the file: what makes tags of its outermost layer.
struct Forger {
    outermost: Layer,
    keystream: Vec<u8>,
}

impl Forger {
    fn new(outermost: &Layer) -> Self {
        let mut keystream = gocrypt::frame(SECRET, outermost, &[0; CHUNK]);
        keystream.truncate(CHUNK);
        Self {
            outermost: outermost.clone(),
            keystream,
        }
    }

    /// A frame of this ciphertext with the tag that belongs to it. A Poly1305 key makes the tag of any
    /// ciphertext; the tests' cipher makes it by sealing what opens to that ciphertext. The forger never
    /// sees that.
    fn frame(&self, ciphertext: &[u8]) -> Vec<u8> {
        let pairs = ciphertext.iter().zip(&self.keystream);
        let text: Vec<u8> = pairs.map(|(a, b)| a ^ b).collect();
        let frame = gocrypt::frame(SECRET, &self.outermost, &text);
        assert_same(&frame[..ciphertext.len()], ciphertext);
        frame
    }

    /// A file of this header, whose outermost chunks hold this ciphertext.
    fn file(&self, header: &[u8], ciphertext: &[u8]) -> Vec<u8> {
        let mut file = header.to_vec();
        for chunk in ciphertext.chunks(CHUNK) {
            file.extend(self.frame(chunk));
        }
        file
    }
}

/// The ciphertext of the outermost layer without its tags.
fn ciphertext(file: &[u8]) -> Vec<u8> {
    let frames = frames(file).into_iter();
    let bodies = frames.map(|frame| &file[frame.start..frame.end - TAG]);
    bodies.collect::<Vec<_>>().concat()
}

fn open(file: &[u8], strict: bool) -> Outcome {
    open_of(Some(&GoCrypt), &secret(), file, 2, strict)
}

/// Opens to `text` with a warning; is refused where that is asked for; and is not verified.
#[track_caller]
fn forged(file: &[u8], text: &[u8], layers: &str) {
    let opened = open(file, false);
    assert!(opened.result.is_ok(), "{:?}", opened.result);
    assert_same(&opened.written, text);
    let [warning] = &opened.warnings[..] else {
        panic!("{:?}", opened.warnings);
    };
    assert!(
        warning.starts_with(&format!("with {layers}, ")),
        "{warning}"
    );
    assert!(warning.contains("without the passphrase"), "{warning}");

    let strict = open(file, true);
    assert!(matches!(strict.error(), Error::Strict(_)));
    assert!(strict.written.is_empty());

    let secret = secret();
    let checked = Open::new(&secret).format(Some(&GoCrypt)).check(file);
    let error = checked.as_ref().expect_err("nothing was verified");
    assert!(matches!(error, Error::Unauthenticated(_)), "{error}");
    assert_eq!(error.status(), status::KEY);
    let inspect = Inspect::new().format(Some(&GoCrypt));
    let mut report = inspect.run(file).expect("a report");
    assert_eq!(report.checked(checked).expect("of the file"), None);
    let fault = report.fault.expect("a fault");
    assert_eq!((fault.status, fault.offset), (status::KEY, None));
    assert_eq!(fault.message, format!("not verified: {warning}"));
}

/// The end of the plaintext goes, at every chunk of it, and all of it too.
#[test]
fn the_end_of_a_file_of_two_layers() {
    let text = pattern(5 * CHUNK + 100);
    let all = layers(2);
    let file = gocrypt::write(SECRET, &all, &text);
    let forger = Forger::new(&all[1]);
    for chunks in 0..=5 {
        // The header of the layer inside, and so many of its frames.
        let kept = &ciphertext(&file)[..HEADER + chunks * FRAME];
        let cut = forger.file(&file[..HEADER], kept);
        forged(&cut, &text[..chunks * CHUNK], "2 layers");
    }
}

/// Chunks of the plaintext that are 2048 apart lie alike in the outermost layer's chunks.
#[test]
fn two_chunks_of_a_file_of_two_layers_that_are_64_mib_apart() {
    // 64 MiB through ciphers that are not optimised take minutes.
    if std::env::var_os("FETOOL_BIG").is_none_or(|value| value != "1") {
        return;
    }
    const APART: usize = 2048;
    assert_eq!(APART * FRAME % CHUNK, 0);
    let (first, second) = (1, 1 + APART);
    // Of the file between them only the length matters, so the layer inside has all its chunks alike.
    let all = layers(2);
    let mut text = vec![0; (APART + 3) * CHUNK];
    text[first * CHUNK..][..CHUNK].copy_from_slice(&pattern(CHUNK));
    text[second * CHUNK..][..CHUNK].fill(7);
    let file = gocrypt::write(SECRET, &all, &text);
    let mut stored = ciphertext(&file);
    let at = |chunk: usize| HEADER + chunk * FRAME;
    let (low, high) = stored.split_at_mut(at(second));
    low[at(first)..][..FRAME].swap_with_slice(&mut high[..FRAME]);
    let swapped = Forger::new(&all[1]).file(&file[..HEADER], &stored);
    let mut expected = text.clone();
    expected[first * CHUNK..][..CHUNK].fill(7);
    expected[second * CHUNK..][..CHUNK].copy_from_slice(&pattern(CHUNK));
    forged(&swapped, &expected, "2 layers");
}

/// Any number of layers becomes two, and what comes out is the layer inside these.
#[test]
fn a_file_of_more_layers_becomes_one_of_two() {
    let text = pattern(2 * CHUNK);
    for count in [3, 5, 20] {
        let all = layers(count);
        let file = gocrypt::write(SECRET, &all, &text);
        let inside = gocrypt::write(SECRET, &all[..usize::from(count) - 2], &text);
        let mut stored = ciphertext(&file);
        // The number of the layer inside is known, so that it can be changed to 1.
        stored[0] ^= (count - 1) ^ 1;
        let mut header = file[..HEADER].to_vec();
        header[0] = 2;
        let forged_file = Forger::new(&all[usize::from(count) - 1]).file(&header, &stored);
        forged(&forged_file, &inside, "2 layers");
    }
}

/// Three layers or more: the layers inside are out of step with the cuts that a forger can make.
#[test]
fn no_cut_of_a_file_of_three_layers_opens() {
    let text = pattern(4 * CHUNK + 100);
    let all = layers(3);
    let file = gocrypt::write(SECRET, &all, &text);
    let stored = ciphertext(&file);
    let forger = Forger::new(&all[2]);
    // At the edges of all layers' frames, and a tag around them.
    let edges = (0..=4).flat_map(|i| {
        let inner = HEADER + i * FRAME;
        [
            inner,
            HEADER + inner,
            HEADER + inner + inner.div_ceil(CHUNK) * TAG,
        ]
    });
    for edge in edges.flat_map(|edge| [edge - TAG, edge, edge + TAG]) {
        let cut = forger.file(&file[..HEADER], &stored[..edge.min(stored.len() - 1)]);
        let opened = open(&cut, false);
        assert!(opened.result.is_err(), "cut to {edge}");
        assert!(text.starts_with(&opened.written), "cut to {edge}");
    }
}

/// What fills one chunk has one tag a layer, and nothing of it can be forged.
#[test]
fn one_chunk_in_three_layers_is_sound_and_two_are_warned_of() {
    let all = layers(3);
    // Two layers around it, of a header and a tag each.
    let most = CHUNK - 2 * (HEADER + TAG);
    for (len, sound) in [(0, true), (100, true), (most - 1, true), (most + 1, false)] {
        let text = pattern(len);
        let file = gocrypt::write(SECRET, &all, &text);
        let opened = open(&file, false);
        assert_same(&opened.written, &text);
        assert_eq!(opened.warnings.is_empty(), sound, "{len}");
        assert_eq!(open(&file, true).result.is_ok(), sound, "{len}");
        for warning in opened.warnings {
            assert!(
                warning.starts_with("with 3 layers, the outermost layer"),
                "{warning}"
            );
        }
        let secret = secret();
        let checked = Open::new(&secret).format(Some(&GoCrypt)).check(&file[..]);
        assert!(checked.is_ok(), "{len}");
    }
}
