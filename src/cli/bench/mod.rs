//! `fetool bench`.
//!
//! Each part (`aeads`, `kdfs`, `streams`) is a list of [`Case`]s: what is measured, and a closure that
//! measures it once. `measure` runs them in turns; `table`, `conclusion` and the JSON show the results.

mod aeads;
mod case;
mod conclusion;
mod kdfs;
mod measure;
mod streams;
mod table;

use super::failure::{Failure, Subjects, shown};
use super::{args, columns, manual, work};
use case::{Case, Part};
use clap::{ValueEnum, ValueHint};
use fetool::aead::{Algorithm, Engine};
use fetool::format::gocrypt::LAYERS_MAX;
use fetool::format::{FORMATS, Format};
use fetool::{Error, all_cores};
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Measure how fast this machine seals and opens
///
/// Takes less than half a minute. Shows the AEADs by engine, chunk size and number of worker threads,
/// the key derivations by time and memory, and whole streams by format, each beside a limit that
/// is measured in the same run. The last line says what the numbers mean.
#[derive(clap::Args)]
#[command(after_help = manual::BENCH_EXAMPLES)]
pub struct Args {
    /// What to measure [default: everything]
    #[arg(value_name = "PART")]
    parts: Vec<Part>,

    /// These AEADs only, by themselves and in the formats that have them
    #[arg(long, value_name = "AEAD", value_delimiter = ',', value_parser = args::named(&Algorithm::ALL, Algorithm::name), help_heading = "Selection")]
    aead: Vec<Algorithm>,

    /// The AEADs in these engines only
    #[arg(long, value_name = "ENGINE", value_delimiter = ',', value_parser = args::named(&Engine::ALL, Engine::name), help_heading = "Selection")]
    engine: Vec<Engine>,

    /// These formats only, with the key derivations that they use
    #[arg(short, long, value_name = "NAME", value_delimiter = ',', value_parser = args::written_format(), help_heading = "Selection")]
    format: Vec<&'static dyn Format>,

    /// GoCrypt only, with this many layers, 1 to 200
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=i64::from(LAYERS_MAX)), help_heading = "Selection")]
    layers: Vec<u8>,

    /// Worker threads, such as 1,2,4; 0 is one for each core
    ///
    /// [default: 1 and one for each core]
    #[arg(short, long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(0..=256), help_heading = "Work", default_value = "1,0", hide_default_value = true)]
    jobs: Vec<u16>,

    /// Plaintext bytes of one turn
    ///
    /// [default: 32 MiB for formats, fewer with layers; a fixed time for AEADs] An AEAD takes at
    /// least 256 KiB and one chunk. With a large SIZE a run takes longer than half a minute.
    #[arg(long, value_name = "SIZE", value_parser = args::bytes, help_heading = "Work")]
    size: Option<u64>,

    /// Measure the formats from file to file in DIR as well
    ///
    /// The files are removed afterwards. Without --size they are small enough to stay in the page cache.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Work")]
    dir: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long, help_heading = "Output")]
    json: bool,
}

/// Each part begins no round of turns that would end later than this.
const ROUNDS: Duration = Duration::from_millis(7_000);
/// No turn begins later than this, however busy the machine is. The longest takes two or three seconds.
const TURNS: Duration = Duration::from_millis(8_300);

pub fn run(args: &Args) -> Result<(), Failure> {
    let dir = args.dir.as_deref().map(shown).unwrap_or_default();
    let subjects = Subjects {
        input: dir.clone(),
        output: dir,
        ..Subjects::default()
    };
    let failed = |error: Error| subjects.attribute(&error);
    let parts = args.cases().map_err(failed)?;
    let start = Instant::now();
    let mut all = Vec::new();
    for (done, (part, cases)) in (1..).zip(parts) {
        // If one part takes longer, the next gets less time.
        let rounds = start + done * ROUNDS;
        // With a chosen size, a run takes as long as it needs.
        let turns = args.size.is_none().then(|| start + done * TURNS);
        let measured = measure::run(part, rounds, turns, cases).map_err(failed)?;
        if !args.json && !measured.is_empty() {
            let gap = if all.is_empty() { "" } else { "\n" };
            let table = table::draw(part, &measured, &columns::Look::of_stdout());
            work::print((gap.to_owned() + &table).as_bytes())?;
        }
        all.extend(measured);
    }
    let conclusion = conclusion::of(&all);
    if args.json {
        let object = serde_json::json!({
            "fetool": env!("CARGO_PKG_VERSION"),
            "cores": all_cores().get(),
            "results": all,
            "conclusion": conclusion,
        });
        work::print(format!("{object}\n").as_bytes())?;
    } else if let Some(conclusion) = conclusion {
        work::print(format!("\n{conclusion}\n").as_bytes())?;
    }
    Ok(())
}

impl Args {
    /// Returns the selected cases by part. Refuses a selection without cases before anything takes time.
    fn cases(&self) -> Result<Vec<(Part, Vec<Case>)>, Error> {
        if self.size == Some(0) {
            return Err(Error::usage("--size 0 leaves nothing to measure"));
        }
        let mut parts = Vec::new();
        for part in Part::value_variants() {
            let cases = match part {
                part if !listed(&self.parts, part) => continue,
                Part::Aead => aeads::cases(self),
                Part::Kdf => kdfs::cases(self),
                Part::Format => streams::cases(self)?,
            };
            parts.push((*part, cases));
        }
        parts.retain(|(_, cases)| !cases.is_empty());
        match parts.last() {
            None => Err(Error::usage_hint(
                "no benchmark matches the selection",
                "filters are combined (AND); give fewer of them",
            )),
            Some((last, _)) if self.dir.is_some() && *last != Part::Format => {
                Err(Error::usage("--dir requires a format to measure"))
            }
            Some(_) => Ok(parts),
        }
    }

    /// Returns the numbers of jobs, each once and in ascending order.
    fn jobs(&self) -> Vec<NonZeroUsize> {
        let number = |jobs: &u16| NonZeroUsize::new((*jobs).into()).unwrap_or_else(all_cores);
        let jobs: BTreeSet<_> = self.jobs.iter().map(number).collect();
        jobs.into_iter().collect()
    }

    /// Returns the selected formats that can be sealed.
    fn formats(&self) -> impl Iterator<Item = &'static dyn Format> {
        let names: Vec<_> = self.format.iter().map(|it| it.name()).collect();
        let formats = FORMATS.iter().copied().filter(|it| it.can_seal());
        formats.filter(move |it| listed(&names, &it.name()))
    }
}

/// Returns whether a filter includes `it`: an empty one includes everything.
fn listed<T: PartialEq>(filter: &[T], it: &T) -> bool {
    filter.is_empty() || filter.contains(it)
}
