//! The key derivations that the formats use, with the parameters that they fix.

use super::case::{Case, Operation, Part, Subject, Turn};
use super::select::Selection;
use crate::cli::failure::Subjects;
use fetool::format::Format;
use fetool::format::dexios::{Dexios, SlotHash};
use fetool::format::gfe::Gfe;
use fetool::format::gocrypt::{self, GoCrypt};
use fetool::format::parallel_encryptor::ParallelEncryptor;
use fetool::kdf::{Derivation, Kdf};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Short ones are repeated for so long in one turn.
const TURN: Duration = Duration::from_millis(20);

pub fn cases(selection: &Selection) -> Vec<Case<'static>> {
    selection
        .kdf_formats()
        .flat_map(|format| {
            let derivations = derivations(format).into_iter();
            derivations.map(move |(name, derivation)| case(format.name(), name, derivation))
        })
        .collect()
}

/// What a format derives keys with, and what it calls that.
fn derivations(format: &dyn Format) -> Vec<(Option<&'static str>, Derivation)> {
    let name = format.name();
    if name == Gfe.name() {
        let kdfs = [Kdf::Argon2id, Kdf::Pbkdf2].into_iter();
        let known = kdfs.filter_map(|kdf| kdf.for_gfe().ok());
        return known.map(|derivation| (None, derivation)).collect();
    }
    if name == Dexios.name() {
        let slots = [
            ("A1", SlotHash::Argon2idV1),
            ("A2", SlotHash::Argon2idV2),
            ("A3", SlotHash::Argon2idV3),
            ("B4", SlotHash::BalloonV4),
            ("B5", SlotHash::BalloonV5),
        ];
        let known = slots.into_iter();
        return known
            .filter_map(|(name, hash)| Some((Some(name), hash.derivation()?)))
            .collect();
    }
    if name == GoCrypt.name() {
        return vec![(None, gocrypt::DERIVATION)];
    }
    if name == ParallelEncryptor.name() {
        return vec![(None, Derivation::Sha256)];
    }
    Vec::new()
}

fn case(format: &'static str, name: Option<&'static str>, derivation: Derivation) -> Case<'static> {
    Case {
        subject: Subject {
            format: Some(format),
            kdf: Some(described(derivation)),
            kdf_name: name,
            memory: Some(derivation.memory()),
            ..Subject::new(Part::Kdf, Operation::Derive)
        },
        limit: None,
        turn: Box::new(move || {
            let start = Instant::now();
            let mut times = 0;
            while times == 0 || start.elapsed() < TURN {
                derivation
                    .derive(black_box(b"correct horse battery staple"), &[7; 16])
                    .map(|key| drop(black_box(key)))
                    .map_err(|error| Subjects::default().blame(&error))?;
                times += 1;
            }
            Ok(Turn::Time(start.elapsed().as_secs_f64() / f64::from(times)))
        }),
    }
}

/// The parameters but for the memory, which has a column of its own.
fn described(derivation: Derivation) -> String {
    match derivation {
        Derivation::Argon2id { passes, lanes, .. } => {
            format!("Argon2id, {passes} passes, {lanes} lanes")
        }
        Derivation::Balloon { space } => format!("BLAKE3-Balloon, space {space}"),
        Derivation::Pbkdf2 { iterations } => {
            format!("PBKDF2-HMAC-SHA256, {iterations} iterations")
        }
        Derivation::Sha256 => "SHA-256, once".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fetool::format::FORMATS;

    #[test]
    fn every_key_derivation_has_the_parameters_of_its_format() {
        let formats = FORMATS.iter().filter(|format| format.writes());
        let all: Vec<String> = formats
            .flat_map(|format| derivations(*format))
            .map(|(name, derivation)| {
                let name = name.unwrap_or("-");
                let memory = derivation.memory();
                format!("{name} {} {memory}", described(derivation))
            })
            .collect();
        assert_eq!(
            all,
            [
                "- Argon2id, 3 passes, 4 lanes 67108864",
                "- PBKDF2-HMAC-SHA256, 600000 iterations 0",
                "A1 Argon2id, 8 passes, 4 lanes 8388608",
                "A2 Argon2id, 8 passes, 4 lanes 268435456",
                "A3 Argon2id, 10 passes, 4 lanes 268435456",
                "B4 BLAKE3-Balloon, space 262144 8388608",
                "B5 BLAKE3-Balloon, space 278528 8912896",
                "- PBKDF2-HMAC-SHA256, 4096 iterations 0",
                "- SHA-256, once 0",
            ]
        );
    }
}
