//! The length of a sealed file, computed from that of its plaintext, without opening it.
//!
//! The format computes the length of what this run would seal. Files that were sealed in another way, or got other
//! recipients since, have other lengths of headers and chunks: one of each kind is inspected, and the lengths of the
//! others are computed from that.

use fetool::{Inspected, SealedLen};
use std::sync::{PoisonError, RwLock};

/// The maximum number of kinds to remember.
const MOST: usize = 16;

/// The lengths of sealed files.
#[derive(Default)]
pub struct Lengths {
    /// The lengths of files that this run seals, with and without plaintext.
    own: Option<(SealedLen, SealedLen)>,
    /// The kinds found so far.
    kinds: RwLock<Vec<Kind>>,
}

/// Sealed files whose headers and chunks have the same length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    header: u64,
    /// Stored bytes of a chunk that are not plaintext.
    overhead: u64,
    chunk: Chunk,
}

/// Plaintext bytes of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chunk {
    Exactly(u64),
    /// The file had only one chunk.
    AtLeast(u64),
}

impl Lengths {
    /// Creates it from the lengths of this run's files: one with plaintext, and one without.
    pub fn of_own(full: SealedLen, empty: SealedLen) -> Self {
        Self {
            own: Some((full, empty)),
            kinds: RwLock::default(),
        }
    }

    /// Returns whether a sealed file of `sealed` bytes may hold `plain` bytes; `false` if unknown.
    pub fn match_(&self, sealed: u64, plain: u64) -> bool {
        let own = self.own.as_ref().and_then(|(full, empty)| {
            let like = if plain == 0 { empty } else { full };
            like.of(plain)
        });
        if own == Some(sealed) {
            return true;
        }
        let kinds = self.kinds.read().unwrap_or_else(PoisonError::into_inner);
        kinds.iter().any(|kind| kind.has(sealed, plain))
    }

    /// Learns the kind of a sealed file without faults.
    pub fn learn(&self, file: &Inspected) {
        let Some(kind) = Kind::of(file) else { return };
        let mut kinds = self.kinds.write().unwrap_or_else(PoisonError::into_inner);
        let is_like =
            |known: &&mut Kind| (known.header, known.overhead) == (kind.header, kind.overhead);
        if let Some(known) = kinds.iter_mut().find(is_like) {
            known.chunk = known.chunk.or(kind.chunk);
        } else if kinds.len() < MOST {
            kinds.push(kind);
        }
    }
}

impl Kind {
    fn of(file: &Inspected) -> Option<Self> {
        // The lines of armor may have any length.
        if file.armored == Some(true) || file.chunks == 0 {
            return None;
        }
        let stored = file.sealed_len?.checked_sub(file.header_len)?;
        let overhead = stored.checked_sub(file.plaintext_len)? / file.chunks;
        let chunk = match file.chunks {
            1 => Chunk::AtLeast(file.plaintext_len),
            _ => Chunk::Exactly(file.chunk_size.filter(|size| *size > 0)?),
        };
        Some(Self {
            header: file.header_len,
            overhead,
            chunk,
        })
    }

    fn has(&self, sealed: u64, plain: u64) -> bool {
        let Some(stored) = sealed.checked_sub(self.header) else {
            return false;
        };
        let is = |chunks: u64| chunks.checked_mul(self.overhead) == stored.checked_sub(plain);
        match self.chunk {
            Chunk::AtLeast(least) => plain <= least && is(1),
            // Some formats always end with a short chunk.
            Chunk::Exactly(chunk) => is(plain.div_ceil(chunk)) || is(plain / chunk + 1),
        }
    }
}

impl Chunk {
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::AtLeast(one), Self::AtLeast(other)) => Self::AtLeast(one.max(other)),
            (Self::Exactly(_), _) => self,
            (_, Self::Exactly(_)) => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fetool::{Inspect, Seal, Secret};

    fn inspected(plain: usize, chunk: u64) -> Inspected {
        let key = Secret::key([7; 32]);
        let mut sealed = Vec::new();
        let seal = Seal::new(&key).chunk_size(Some(chunk));
        seal.run(&vec![1; plain][..], &mut sealed).unwrap();
        Inspect::new().run(&sealed[..]).unwrap()
    }

    #[test]
    fn one_file_tells_of_others() {
        let lengths = Lengths::default();
        assert!(!lengths.match_(24 + 20 + 5, 5));
        lengths.learn(&inspected(50, 100));
        assert!(lengths.match_(24 + 20 + 5, 5));
        assert!(!lengths.match_(24 + 20 + 5, 6));
        // Perhaps its chunks have 60 bytes.
        assert!(!lengths.match_(24 + 20 + 70, 70));
        lengths.learn(&inspected(250, 100));
        assert!(lengths.match_(24 + 20 + 70, 70));
        assert!(lengths.match_(24 + 3 * 20 + 201, 201));
        assert!(lengths.match_(24 + 3 * 20 + 200, 200));
        assert!(!lengths.match_(10, 0));
        assert_eq!(lengths.kinds.read().unwrap().len(), 1);
    }

    #[test]
    fn what_is_sealed_is_as_long_as_computed() {
        let key = Secret::key([7; 32]);
        let start = |size| {
            Seal::new(&key)
                .chunk_size(Some(10))
                .size(size)
                .start()
                .unwrap()
                .sealed_len()
        };
        let lengths = Lengths::of_own(start(Some(1)), start(None));
        for len in 0..35 {
            let mut sealed = Vec::new();
            let seal = Seal::new(&key).chunk_size(Some(10));
            let seal = seal.size((len > 0).then_some(len as u64));
            seal.run(&vec![1; len][..], &mut sealed).unwrap();
            for other in 0..35 {
                let is = lengths.match_(sealed.len() as u64, other);
                assert_eq!(is, other == len as u64, "{len}, {other}");
            }
        }
    }
}
