//! Memory for secrets: on pages of their own, kept out of swap if the system's limit allows that, and out of core
//! dumps; wiped on drop.
//!
//! A page for 32 bytes looks wasteful. But the system locks whole pages, and unlocking one for a secret would unlock it
//! for its neighbours. Dropped pages are reused, so a run over many files needs only a few.

use memmap2::MmapMut;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::{Zeroize, zeroize_stack};

const PAGE: usize = 4096;

/// The number of pages to keep for reuse.
const KEPT: usize = 64;

/// Free pages, wiped.
static FREE: Mutex<Vec<MmapMut>> = Mutex::new(Vec::new());

/// Bytes in locked memory.
pub(crate) struct Locked {
    memory: Memory,
    len: usize,
}

enum Memory {
    Pages(MmapMut),
    /// If the system has no pages: unlocked memory is better than none.
    Heap(Vec<u8>),
}

impl Locked {
    /// Creates zeros.
    pub fn new(len: usize) -> Self {
        let kept = if len <= PAGE { free().pop() } else { None };
        let memory = kept
            .or_else(|| new_pages(len))
            .map_or_else(|| Memory::Heap(vec![0; len]), Memory::Pages);
        Self { memory, len }
    }

    /// Copies bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut locked = Self::new(bytes.len());
        locked.copy_from_slice(bytes);
        locked
    }
}

fn free() -> MutexGuard<'static, Vec<MmapMut>> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn new_pages(len: usize) -> Option<MmapMut> {
    let pages = MmapMut::map_anon(len.max(1).next_multiple_of(PAGE)).ok()?;
    // Both are optional protections: limits on locked memory are low.
    #[cfg(unix)]
    let _ = pages.lock();
    #[cfg(target_os = "linux")]
    let _ = pages.advise(memmap2::Advice::DontDump);
    Some(pages)
}

impl Clone for Locked {
    fn clone(&self) -> Self {
        Self::of(self)
    }
}

impl Deref for Locked {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.memory {
            Memory::Pages(pages) => &pages[..self.len],
            Memory::Heap(bytes) => bytes,
        }
    }
}

impl DerefMut for Locked {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.memory {
            Memory::Pages(pages) => &mut pages[..self.len],
            Memory::Heap(bytes) => bytes,
        }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.zeroize();
        let memory = std::mem::replace(&mut self.memory, Memory::Heap(Vec::new()));
        if let Memory::Pages(page) = memory
            && page.len() == PAGE
        {
            let mut free = free();
            if free.len() < KEPT {
                free.push(page);
            }
        }
    }
}

/// Runs `work` with secrets, and wipes `STACK` bytes of the stack afterwards: many crates take secrets by value, or
/// move results, and leave copies there.
#[inline(never)]
pub(crate) fn and_wipe_stack<const STACK: usize, T>(work: impl FnOnce() -> T) -> T {
    #[inline(never)]
    fn alone<T>(work: impl FnOnce() -> T) -> T {
        work()
    }
    let done = alone(work);
    zeroize_stack::<STACK>();
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_it_was_given() {
        for len in [0, 1, 32, PAGE - 1, PAGE, PAGE + 1, 100_000] {
            let bytes: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let locked = Locked::of(&bytes);
            assert_eq!(locked.clone()[..], bytes);
            assert_eq!(locked[..], bytes);
            assert_eq!(*Locked::new(len), vec![0; len][..]);
        }
    }

    #[test]
    fn a_page_used_again_is_empty() {
        for _ in 0..2 * KEPT {
            let (mut one, other) = (Locked::new(PAGE), Locked::new(1));
            assert_eq!(one[..], [0; PAGE]);
            assert_eq!(other[..], [0]);
            one.fill(0xAA);
        }
    }

    /// Linux shows how much of a mapping is locked, and the flags of its pages.
    #[cfg(target_os = "linux")]
    #[test]
    fn pages_are_locked_and_left_out_of_dumps() {
        let locked = Locked::of(b"a secret");
        let address = format!("{:x}-", locked.as_ptr().addr());
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let entry = maps.split_once(&address).expect("it is mapped").1;
        let flags = entry
            .lines()
            .find_map(|line| line.strip_prefix("VmFlags:"))
            .unwrap();
        let flags: Vec<_> = flags.split_whitespace().collect();
        assert!(flags.contains(&"dd"), "{flags:?}");
        assert!(flags.contains(&"lo"), "{flags:?}");
    }
}
