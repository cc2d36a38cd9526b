//! Which chunk is meant.

use crate::Error;

/// Which chunk of a stream is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkId {
    /// Its number, from 0.
    pub index: u64,
    /// Whether it is the last.
    pub last: bool,
    /// Where its frame starts in its sealed stream, in bytes.
    pub offset: u64,
}

impl ChunkId {
    pub(crate) fn not_authentic(self) -> Error {
        Error::Authentication {
            chunk: self.index,
            offset: self.offset,
        }
    }
}
