//! The most memory that some work has at once.

#[path = "../../tests/counting/allocator.rs"]
mod allocator;

/// Far less than a file can announce: GFE's largest chunk has 10 MiB, and others have gigabytes.
const MOST: usize = 8 << 20;

/// What some work gives, which may take some mebibytes and as many bytes again as the file has.
#[track_caller]
pub fn bounded<T>(file: &[u8], work: impl FnOnce() -> T) -> T {
    let before = allocator::start();
    let done = work();
    let peak = allocator::peak().saturating_sub(before);
    // What comes out goes into a vector that doubles.
    let bound = MOST + 6 * file.len();
    assert!(peak <= bound, "{peak} bytes for a file of {}", file.len());
    done
}
