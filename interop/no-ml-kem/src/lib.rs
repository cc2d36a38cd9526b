//! Stands in for ml-kem 0.2, which the `age` crate has for recipients on hardware keys alone, and which
//! cannot be linked beside the ml-kem 0.3 of fetool: each needs another version of the crate `kem`.
//!
//! It has the names that age compiles against. No test has the crate seal to such a recipient, and every
//! function panics.

use hybrid_array::Array;
use hybrid_array::sizes::{U32, U1088, U1184};
use kem::{Decapsulate, Encapsulate};

type B32 = Array<u8, U32>;

pub type Ciphertext<K> = Array<u8, <K as KemCore>::CiphertextSize>;

pub trait EncodedSizeUser: Sized {
    type EncodedSize: hybrid_array::ArraySize;

    fn from_bytes(_bytes: &Array<u8, Self::EncodedSize>) -> Self {
        unreachable!("{NO}")
    }

    fn as_bytes(&self) -> Array<u8, Self::EncodedSize> {
        unreachable!("{NO}")
    }
}

pub trait KemCore {
    type CiphertextSize: hybrid_array::ArraySize;
    type DecapsulationKey: Decapsulate + EncodedSizeUser;
    type EncapsulationKey: Encapsulate + EncodedSizeUser;

    fn generate_deterministic(
        _d: &B32,
        _z: &B32,
    ) -> (Self::DecapsulationKey, Self::EncapsulationKey) {
        unreachable!("{NO}")
    }
}

pub struct MlKem768;

#[derive(Clone)]
pub struct Decapsulation;

#[derive(Clone, Debug, PartialEq)]
pub struct Encapsulation;

impl KemCore for MlKem768 {
    type CiphertextSize = U1088;
    type DecapsulationKey = Decapsulation;
    type EncapsulationKey = Encapsulation;
}

impl EncodedSizeUser for Decapsulation {
    type EncodedSize = U32;
}

impl EncodedSizeUser for Encapsulation {
    type EncodedSize = U1184;
}

impl Decapsulate for Decapsulation {}

impl Encapsulate for Encapsulation {}

impl Decapsulation {
    pub fn encapsulation_key(&self) -> &Encapsulation {
        unreachable!("{NO}")
    }
}

const NO: &str = "the age crate has no ML-KEM here";

pub mod kem {
    use super::{B32, Ciphertext, MlKem768, NO};

    pub trait Decapsulate {
        fn decapsulate(&self, _sealed: &Ciphertext<MlKem768>) -> Result<B32, ()> {
            unreachable!("{NO}")
        }
    }

    pub trait Encapsulate {
        fn encapsulate<R>(&self, _random: &mut R) -> Result<(Ciphertext<MlKem768>, B32), ()> {
            unreachable!("{NO}")
        }
    }
}
