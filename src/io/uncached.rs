//! Reading and writing files without filling the page cache, so that the pages of other programs stay in it.
//!
//! Linux has a flag for single reads and writes, `RWF_DONTCACHE`: pages that they bring into the cache leave it once
//! they are read, or written to the disk. Pages that were there before stay. If the kernel or the file system refuses
//! the flag, advice drops the pages behind the reader and the writer.

use fetool::{Positioned, ReadAt, WriteAt};
use std::borrow::Borrow;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};

/// Pages that were read are dropped by advice in steps of this many bytes.
const READ_STEP: u64 = 8 << 20;
/// Pages that were written are dropped in steps of this many bytes. Dirty pages cannot be dropped, so without the flag
/// each step waits for the disk.
const WRITE_STEP: u64 = 64 << 20;

/// Returns whether a file of `len` bytes is larger than half of the memory, and so would push the pages of other
/// programs out of the cache.
pub fn is_bulk(len: u64) -> bool {
    /// Less than the memory of any machine.
    const LEAST: u64 = 64 << 20;
    len > LEAST && len > system::half_of_memory()
}

/// A regular file that is read and written at positions, with or without the page cache.
pub struct BulkFile<F: Borrow<File>> {
    file: F,
    uncached: bool,
    /// Whether the flag was refused.
    by_advice: AtomicBool,
}

impl<F: Borrow<File>> BulkFile<F> {
    pub fn new(file: F, uncached: bool) -> Self {
        Self {
            file,
            uncached,
            by_advice: AtomicBool::new(false),
        }
    }

    pub fn file(&self) -> &File {
        self.file.borrow()
    }

    /// Returns the file from its beginning on, with a position of its own.
    pub fn start(&self) -> Positioned<'_, Self> {
        Positioned {
            file: self,
            position: 0,
        }
    }

    /// Runs `work` with the flag. Returns `None` if the flag is not wanted, or refused.
    fn flagged(
        &self,
        work: impl FnOnce(&File) -> io::Result<Option<usize>>,
    ) -> io::Result<Option<usize>> {
        if self.by_advice.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let done = work(self.file())?;
        if done.is_none() {
            self.by_advice.store(true, Ordering::Relaxed);
        }
        Ok(done)
    }
}

impl<F: Borrow<File> + Sync> ReadAt for BulkFile<F> {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        if !self.uncached {
            return FileExt::read_at(self.file(), into, position);
        }
        if let Some(read) = self.flagged(|file| system::read_at(file, into, position))? {
            return Ok(read);
        }
        let read = FileExt::read_at(self.file(), into, position)?;
        if let Some(behind) = completed(position, read, READ_STEP) {
            system::drop_pages(self.file(), behind);
        }
        Ok(read)
    }

    fn size(&self) -> io::Result<u64> {
        ReadAt::size(self.file())
    }
}

impl<F: Borrow<File> + Sync> WriteAt for BulkFile<F> {
    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<usize> {
        if !self.uncached {
            return FileExt::write_at(self.file(), bytes, position);
        }
        let part = part(bytes.len(), position, system::page_size());
        let written = match part {
            Part::Edge(len) => Some(FileExt::write_at(self.file(), &bytes[..len], position)?),
            Part::Pages(len) => {
                self.flagged(|file| system::write_at(file, &bytes[..len], position))?
            }
        };
        let written = match written {
            Some(written) => written,
            None => FileExt::write_at(self.file(), bytes, position)?,
        };
        if let Some(behind) = completed(position, written, WRITE_STEP) {
            if self.by_advice.load(Ordering::Relaxed) {
                match self.file().sync_data() {
                    // It is not on a disk. Other errors must be returned: writing reports each only once.
                    Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
                    synced => synced?,
                }
            }
            // With the flag, only the edges are left.
            system::drop_pages(self.file(), behind);
        }
        Ok(written)
    }

    fn truncate(&self, position: u64) -> io::Result<()> {
        self.file().truncate(position)
    }

    fn preallocate(&self, position: u64, len: u64) -> io::Result<()> {
        self.file().preallocate(position, len)
    }
}

impl<F: Borrow<File>> Drop for BulkFile<F> {
    fn drop(&mut self) {
        if self.by_advice.load(Ordering::Relaxed) {
            forget(self.file());
        }
    }
}

/// Drops all clean pages of a file from the page cache, including those read ahead. The system starts writing the dirty
/// ones.
pub fn forget(file: &File) {
    system::drop_pages(file, 0..0);
}

/// What one call writes.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// This many bytes of a page that has others: through the cache. With the flag, the page would go to the disk, and
    /// be read back to write the others.
    Edge(usize),
    /// This many bytes that are whole pages.
    Pages(usize),
}

fn part(len: usize, position: u64, page: usize) -> Part {
    let within = (position % page as u64) as usize; // less than a page
    match len - len % page {
        _ if within > 0 => Part::Edge(len.min(page - within)),
        0 => Part::Edge(len),
        pages => Part::Pages(pages),
    }
}

/// Returns the pages to drop if these bytes complete a step: those of the step and of the one before, whose last bytes
/// another thread may have read or written late.
fn completed(position: u64, len: usize, step: u64) -> Option<Range<u64>> {
    let begun = position - position % step;
    let end = position.saturating_add(len as u64) / step * step;
    (end > position).then(|| begun.saturating_sub(step)..end)
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::fs::{Advice, fadvise};
    use rustix::io::{Errno, ReadWriteFlags, preadv2, pwritev2};
    use std::fs::File;
    use std::io::{self, IoSlice, IoSliceMut};
    use std::num::NonZeroU64;
    use std::ops::Range;

    /// `RWF_DONTCACHE`, since Linux 6.14.
    const DONT_CACHE: ReadWriteFlags = ReadWriteFlags::from_bits_retain(0x80);

    /// Returns `None` if the system refuses the flag.
    pub fn read_at(file: &File, into: &mut [u8], position: u64) -> io::Result<Option<usize>> {
        let mut into = [IoSliceMut::new(into)];
        unless_refused(preadv2(file, &mut into, position, DONT_CACHE))
    }

    /// Returns `None` if the system refuses the flag.
    pub fn write_at(file: &File, bytes: &[u8], position: u64) -> io::Result<Option<usize>> {
        let bytes = [IoSlice::new(bytes)];
        unless_refused(pwritev2(file, &bytes, position, DONT_CACHE))
    }

    fn unless_refused(done: rustix::io::Result<usize>) -> io::Result<Option<usize>> {
        match done {
            // A kernel or a file system without the flag, or a filter of system calls.
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::PERM) => Ok(None),
            done => Ok(done.map(Some)?),
        }
    }

    /// Drops pages; all from the start on if the range ends at 0. It is advice: files that do not take it are read and
    /// written nevertheless.
    pub fn drop_pages(file: &File, bytes: Range<u64>) {
        let len = NonZeroU64::new(bytes.end.saturating_sub(bytes.start));
        let _ = fadvise(file, bytes.start, len, Advice::DontNeed);
    }

    pub fn half_of_memory() -> u64 {
        let system = rustix::system::sysinfo();
        let total = u128::from(system.totalram) * u128::from(system.mem_unit);
        u64::try_from(total / 2).unwrap_or(u64::MAX)
    }

    pub fn page_size() -> usize {
        rustix::param::page_size()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::fs::File;
    use std::io;
    use std::ops::Range;

    pub fn read_at(_file: &File, _into: &mut [u8], _position: u64) -> io::Result<Option<usize>> {
        Ok(None)
    }

    pub fn write_at(_file: &File, _bytes: &[u8], _position: u64) -> io::Result<Option<usize>> {
        Ok(None)
    }

    #[cfg(any(target_os = "android", target_os = "freebsd"))]
    pub fn drop_pages(file: &File, bytes: Range<u64>) {
        use rustix::fs::{Advice, fadvise};
        use std::num::NonZeroU64;
        let len = NonZeroU64::new(bytes.end.saturating_sub(bytes.start));
        let _ = fadvise(file, bytes.start, len, Advice::DontNeed);
    }

    #[cfg(not(any(target_os = "android", target_os = "freebsd")))]
    pub fn drop_pages(_file: &File, _bytes: Range<u64>) {}

    /// No file counts as large: without the flag, that would cost much and help little.
    pub fn half_of_memory() -> u64 {
        u64::MAX
    }

    pub fn page_size() -> usize {
        4096
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    const PAGE: usize = 4096;

    fn file(by_advice: bool) -> BulkFile<File> {
        let file = BulkFile::new(tempfile::tempfile().unwrap(), true);
        file.by_advice.store(by_advice, Ordering::Relaxed);
        file
    }

    /// Both ways: with the flag (if the system has it), and by advice.
    #[test]
    fn bytes_written_in_odd_pieces_are_those_that_are_read() {
        for by_advice in [false, true] {
            let file = file(by_advice);
            let bytes: Vec<u8> = (0..300_000_u32).map(|i| (i % 251) as u8).collect();
            let (mut rest, mut output) = (&bytes[..], file.start());
            for len in [1, PAGE - 1, PAGE, 70_000, 3, 2 * PAGE + 5]
                .into_iter()
                .cycle()
            {
                let (piece, behind) = rest.split_at(len.min(rest.len()));
                output.write_all(piece).unwrap();
                rest = behind;
                if rest.is_empty() {
                    break;
                }
            }
            let mut read = Vec::new();
            file.start().read_to_end(&mut read).unwrap();
            assert!(read == bytes, "by advice: {by_advice}");
            let mut part = [0; 10];
            assert_eq!(file.read_at(&mut part, 299_995).unwrap(), 5);
            assert_eq!(part[..5], bytes[299_995..]);
        }
    }

    /// Also behind a step.
    #[test]
    fn pages_are_dropped_and_no_byte_is_lost() {
        for by_advice in [false, true] {
            let file = file(by_advice);
            let bytes = vec![7; 1 << 20];
            let end = WRITE_STEP + READ_STEP;
            for position in (0..end).step_by(bytes.len()) {
                let mut output = Positioned {
                    file: &file,
                    position,
                };
                output.write_all(&bytes).unwrap();
            }
            let mut read = vec![0; 3 << 20];
            for position in (0..end - read.len() as u64).step_by(read.len()) {
                read.fill(0);
                assert_eq!(file.read_at(&mut read, position).unwrap(), read.len());
                assert!(read.iter().all(|byte| *byte == 7), "by advice: {by_advice}");
            }
            assert_eq!(file.size().unwrap(), end);
        }
    }

    #[test]
    fn only_whole_pages_are_written_with_the_flag() {
        assert_eq!(part(3 * PAGE, 0, PAGE), Part::Pages(3 * PAGE));
        assert_eq!(part(3 * PAGE + 1, PAGE as u64, PAGE), Part::Pages(3 * PAGE));
        assert_eq!(part(3 * PAGE, 1, PAGE), Part::Edge(PAGE - 1));
        assert_eq!(part(10, 1, PAGE), Part::Edge(10));
        assert_eq!(part(PAGE - 1, 0, PAGE), Part::Edge(PAGE - 1));
        assert_eq!(part(0, 0, PAGE), Part::Edge(0));
    }

    #[test]
    fn a_step_is_complete_when_its_end_is_reached() {
        assert_eq!(completed(0, 99, 100), None);
        assert_eq!(completed(0, 100, 100), Some(0..100));
        assert_eq!(completed(100, 50, 100), None);
        assert_eq!(completed(350, 60, 100), Some(200..400));
        assert_eq!(completed(350, 260, 100), Some(200..600));
        assert_eq!(completed(u64::MAX, 5, 1 << 20), None);
    }
}
