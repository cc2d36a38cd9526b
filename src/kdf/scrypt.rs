//! scrypt (RFC 7914) with r = 8 and p = 1. aws-lc wipes its memory; the `scrypt` crate does not.

use super::Key;
use crate::Error;

/// The parameter r: blocks of 128 × 8 bytes.
const R: u32 = 8;

/// Bytes of a block.
pub(super) const BLOCK: u64 = 128 * R as u64;

/// Derives a key in `len` bytes of memory, which is 2^`work_factor` blocks.
///
/// # Errors
/// [`Error::Memory`] with `len` if the system cannot provide it.
#[cfg_attr(feature = "aws-lc", allow(unsafe_code))] // aws-lc-rs does not expose scrypt.
pub(super) fn derive(
    passphrase: &[u8],
    salt: &[u8],
    work_factor: u8,
    len: usize,
) -> Result<Key, Error> {
    let mut key = Key::default();
    #[cfg(feature = "aws-lc")]
    {
        let blocks = 1_u64
            .checked_shl(work_factor.into())
            .ok_or(Error::Memory(len))?;
        // SAFETY: each pointer comes from a slice and is passed with the length of that slice. The function reads two
        // of them, writes to the third, and keeps none.
        let derived = unsafe {
            aws_lc_sys::EVP_PBE_scrypt(
                passphrase.as_ptr().cast(),
                passphrase.len(),
                salt.as_ptr(),
                salt.len(),
                blocks,
                R.into(),
                1,
                usize::MAX,
                key.as_mut_ptr(),
                key.len(),
            )
        };
        if derived != 1 {
            // SAFETY: the function has no arguments, and clears this thread's error queue.
            unsafe { aws_lc_sys::ERR_clear_error() };
            // The parameters are valid, so the allocation failed.
            return Err(Error::Memory(len));
        }
    }
    #[cfg(not(feature = "aws-lc"))]
    {
        let params = scrypt::Params::new(work_factor, R, 1).map_err(|_| Error::Memory(len))?;
        // The crate allocates its own memory, and aborts the process if it cannot.
        crate::try_alloc::probe(len)?;
        scrypt::scrypt(passphrase, salt, &params, &mut *key).map_err(super::refused)?;
    }
    Ok(key)
}

#[cfg(all(test, feature = "aws-lc"))]
mod tests {
    use super::*;

    /// From RFC 7914, section 12: the first half of its 64 bytes.
    #[test]
    fn a_published_vector() {
        let key = derive(b"pleaseletmein", b"SodiumChloride", 14, 16 << 20).unwrap();
        let expected = "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2";
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, expected);
    }

    #[test]
    fn the_other_program_agrees() {
        for work_factor in 1..=12 {
            let salt = [work_factor; 44];
            let passphrase = vec![b'x'; usize::from(work_factor) * 7];
            let key = derive(&passphrase, &salt, work_factor, 0).unwrap();
            let params = scrypt::Params::new(work_factor, R, 1).unwrap();
            let mut expected = [0; 32];
            scrypt::scrypt(&passphrase, &salt, &params, &mut expected).unwrap();
            assert_eq!(*key, expected, "{work_factor}");
        }
    }

    #[test]
    fn no_memory_and_no_such_number_are_errors() {
        for work_factor in [33, 40, 63, 64, 255] {
            let refused = derive(b"x", b"y", work_factor, 7);
            assert!(matches!(refused, Err(Error::Memory(7))), "{work_factor}");
        }
    }
}
