//! Files with holes: blocks of zeros are not written.

use fetool::WriteAt;
use std::io;

/// The shortest hole, aligned to its length. No file system has smaller ones.
const BLOCK: usize = 4096;

/// A new file, each byte of which is written once.
pub struct Sparse<'f, F>(pub &'f F);

impl<F: WriteAt> WriteAt for Sparse<'_, F> {
    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<usize> {
        let (len, is_hole) = leading(bytes, position);
        if is_hole {
            return Ok(len);
        }
        WriteAt::write_at(self.0, &bytes[..len], position)
    }

    fn truncate(&self, position: u64) -> io::Result<()> {
        self.0.truncate(position)
    }
}

/// Returns how many bytes at the beginning are whole blocks of zeros, or how many are not, and which of the two.
fn leading(bytes: &[u8], position: u64) -> (usize, bool) {
    let first = BLOCK - (position % BLOCK as u64) as usize; // at most BLOCK
    let (head, rest) = bytes.split_at(first.min(bytes.len()));
    let blocks = std::iter::once(head).chain(rest.chunks(BLOCK));
    // A part of a block is no hole.
    let is_hole = |block: &[u8]| block.len() == BLOCK && block.iter().all(|byte| *byte == 0);
    let begins_with = is_hole(head);
    let alike = blocks.take_while(|block| is_hole(block) == begins_with);
    (alike.map(<[u8]>::len).sum(), begins_with)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_blocks_of_zeros_are_holes() {
        let mut bytes = vec![0; 5 * BLOCK];
        assert_eq!(leading(&bytes, 0), (5 * BLOCK, true));
        bytes[2 * BLOCK] = 1;
        assert_eq!(leading(&bytes, 0), (2 * BLOCK, true));
        assert_eq!(leading(&bytes[2 * BLOCK..], 0), (BLOCK, false));
        // A part of a block, and unaligned blocks.
        assert_eq!(leading(&bytes, 1), (BLOCK - 1, false));
        assert_eq!(leading(&bytes[..100], 0), (100, false));
        assert_eq!(leading(&[], 0), (0, false));
    }
}
