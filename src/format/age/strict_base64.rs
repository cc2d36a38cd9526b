//! Strict base64: the standard alphabet, with one encoding for each byte string.
//!
//! Both engines refuse non-zero unused bits, impossible lengths, and every other character. They handle only public
//! data.

use base64::engine::general_purpose::{NO_PAD, PAD};
use base64::{DecodeError, DecodeSliceError, Engine};

#[cfg(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
))]
use base64::engine::Simd as Codec;
#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
)))]
use scalar::Codec;

/// For other processors.
#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_feature = "neon")
)))]
mod scalar {
    use base64::alphabet::STANDARD;
    use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

    pub struct Codec;

    impl Codec {
        pub fn standard(config: GeneralPurposeConfig) -> GeneralPurpose {
            GeneralPurpose::new(&STANDARD, config)
        }
    }
}

/// Returns the engine for base64 without padding.
pub(super) fn unpadded() -> impl Engine {
    Codec::standard(NO_PAD)
}

/// Returns the engine for base64 with padding.
pub(super) fn padded() -> impl Engine {
    Codec::standard(PAD)
}

/// Decodes `text` into `out`, which has room for it, and returns the number of bytes.
pub(super) fn decode(
    engine: &impl Engine,
    text: &[u8],
    out: &mut [u8],
) -> Result<usize, DecodeError> {
    engine.decode_slice(text, out).map_err(|error| match error {
        DecodeSliceError::DecodeError(error) => error,
        DecodeSliceError::OutputSliceTooSmall => DecodeError::InvalidLength(text.len()),
    })
}

/// Decodes `text` without padding to exactly `N` bytes.
pub(super) fn decode_exact<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != (N * 4).div_ceil(3) {
        return None;
    }
    let len = decode(&unpadded(), text, &mut bytes).ok()?;
    (len == N).then_some(bytes)
}

/// Returns a description of the error, without the text.
pub(super) fn fault(error: &DecodeError) -> &'static str {
    match error {
        DecodeError::InvalidByte(..) => "invalid base64 character",
        DecodeError::InvalidLength(_) => "impossible length of base64",
        DecodeError::InvalidLastSymbol { .. } => {
            "base64 is not canonical: unused bits are not zero"
        }
        DecodeError::InvalidPadding => "wrong base64 padding",
    }
}
