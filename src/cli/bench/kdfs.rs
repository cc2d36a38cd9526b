//! The key derivations that the formats use, with the parameters that they fix.

use super::Args;
use super::case::{Case, Operation, Part, Subject};
use fetool::Error;
use fetool::kdf::Derivation;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Short derivations are repeated for this long in one turn.
const TURN: Duration = Duration::from_millis(20);

/// Returns the key derivations of the selected formats.
pub fn cases(args: &Args) -> Vec<Case> {
    if !args.aead.is_empty() || !args.engine.is_empty() || !args.layers.is_empty() {
        return Vec::new();
    }
    let derivations = args.formats().flat_map(|format| {
        let derivations = format.derivations().into_iter();
        derivations.map(move |(name, derivation)| (format, name, derivation))
    });
    let cases = derivations.map(|(format, name, derivation)| Case {
        subject: Subject {
            part: Part::Kdf,
            operation: Operation::Derive,
            format: Some(format.name()),
            kdf: Some(derivation.without_memory()),
            kdf_name: name,
            memory: Some(derivation.memory()),
            ..Subject::default()
        },
        turn: Box::new(move || seconds(derivation)),
    });
    cases.collect()
}

fn seconds(derivation: Derivation) -> Result<f64, Error> {
    let start = Instant::now();
    let mut times = 0;
    while times == 0 || start.elapsed() < TURN {
        derivation
            .derive(black_box(b"correct horse battery staple"), &[7; 16])
            .map(|key| drop(black_box(key)))?;
        times += 1;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(times))
}
