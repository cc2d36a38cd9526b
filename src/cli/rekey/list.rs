//! `fetool rekey --list`.

use crate::cli::failure::{Failure, Subjects};
use crate::cli::work::{Source, print};
use fetool::format::HEAD_MAX;
use fetool::{Error, Stop, status};
use std::io::Read;

/// The slots, without any secret.
pub fn run(source: &Source) -> Result<(), Failure> {
    let subjects = Subjects {
        input: source.name(),
        ..Subjects::stdout()
    };
    let mut head = Vec::new();
    // It must live on: without it, reads of a pipe end.
    let stop = Stop::new();
    let mut input = source.open_sealed(&stop)?.take(HEAD_MAX as u64);
    input
        .read_to_end(&mut head)
        .map_err(|e| subjects.blame(&Error::Read(e)))?;
    let (format, header) = fetool::read_header(None, &head).map_err(|e| subjects.blame(&e))?;
    let derivations = header.describe().derivations;
    if !header.has_slots() {
        return Err(Failure::usage("the file has no key slots")
            .with_status(status::FORMAT)
            .about(subjects.input)
            .hint(format!(
                "its key cannot be changed without the data; 'fetool rekey --reseal' does both ({})",
                format.title()
            )));
    }
    let mut text = String::new();
    for (slot, derivation) in derivations.iter().enumerate() {
        text.push_str(&format!("{slot}  {derivation}\n"));
    }
    print(text.as_bytes())
}
