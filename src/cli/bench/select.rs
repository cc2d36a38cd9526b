//! What is measured: each filter leaves the cases that it applies to.

use super::Args;
use super::case::Part;
use super::streams::Scratch;
use crate::cli::failure::{Failure, shown};
use clap::ValueEnum;
use fetool::aead::{Aead, Algorithm, Engine, KEY_LEN};
use fetool::all_cores;
use fetool::format::{FORMATS, Format};
use std::num::NonZeroUsize;
use std::ops::Deref;

/// What is measured.
pub struct Selection<'a> {
    args: &'a Args,
    pub jobs: Vec<NonZeroUsize>,
}

impl Deref for Selection<'_> {
    type Target = Args;

    fn deref(&self) -> &Args {
        self.args
    }
}

/// A format with what it is sealed with.
#[derive(Clone, Copy)]
pub struct Choice {
    pub format: &'static dyn Format,
    pub algorithm: Algorithm,
    pub layers: Option<u8>,
}

impl<'a> Selection<'a> {
    /// Refuses what selects nothing, before anything takes time.
    pub fn new(args: &'a Args) -> Result<Self, Failure> {
        if args.size == Some(0) {
            return Err(Failure::usage("--size 0 leaves nothing to measure"));
        }
        let jobs = jobs(&args.jobs);
        let selection = Self { args, jobs };
        let parts = selection.parts();
        if parts.is_empty() {
            return Err(Failure::usage("no benchmark matches the selection")
                .hint("filters are combined (AND); give fewer of them"));
        }
        if let Some(dir) = &args.dir {
            if !parts.contains(&Part::Format) {
                return Err(Failure::usage("--dir requires a format to measure"));
            }
            Scratch::new(dir).map_err(|error| Failure::system(shown(dir), &error))?;
        }
        Ok(selection)
    }

    /// The parts that have something to measure.
    pub fn parts(&self) -> Vec<Part> {
        let parts = Part::value_variants().iter().copied();
        let wanted = parts.filter(|part| all_or_listed(&self.parts, part));
        let has_cases = |part: &Part| match part {
            Part::Aead => !self.aeads().is_empty(),
            Part::Kdf => !self.kdf_formats().is_empty(),
            Part::Format => !self.choices().is_empty(),
        };
        wanted.filter(has_cases).collect()
    }

    /// The AEADs with the engines that have them here.
    pub fn aeads(&self) -> Vec<(Algorithm, Engine)> {
        if !self.format.is_empty() || !self.layers.is_empty() {
            return Vec::new();
        }
        let algorithms = Algorithm::ALL.into_iter();
        algorithms
            .filter(|algorithm| all_or_listed(&self.aead, algorithm))
            .flat_map(|algorithm| Engine::ALL.map(|engine| (algorithm, engine)))
            .filter(|(_, engine)| all_or_listed(&self.engine, engine))
            .filter(|(algorithm, engine)| {
                Aead::with_engine(*engine, *algorithm, &[0; KEY_LEN]).is_some()
            })
            .collect()
    }

    /// The formats whose key derivations are measured.
    pub fn kdf_formats(&self) -> Vec<&'static dyn Format> {
        let others = !self.aead.is_empty() || !self.engine.is_empty() || !self.layers.is_empty();
        match others {
            true => Vec::new(),
            false => self.formats().collect(),
        }
    }

    /// The formats with every AEAD and number of layers that was selected; with their defaults where
    /// nothing was.
    pub fn choices(&self) -> Vec<Choice> {
        let mut choices = Vec::new();
        for format in self.formats().filter(|_| self.engine.is_empty()) {
            let layers: Vec<Option<u8>> = match (format.default_layers(), self.layers.as_slice()) {
                (default, []) => vec![default],
                (Some(_), layers) => layers.iter().copied().map(Some).collect(),
                (None, _) => continue,
            };
            let has = format.algorithms();
            let algorithms = match self.aead.as_slice() {
                [] => &has[..1],
                _ => has,
            };
            for algorithm in algorithms {
                let layers = layers
                    .iter()
                    .filter(|_| all_or_listed(&self.aead, algorithm));
                choices.extend(layers.map(|layers| Choice {
                    format,
                    algorithm: *algorithm,
                    layers: *layers,
                }));
            }
        }
        choices
    }

    /// The selected formats that can be sealed.
    fn formats(&self) -> impl Iterator<Item = &'static dyn Format> {
        let written = FORMATS
            .iter()
            .copied()
            .filter(|it| !it.algorithms().is_empty());
        written.filter(|format| {
            let named = |it: &&dyn Format| it.name() == format.name();
            self.format.is_empty() || self.format.iter().any(named)
        })
    }
}

fn all_or_listed<T: PartialEq>(list: &[T], it: &T) -> bool {
    list.is_empty() || list.contains(it)
}

/// The numbers of jobs, each once and in their order.
fn jobs(said: &[u16]) -> Vec<NonZeroUsize> {
    let number = |said: &u16| NonZeroUsize::new((*said).into()).unwrap_or_else(all_cores);
    let mut jobs: Vec<_> = match said {
        [] => vec![NonZeroUsize::MIN, all_cores()],
        said => said.iter().map(number).collect(),
    };
    jobs.sort();
    jobs.dedup();
    jobs
}
