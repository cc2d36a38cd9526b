//! Reading a whole file once, without filling the page cache with it.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

/// So much of a file may be in the page cache on its account.
const STEP: u64 = 8 << 20;
/// No page is longer, or is cut in two by advice about a part of the file.
const ALIGN: u64 = 1 << 20;

/// Reads a file from a position on, with a position of its own, and tells the system that what was read is
/// not needed again.
pub struct Uncached<'f> {
    file: &'f File,
    position: u64,
    /// The page cache was told to drop what is before this.
    dropped: u64,
}

impl<'f> Uncached<'f> {
    pub fn new(file: &'f File, position: u64) -> Self {
        will_read_in_order(file);
        Self {
            file,
            position,
            dropped: position - position % ALIGN,
        }
    }
}

impl Read for Uncached<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(into, self.position)?;
        self.position += read as u64;
        let behind = self.position - self.position % ALIGN;
        if behind.saturating_sub(self.dropped) >= STEP {
            drop_pages(self.file, self.dropped, behind - self.dropped);
            self.dropped = behind;
        }
        Ok(read)
    }
}

impl Drop for Uncached<'_> {
    fn drop(&mut self) {
        forget(self.file);
    }
}

/// Drops all of a file from the page cache, also what was read ahead.
pub fn forget(file: &File) {
    drop_pages(file, 0, 0);
}

#[cfg(any(target_os = "android", target_os = "freebsd", target_os = "linux"))]
mod advice {
    use rustix::fs::{Advice, fadvise};
    use std::fs::File;
    use std::num::NonZeroU64;

    // It is advice: a file that cannot take it is read all the same.

    pub fn will_read_in_order(file: &File) {
        let _ = fadvise(file, 0, None, Advice::Sequential);
    }

    /// `len` bytes from `start` on, or all from there on where that is 0.
    pub fn drop_pages(file: &File, start: u64, len: u64) {
        let _ = fadvise(file, start, NonZeroU64::new(len), Advice::DontNeed);
    }
}

#[cfg(not(any(target_os = "android", target_os = "freebsd", target_os = "linux")))]
mod advice {
    use std::fs::File;

    pub fn will_read_in_order(_file: &File) {}

    pub fn drop_pages(_file: &File, _start: u64, _len: u64) {}
}

use advice::{drop_pages, will_read_in_order};
