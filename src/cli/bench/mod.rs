//! `fetool bench`.
//!
//! Each part (`aeads`, `kdfs`, `formats`) is a list of [`Case`]s: what is measured, and a closure that
//! measures it once. `measure` runs them in turns, and `table` and `json` tell what came out.

mod aeads;
mod case;
mod derived_once;
mod files;
mod formats;
mod json;
mod kdfs;
mod measure;
mod names;
mod select;
mod table;
mod ways;

use super::failure::Failure;
use super::{args, manual, work};
use case::Part;
use clap::ValueHint;
use fetool::aead::{Algorithm, Engine};
use fetool::format::Format;
use fetool::format::gocrypt::LAYERS_MAX;
use measure::Measured;
use select::Selection;
use std::path::PathBuf;
use std::time::Instant;

/// Measure how fast this machine seals and opens
///
/// Takes less than half a minute. Shows the AEADs by engine, chunk size and number of worker threads,
/// the key derivations by time and memory, and whole streams by format; each beside a limit that
/// was measured in the same run. What is selected is measured, and nothing else.
#[derive(clap::Args)]
#[command(after_help = manual::BENCH_EXAMPLES)]
pub struct Args {
    /// What to measure; everything otherwise
    #[arg(value_name = "PART")]
    parts: Vec<Part>,

    /// These AEADs only, by themselves and in the formats that have them
    #[arg(long, value_name = "AEAD", value_delimiter = ',', value_parser = names::aead(), help_heading = "Selection")]
    aead: Vec<Algorithm>,

    /// The AEADs in these engines only
    #[arg(long, value_name = "ENGINE", value_delimiter = ',', value_parser = names::engine(), help_heading = "Selection")]
    engine: Vec<Engine>,

    /// These formats only, with the key derivations that they use
    #[arg(short, long, value_name = "NAME", value_delimiter = ',', value_parser = args::written_format(), help_heading = "Selection")]
    format: Vec<&'static dyn Format>,

    /// GoCrypt only, with so many layers, 1 to 200
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=i64::from(LAYERS_MAX)), help_heading = "Selection")]
    layers: Vec<u8>,

    /// Worker threads, such as 1,2,4; 0 is one for each core
    ///
    /// Without it, 1 and one for each core.
    #[arg(short, long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(0..=256), help_heading = "Work")]
    jobs: Vec<u16>,

    /// Plaintext bytes of one turn
    ///
    /// Without it, as many as make a turn take some hundredths of a second. An AEAD takes at
    /// least 256 KiB and one chunk.
    #[arg(long, value_name = "SIZE", value_parser = args::bytes, help_heading = "Work")]
    size: Option<u64>,

    /// Measure the formats from file to file in FOLDER too
    ///
    /// Nothing stays there. Without --size the files are small enough to pass through the system's
    /// memory without ever reaching the disk.
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath, help_heading = "Work")]
    dir: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long, help_heading = "Output")]
    json: bool,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let selection = Selection::new(args)?;
    let mut all = Vec::new();
    // What one part takes longer, the next has less.
    let mut deadline = Instant::now();
    for part in selection.parts() {
        deadline += part.patience();
        let measured = measure(part, deadline, &selection)?;
        if args.json {
            all.extend(measured);
        } else {
            let gap = if all.is_empty() { "" } else { "\n" };
            let table = table::draw(part, &measured, &table::Look::of_stdout());
            work::print((gap.to_owned() + &table).as_bytes())?;
            all.extend(measured);
        }
    }
    if args.json {
        work::print(json::object(&all).as_bytes())?;
    }
    Ok(())
}

fn measure(part: Part, deadline: Instant, selection: &Selection) -> Result<Vec<Measured>, Failure> {
    let plan = part.plan();
    match part {
        Part::Aead => measure::run(plan, deadline, aeads::cases(selection)),
        Part::Kdf => measure::run(plan, deadline, kdfs::cases(selection)),
        Part::Format => {
            let streams = formats::Streams::prepare(selection)?;
            measure::run(plan, deadline, streams.cases(selection))
        }
    }
}
