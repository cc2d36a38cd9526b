//! The AEAD engines: every one that has an algorithm gives the same bytes and the same verdicts.

use super::choices::Choices;
use super::secret::plaintext;
use fetool::aead::fixed_nonce::FixedNonce;
use fetool::aead::{Aead, AeadError, Algorithm, Engine, KEY_LEN, Tag};

/// Around the edges of what engines do at a time.
const EDGES: [usize; 8] = [0, 16, 64, 128, 256, 512, 1024, 4096];

pub fn engines(input: &[u8]) {
    let mut choices = Choices::new(input);
    let algorithm = choices.one_of(&Algorithm::ALL);
    let ad_len = len(&mut choices);
    let text_len = len(&mut choices);
    let spoil = choices.byte();
    let at = choices.below(1 << 16);
    let key = choices.array();
    let nonce = choices.array::<24>();
    let nonce = &nonce[..algorithm.nonce_len()];
    let filler = choices.rest();
    let ad = filled(ad_len, filler);
    let text = filled(text_len, filler);

    let engines: Vec<Aead> = Engine::ALL
        .into_iter()
        .filter_map(|engine| Aead::with_engine(engine, algorithm, &key))
        .collect();
    assert_eq!(engines.last().map(Aead::engine), Some(Engine::RustCrypto));
    let (sealed, tag) = agreed(&engines, |engine| {
        let mut buffer = text.clone();
        let tag = engine.seal(nonce, &ad, &mut buffer).expect("seals");
        (buffer, tag)
    });
    let opened = agreed(&engines, |engine| open(engine, nonce, &ad, &sealed, &tag));
    assert_eq!(opened, Ok(text.clone()), "{algorithm}");
    if algorithm == Algorithm::XChaCha20Poly1305 && ad.is_empty() {
        fixed_nonce(&key, nonce, &text, &sealed, &tag);
    }

    let (mut bad_nonce, mut bad_ad) = (nonce.to_vec(), ad.clone());
    let (mut bad_sealed, mut bad_tag) = (sealed, tag);
    let spoiled = match spoil % 4 {
        0 => &mut bad_nonce[..],
        1 => &mut bad_ad,
        2 => &mut bad_sealed,
        _ => &mut bad_tag,
    };
    match spoiled.len() {
        // Nothing to flip: something is added.
        0 if spoil % 4 == 1 => bad_ad.push(0),
        0 => bad_sealed.push(0),
        len => spoiled[at % len] ^= 1 << (spoil >> 5),
    }
    let refused = agreed(&engines, |engine| {
        open(engine, &bad_nonce, &bad_ad, &bad_sealed, &bad_tag)
    });
    assert_eq!(refused, Err(AeadError::Tag), "{algorithm}");
}

/// Near an edge, or anything up to 16 KiB.
fn len(choices: &mut Choices<'_>) -> usize {
    let [kind, low] = choices.array();
    match usize::from(kind) {
        kind if kind < 0xF0 => {
            (EDGES[kind % EDGES.len()] + usize::from(low % 36)).saturating_sub(17)
        }
        kind => (kind & 0xF) << 10 | usize::from(low) << 2,
    }
}

/// The input's bytes, and where there are too few a pattern.
fn filled(len: usize, filler: &[u8]) -> Vec<u8> {
    let mut bytes = plaintext(len);
    let given = len.min(filler.len());
    bytes[..given].copy_from_slice(&filler[..given]);
    bytes
}

/// What every engine says.
fn agreed<T: PartialEq>(engines: &[Aead], say: impl Fn(&Aead) -> T) -> T {
    let mut said = engines.iter().map(|engine| (engine, say(engine)));
    let (_, first) = said.next().expect("RustCrypto is always there");
    for (engine, other) in said {
        assert!(other == first, "{engine:?} says something else");
    }
    first
}

fn open(
    engine: &Aead,
    nonce: &[u8],
    ad: &[u8],
    sealed: &[u8],
    tag: &Tag,
) -> Result<Vec<u8>, AeadError> {
    let mut buffer = sealed.to_vec();
    let opened = engine.open(nonce, ad, &mut buffer, tag);
    if opened.is_err() {
        assert!(buffer.iter().all(|byte| *byte == 0), "{engine:?}: wiped");
    }
    opened.map(|()| buffer)
}

/// The cipher of GoCrypt's repeated nonces is the same one.
fn fixed_nonce(key: &[u8; KEY_LEN], nonce: &[u8], text: &[u8], sealed: &[u8], tag: &Tag) {
    let nonce = nonce.try_into().expect("24 bytes");
    let fixed = FixedNonce::new(key, nonce, text.len());
    let mut buffer = text.to_vec();
    assert_eq!(fixed.seal(&mut buffer), Ok(*tag));
    assert_eq!(buffer, sealed);
    assert_eq!(fixed.open(&mut buffer, tag), Ok(()));
    assert_eq!(buffer, text);
    let mut bad = *tag;
    bad[0] ^= 1;
    let mut room = vec![0xA5; text.len()];
    let refused = fixed.open_into(sealed, &bad, &mut room);
    assert_eq!(refused, Err(AeadError::Tag));
    assert!(room.iter().all(|byte| *byte == 0xA5), "nothing came out");
}
