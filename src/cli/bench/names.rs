//! What AEADs and engines are called on the command line and in JSON: their names in lowercase.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use fetool::aead::{Algorithm, Engine};

pub fn of_aead(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Aes256Gcm => "aes-256-gcm",
        Algorithm::ChaCha20Poly1305 => "chacha20-poly1305",
        Algorithm::XChaCha20Poly1305 => "xchacha20-poly1305",
        Algorithm::DeoxysII256 => "deoxys-ii-256",
    }
}

pub fn of_engine(engine: Engine) -> &'static str {
    match engine {
        Engine::AwsLc => "aws-lc",
        Engine::Fetool => "fetool",
        Engine::RustCrypto => "rustcrypto",
    }
}

/// The value parser of `--aead`.
pub fn aead() -> impl TypedValueParser<Value = Algorithm> {
    parser(&Algorithm::ALL, of_aead)
}

/// The value parser of `--engine`.
pub fn engine() -> impl TypedValueParser<Value = Engine> {
    parser(&Engine::ALL, of_engine)
}

fn parser<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(|it| name(*it))).map(move |said| {
        *all.iter()
            .find(|it| name(**it) == said)
            .expect("only their names are possible")
    })
}
