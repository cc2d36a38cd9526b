//! What of everything is measured. Each selector leaves those lines that it speaks of.

use super::Args;
use super::case::Part;
use crate::cli::failure::{Failure, shown};
use fetool::aead::{Aead, Algorithm, Engine, KEY_LEN};
use fetool::all_cores;
use fetool::format::{FORMATS, Format, dexios, gfe, gocrypt, parallel_encryptor};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// What is measured.
pub struct Selection {
    parts: Vec<Part>,
    aeads: Vec<Algorithm>,
    engines: Vec<Engine>,
    formats: Vec<&'static dyn Format>,
    layers: Vec<u8>,
    pub jobs: Vec<NonZeroUsize>,
    pub size: Option<u64>,
    pub dir: Option<PathBuf>,
}

/// A format with what it is sealed with.
#[derive(Clone, Copy)]
pub struct Choice {
    pub format: &'static dyn Format,
    pub algorithm: Algorithm,
    pub layers: Option<u8>,
}

impl Selection {
    /// Refuses what selects nothing, before anything takes time.
    pub fn new(args: &Args) -> Result<Self, Failure> {
        if args.size == Some(0) {
            return Err(Failure::usage("--size 0 leaves nothing to measure"));
        }
        let selection = Self {
            parts: args.parts.clone(),
            aeads: args.aead.clone(),
            engines: args.engine.clone(),
            formats: args.format.clone(),
            layers: args.layers.clone(),
            jobs: jobs(&args.jobs),
            size: args.size,
            dir: args.dir.clone(),
        };
        let parts = selection.parts();
        if parts.is_empty() {
            return Err(Failure::usage("nothing has all of what was selected")
                .hint("each option leaves only what it speaks of; give fewer of them"));
        }
        if let Some(dir) = &selection.dir {
            if !parts.contains(&Part::Format) {
                return Err(Failure::usage(
                    "--dir is for the formats, and none of them is selected",
                ));
            }
            check_folder(dir)?;
        }
        Ok(selection)
    }

    /// The parts that have something to measure.
    pub fn parts(&self) -> Vec<Part> {
        let wanted = |part: &Part| all_or_listed(&self.parts, part);
        let has_cases = |part: &Part| match part {
            Part::Aead => !self.aeads().is_empty(),
            Part::Kdf => self.kdf_formats().next().is_some(),
            Part::Format => !self.choices().is_empty(),
        };
        let parts = Part::ALL.into_iter();
        parts.filter(wanted).filter(has_cases).collect()
    }

    /// The AEADs with the engines that have them here.
    pub fn aeads(&self) -> Vec<(Algorithm, Engine)> {
        if !self.formats.is_empty() || !self.layers.is_empty() {
            return Vec::new();
        }
        let algorithms = Algorithm::ALL.into_iter();
        algorithms
            .filter(|algorithm| all_or_listed(&self.aeads, algorithm))
            .flat_map(|algorithm| Engine::ALL.map(|engine| (algorithm, engine)))
            .filter(|(_, engine)| all_or_listed(&self.engines, engine))
            .filter(|(algorithm, engine)| {
                Aead::with_engine(*engine, *algorithm, &[0; KEY_LEN]).is_some()
            })
            .collect()
    }

    /// The formats whose key derivations are measured.
    pub fn kdf_formats(&self) -> impl Iterator<Item = &'static dyn Format> {
        let others = !self.aeads.is_empty() || !self.engines.is_empty() || !self.layers.is_empty();
        let formats = written().filter(|format| self.takes(*format));
        formats.filter(move |_| !others)
    }

    /// The formats with every AEAD and number of layers that was selected; with their own where
    /// nothing was.
    pub fn choices(&self) -> Vec<Choice> {
        if !self.engines.is_empty() {
            return Vec::new();
        }
        let mut choices = Vec::new();
        for format in written().filter(|format| self.takes(*format)) {
            let has_layers = format.name() == gocrypt::GoCrypt.name();
            let layers: Vec<Option<u8>> = match (has_layers, self.layers.as_slice()) {
                (true, []) => vec![Some(gocrypt::LAYERS_DEFAULT)],
                (true, layers) => layers.iter().copied().map(Some).collect(),
                (false, []) => vec![None],
                (false, _) => continue,
            };
            for algorithm in self.algorithms_of(format) {
                choices.extend(layers.iter().map(|layers| Choice {
                    format,
                    algorithm,
                    layers: *layers,
                }));
            }
        }
        choices
    }

    fn algorithms_of(&self, format: &dyn Format) -> Vec<Algorithm> {
        let has = algorithms(format);
        match self.aeads.as_slice() {
            [] => vec![has[0]],
            wanted => has
                .iter()
                .copied()
                .filter(|it| wanted.contains(it))
                .collect(),
        }
    }

    fn takes(&self, format: &dyn Format) -> bool {
        self.formats.is_empty() || self.formats.iter().any(|it| it.name() == format.name())
    }
}

fn all_or_listed<T: PartialEq>(list: &[T], it: &T) -> bool {
    list.is_empty() || list.contains(it)
}

fn written() -> impl Iterator<Item = &'static dyn Format> {
    FORMATS.iter().copied().filter(|format| format.writes())
}

/// What a format can be sealed with, its default first.
fn algorithms(format: &dyn Format) -> &'static [Algorithm] {
    use Algorithm::{Aes256Gcm, DeoxysII256, XChaCha20Poly1305};
    let name = format.name();
    if name == dexios::Dexios.name() {
        &[XChaCha20Poly1305, Aes256Gcm, DeoxysII256]
    } else if name == gocrypt::GoCrypt.name() {
        &[XChaCha20Poly1305]
    } else {
        debug_assert!(
            [
                gfe::Gfe.name(),
                parallel_encryptor::ParallelEncryptor.name()
            ]
            .contains(&name)
        );
        &[Aes256Gcm]
    }
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

/// Whether files can be made in it.
fn check_folder(dir: &Path) -> Result<(), Failure> {
    super::files::Scratch::new(dir)
        .map(drop)
        .map_err(|error| Failure::system(shown(dir), &error))
}
