//! Fallible allocation of memory for data: if the system has none, that is an error and not the end of the process.

use crate::Error;
use std::hint::black_box;
use std::sync::{Mutex, PoisonError};

/// From this size on, memory comes from the system page by page, and is not touched before it is used.
pub(crate) const LARGE: usize = 128 << 10;

/// What must remain for small allocations, which are not fallible; glibc takes up to half of it in excess.
const REST: usize = 256 << 10;

/// Makes room for `more` bytes behind the existing ones, and no more than that.
pub(crate) fn reserve<T>(memory: &mut Vec<T>, more: usize) -> Result<(), Error> {
    memory
        .try_reserve_exact(more)
        .map_err(|_| Error::Memory(memory.len().saturating_add(more) * size_of::<T>()))
}

/// Returns `len` zeros.
pub(crate) fn zeros(len: usize) -> Result<Vec<u8>, Error> {
    if len < LARGE {
        let mut zeros = Vec::new();
        reserve(&mut zeros, len)?;
        zeros.resize(len, 0);
        return Ok(zeros);
    }
    // Zeroed memory from the system is not touched, but allocating it is not fallible. So the room is allocated first,
    // freed, and allocated again, by one thread at a time.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    probe(len)?;
    Ok(vec![0; len])
}

/// Returns an error if the system cannot allocate `len` bytes now. That does not guarantee anything for later. It is
/// for code in other crates that aborts when an allocation fails.
pub(crate) fn probe(len: usize) -> Result<(), Error> {
    let mut room: Vec<u8> = Vec::new();
    reserve(&mut room, len.saturating_add(REST)).map_err(|_| Error::Memory(len))?;
    // Otherwise the compiler removes the unused allocation.
    black_box(&mut room);
    Ok(())
}

/// Appends bytes to others.
pub(crate) fn append(memory: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Error> {
    memory
        .try_reserve(bytes.len())
        .map_err(|_| Error::Memory(memory.len() + bytes.len()))?;
    memory.extend_from_slice(bytes);
    Ok(())
}

/// Returns a copy.
pub(crate) fn copy(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut copy = Vec::new();
    append(&mut copy, bytes)?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_system_has_is_an_error() {
        for len in [1 << 60, isize::MAX as usize, usize::MAX] {
            assert!(matches!(zeros(len), Err(Error::Memory(asked)) if asked == len));
        }
        assert_eq!(
            zeros(1 << 60).unwrap_err().to_string(),
            "cannot allocate 1152921504606846976 bytes"
        );
        assert_eq!(zeros(3).unwrap(), [0; 3]);
        assert!(zeros(LARGE).unwrap() == [0; LARGE]);
    }
}
