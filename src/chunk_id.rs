//! The identity of a chunk.

use crate::Error;

/// Identifies a chunk of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkId {
    /// Its number, from 0.
    pub index: u64,
    /// Whether it is the last.
    pub last: bool,
    /// The offset of its frame in its sealed stream, in bytes.
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
