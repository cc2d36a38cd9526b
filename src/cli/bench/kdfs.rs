//! The key derivations that the formats use, with the parameters that they fix.

use super::case::{Case, Operation, Part, Subject};
use super::select::Selection;
use crate::cli::failure::Subjects;
use fetool::kdf::Derivation;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Short ones are repeated for so long in one turn.
const TURN: Duration = Duration::from_millis(20);

pub fn cases(selection: &Selection) -> Vec<Case<'static>> {
    let mut cases = Vec::new();
    for format in selection.kdf_formats() {
        for (name, derivation) in format.derivations() {
            cases.push(Case {
                subject: Subject {
                    part: Part::Kdf,
                    operation: Operation::Derive,
                    format: Some(format.name()),
                    kdf: Some(described(derivation)),
                    kdf_name: name,
                    memory: Some(derivation.memory()),
                    ..Subject::default()
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
                    Ok(start.elapsed().as_secs_f64() / f64::from(times))
                }),
            });
        }
    }
    cases
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
        Derivation::Scrypt { work_factor } => format!("scrypt, work factor {work_factor}"),
        Derivation::Sha256 => "SHA-256, once".to_owned(),
    }
}
