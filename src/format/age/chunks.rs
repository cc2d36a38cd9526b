//! The chunks: their positions, and the AEAD work on them.

use crate::Error;
use crate::aead::{Aead, Algorithm, TAG_LEN, Tag};
use crate::format::{ChunkId, End, Layout, OpenChunk, SealChunk};
use crate::kdf::Key;
use std::ops::Range;

/// Plaintext bytes of every chunk but the last.
pub const CHUNK_LEN: usize = 64 << 10;

pub(super) const LAYOUT: Layout = Layout {
    chunk: CHUNK_LEN,
    prefix: 0,
    suffix: TAG_LEN,
    end: End::Full,
    // The counter has 88 bits.
    max_chunks: u64::MAX,
};

/// The AEAD work on chunks. A chunk's nonce is its number in 11 bytes, and whether it is the last.
pub(super) struct Chunks(Aead);

impl Chunks {
    pub fn new(payload_key: &Key) -> Self {
        Self(Aead::new(Algorithm::ChaCha20Poly1305, payload_key))
    }

    fn nonce(index: u64, last: bool) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&index.to_be_bytes());
        nonce[11] = last.into();
        nonce
    }

    fn opened(&self, nonce: [u8; 12], frame: &[u8], room: &mut [u8]) -> Option<Range<usize>> {
        let (body, tag) = frame.split_last_chunk::<TAG_LEN>()?;
        let room = room.get_mut(..body.len())?;
        let opened = self.0.open_to(&nonce, b"", body, tag, room);
        opened.is_ok().then_some(0..body.len())
    }
}

impl SealChunk for Chunks {
    fn seal(&self, id: ChunkId, frame: &mut [u8]) -> Result<(), Error> {
        // The payload key belongs to this file alone, so no nonce repeats under it.
        let (plaintext, room) = frame
            .split_last_chunk_mut::<TAG_LEN>()
            .expect("the layout leaves room for the tag");
        *room = self
            .0
            .seal(&Self::nonce(id.index, id.last), b"", plaintext)
            .expect("the nonce has 12 bytes, and a chunk is no long message");
        Ok(())
    }
}

impl OpenChunk for Chunks {
    fn open(&self, id: ChunkId, frame: &mut [u8]) -> Result<Range<usize>, Error> {
        let end = frame.len() - TAG_LEN; // the walk lets nothing shorter pass
        let (body, tag) = frame.split_at_mut(end);
        let tag: &Tag = (&*tag).try_into().expect("16 bytes were split off");
        self.0
            .open(&Self::nonce(id.index, id.last), b"", body, tag)
            .map_err(|_| id.not_authentic())?;
        Ok(0..end)
    }

    fn open_from(&self, id: ChunkId, frame: &[u8], room: &mut [u8]) -> Result<Range<usize>, Error> {
        self.opened(Self::nonce(id.index, id.last), frame, room)
            .ok_or_else(|| id.not_authentic())
    }

    /// The end of the file shows which chunk is the last. A full chunk that authenticates as the other kind shows that
    /// the file was cut, or that something was appended.
    fn looks_again(&self) -> bool {
        true
    }

    fn open_as_other(
        &self,
        id: ChunkId,
        frame: &[u8],
        room: &mut [u8],
    ) -> Option<(Range<usize>, Error)> {
        if frame.len() < LAYOUT.frame() {
            return None;
        }
        let plaintext = self.opened(Self::nonce(id.index, !id.last), frame, room)?;
        let end = id.offset + frame.len() as u64;
        let fault = match id.last {
            true => Error::truncated(end, "the file ends without its last chunk"),
            false => Error::malformed(end, "data behind the last chunk"),
        };
        Some((plaintext, fault))
    }
}
