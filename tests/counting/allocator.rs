//! An allocator that counts what it hands out.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn grown(bytes: usize) {
    let now = NOW.fetch_add(bytes, Ordering::SeqCst) + bytes;
    PEAK.fetch_max(now, Ordering::SeqCst);
}

fn shrunk(bytes: usize) {
    NOW.fetch_sub(bytes, Ordering::SeqCst);
}

// SAFETY: every call goes to the system's allocator with the caller's own arguments, which the
// caller guarantees to be right, and its answer is given back as it is. Counting touches nothing
// but two atomic numbers, and does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: `layout` is the caller's.
        let memory = unsafe { System.alloc(layout) };
        if !memory.is_null() {
            grown(layout.size());
        }
        memory
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: `layout` is the caller's.
        let memory = unsafe { System.alloc_zeroed(layout) };
        if !memory.is_null() {
            grown(layout.size());
        }
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller got `memory` from here, and so from the system, with `layout`.
        unsafe { System.dealloc(memory, layout) };
        shrunk(layout.size());
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller got `memory` from here, and so from the system, with `layout`, and
        // `size` is the caller's.
        let moved = unsafe { System.realloc(memory, layout, size) };
        if !moved.is_null() {
            grown(size);
            shrunk(layout.size());
        }
        moved
    }
}

/// Starts to count anew, and tells how much there is.
pub fn start() -> usize {
    let now = NOW.load(Ordering::SeqCst);
    PEAK.store(now, Ordering::SeqCst);
    now
}

/// The most that there was at once since then.
pub fn peak() -> usize {
    PEAK.load(Ordering::SeqCst)
}
