//! X25519 (RFC 7748). aws-lc takes half of the time of `x25519-dalek`.

use crate::kdf::Key;

/// Bytes of a secret key, a public key and a shared secret.
pub(super) const LEN: usize = 32;

/// Computes the public key of a secret key.
#[cfg(feature = "aws-lc")]
#[allow(unsafe_code)] // aws-lc-rs computes a public key again for each shared secret, on the heap.
pub(super) fn public_key(secret: &[u8; LEN]) -> [u8; LEN] {
    let mut public = [0; LEN];
    // SAFETY: the function writes 32 bytes to the first pointer and reads 32 from the second, and keeps neither.
    unsafe { aws_lc_sys::X25519_public_from_private(public.as_mut_ptr(), secret.as_ptr()) };
    public
}

/// Computes the secret that a secret key shares with another side's public key. Returns `None` if that is a point of
/// low order, with which every secret key shares zeros.
#[cfg(feature = "aws-lc")]
#[allow(unsafe_code)] // As above.
pub(super) fn shared_secret(secret: &[u8; LEN], public: &[u8; LEN]) -> Option<Key> {
    let mut shared = Key::default();
    // SAFETY: the function writes 32 bytes to the first pointer, reads 32 from each of the others, and keeps none.
    let contributory =
        unsafe { aws_lc_sys::X25519(shared.as_mut_ptr(), secret.as_ptr(), public.as_ptr()) };
    (contributory == 1).then_some(shared)
}

#[cfg(not(feature = "aws-lc"))]
pub(super) use dalek::{public_key, shared_secret};

/// The same two functions in pure Rust.
#[cfg(any(not(feature = "aws-lc"), test))]
mod dalek {
    use super::{Key, LEN};
    use x25519_dalek::{PublicKey, StaticSecret};

    pub fn public_key(secret: &[u8; LEN]) -> [u8; LEN] {
        PublicKey::from(&StaticSecret::from(*secret)).to_bytes()
    }

    pub fn shared_secret(secret: &[u8; LEN], public: &[u8; LEN]) -> Option<Key> {
        let shared = StaticSecret::from(*secret).diffie_hellman(&PublicKey::from(*public));
        shared
            .was_contributory()
            .then(|| Key::of(shared.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> [u8; LEN] {
        std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..][..2], 16).unwrap())
    }

    /// From RFC 7748, section 6.1.
    #[test]
    fn published_vectors() {
        let alice = bytes("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
        let bob = bytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
        let of_alice = bytes("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
        let of_bob = bytes("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
        let shared = bytes("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
        assert_eq!(public_key(&alice), of_alice);
        assert_eq!(public_key(&bob), of_bob);
        assert_eq!(*shared_secret(&alice, &of_bob).unwrap(), shared);
        assert_eq!(*shared_secret(&bob, &of_alice).unwrap(), shared);
    }

    #[test]
    fn both_implementations_agree() {
        for _ in 0..1000 {
            let (mut secret, mut point) = ([0; LEN], [0; LEN]);
            crate::random(&mut secret).unwrap();
            // Any bytes, also points of the twist, and with the highest bit, which is ignored.
            crate::random(&mut point).unwrap();
            assert_eq!(public_key(&secret), dalek::public_key(&secret));
            let shared = shared_secret(&secret, &point).unwrap();
            assert_eq!(*shared, *dalek::shared_secret(&secret, &point).unwrap());
        }
    }

    /// All of them, and the numbers that stand for the same points: 0, 1, those of order 8, p − 1, p and p + 1.
    #[test]
    fn points_of_low_order_share_nothing() {
        let points = [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ];
        for point in points {
            for highest in [0, 0x80] {
                let mut point = bytes(point);
                point[LEN - 1] |= highest;
                assert!(shared_secret(&[7; LEN], &point).is_none(), "{point:02x?}");
                assert!(dalek::shared_secret(&[7; LEN], &point).is_none());
            }
        }
    }
}
