//! Headers: decoded and encoded again they are the same bytes, and `inspect` shows these bytes.

use fetool::format::dexios::{DexiosHeader, Version};
use fetool::format::gfe::GfeHeader;
use fetool::format::gocrypt::LayerHeader;
use fetool::format::parallel_encryptor::ParallelHeader;
use fetool::format::{FORMATS, HEAD_MAX};
use fetool::{Error, status};

pub fn headers(input: &[u8]) {
    let head = &input[..input.len().min(HEAD_MAX)];
    for format in FORMATS {
        match format.header(head) {
            Ok(header) => {
                let fields = header.describe().fields;
                let shown: Vec<u8> = fields.into_iter().flat_map(|field| field.bytes).collect();
                assert_eq!(shown, head[..header.size()], "{}", format.name());
            }
            Err(error) => refused(&error),
        }
    }
    if let Ok(header) = GfeHeader::decode(head) {
        same(&header.encode(), head);
    }
    if let Ok(header) = LayerHeader::decode(head) {
        same(&header.encode(), head);
    }
    if let Ok(header) = ParallelHeader::decode(head) {
        same(&header.encode(), head);
    }
    if let Ok(header) = DexiosHeader::decode(head) {
        dexios(&header, head);
    }
}

fn same(encoded: &[u8], head: &[u8]) {
    assert_eq!(encoded, &head[..encoded.len()]);
}

fn dexios(header: &DexiosHeader, head: &[u8]) {
    let encoded = header.encode();
    if header.version < Version::V5 {
        return same(&encoded, head);
    }
    // Slots are written anew, without what is in their unused bytes: the same where that is zero.
    assert_eq!(encoded.len(), header.version.header_len());
    let again = DexiosHeader::decode(&encoded).expect("it was encoded");
    assert_eq!(again.slots, header.slots);
    assert_eq!((again.mode, &again.nonce), (header.mode, &header.nonce));
    assert_eq!(again.encode(), encoded);
    same(&encoded[..PREFIX], head);
    if is_canonical(header, head) {
        same(&encoded, head);
    }
}

const PREFIX: usize = 32;
const SLOT: usize = 96;

/// Whether used slots come first, and all that is not used is zero.
fn is_canonical(header: &DexiosHeader, head: &[u8]) -> bool {
    let slots = &head[PREFIX..header.version.header_len()];
    let zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    let nonce_end = 50 + header.algorithm.nonce_len();
    slots.chunks(SLOT).enumerate().all(|(i, slot)| {
        if i < header.slots.len() {
            slot[0] == 0xDF && zero(&slot[nonce_end..74]) && zero(&slot[90..])
        } else {
            zero(slot)
        }
    })
}

/// What is wrong with a header is said with one of the statuses for that.
fn refused(error: &Error) {
    let known = [status::FORMAT, status::TRUNCATED];
    assert!(known.contains(&error.status()), "{error:?}");
    assert!(
        error
            .offset()
            .is_none_or(|offset| offset <= HEAD_MAX as u64)
    );
}
