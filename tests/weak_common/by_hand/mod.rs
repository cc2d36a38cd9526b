//! The two weak formats written and read by hand, from their facts alone and with the RustCrypto
//! crates, everything in memory: no code is shared with the library, so that the two check each
//! other.

pub mod gocrypt;
pub mod parallel_encryptor;
