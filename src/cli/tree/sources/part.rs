//! Parts of a tree (`--shard`).

use crate::cli::tree::args::Shard;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Returns whether a file is in a part of the tree: by a hash of its relative path, so that no other file moves when
/// one comes or goes.
pub fn is_in(shard: Shard, relative: &Path) -> bool {
    let hash = blake3::hash(relative.as_os_str().as_bytes());
    let (number, _) = hash
        .as_bytes()
        .split_first_chunk()
        .expect("a hash has 32 bytes");
    u64::from_le_bytes(*number) % shard.count == shard.index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_in_one_part_and_stays_there() {
        for count in 1..10 {
            let parts = |path: &str| -> Vec<u64> {
                (0..count)
                    .filter(|index| {
                        let shard = Shard {
                            index: *index,
                            count,
                        };
                        is_in(shard, Path::new(path))
                    })
                    .collect()
            };
            for file in 0..100 {
                assert_eq!(parts(&format!("a/{file}")).len(), 1);
            }
        }
        // Other machines and other versions must divide the tree in the same way.
        let of_8: Vec<bool> = (0..8)
            .map(|index| is_in(Shard { index, count: 8 }, Path::new("photos/a.jpg")))
            .collect();
        assert_eq!(of_8.iter().position(|is| *is), Some(PART_OF_PHOTOS));
    }

    /// Computed with the `b3sum` program: the first 8 bytes, little-endian, modulo 8.
    const PART_OF_PHOTOS: usize = 0;
}
