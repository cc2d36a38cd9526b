//! Making one file from the other.

use super::Operation;
use crate::cli::secrets::recipients::SealFor;
use crate::io::sparse::Sparse;
use crate::io::uncached::{BulkFile, is_bulk};
use fetool::format::{Format, Limits};
use fetool::{
    CancelToken, Damage, Error, FileKey, Identity, Meter, Open, Positioned, Salvage, Salvaged,
    status,
};
use std::fs::File;
use std::num::NonZeroUsize;

/// The options for one file.
pub struct Run<'a> {
    pub jobs: NonZeroUsize,
    pub stop: &'a CancelToken,
    pub meter: Meter,
    /// Receives each damaged part of a salvaged file.
    pub damaged: &'a dyn Fn(&Damage),
}

/// The result for a file.
pub struct Done {
    /// Plaintext bytes.
    pub bytes: u64,
    pub warnings: Vec<String>,
    /// The key that opens the result, if no available secret does.
    pub file_key: Option<FileKey>,
    /// What was salvaged of a damaged file.
    pub damaged: Option<Salvaged>,
}

impl Operation<'_> {
    /// Creates the other file.
    pub fn transfer(&self, source: &File, output: &File, run: Run<'_>) -> Result<Done, Error> {
        let len = source.metadata().map_err(Error::Read)?.len();
        let [source, output] = [source, output].map(|file| BulkFile::new(file, is_bulk(len)));
        match self {
            Self::Seal {
                builder,
                recipients,
                ..
            } => {
                let sealing = builder(recipients)
                    .size((len > 0).then_some(len))
                    .jobs(run.jobs)
                    .stop(run.stop)
                    .meter(run.meter)
                    .start()?;
                let file_key = sealing.file_key().cloned();
                let sealed = sealing.run_at(source.start(), output.start())?;
                Ok(Done {
                    file_key,
                    bytes: sealed.plaintext_len,
                    warnings: Vec::new(),
                    damaged: None,
                })
            }
            Self::Open {
                salvage, sparse, ..
            } => {
                let open = self
                    .opener(len, None)
                    .expect("there are keys to open with")
                    .jobs(run.jobs)
                    .stop(run.stop)
                    .meter(run.meter);
                if let Some(fill) = salvage {
                    let salvage = Salvage::new(open).fill(*fill);
                    let tell = |damage| (run.damaged)(&damage);
                    let salvaged = salvage.run(&source, output.start(), tell)?;
                    return Ok(Done {
                        file_key: None,
                        bytes: salvaged.plaintext_len,
                        warnings: salvaged.warnings.clone(),
                        damaged: (salvaged.status != status::OK).then_some(salvaged),
                    });
                }
                let opening = open.start(source.start())?;
                let warnings = opening.warnings().to_vec();
                let opened = match sparse {
                    true => {
                        let file = &Sparse(&output);
                        let position = 0;
                        opening.run_at(source.start(), Positioned { file, position })?
                    }
                    false => opening.run_at(source.start(), output.start())?,
                };
                if *sparse {
                    // It may end with a hole.
                    let end = opened.plaintext_len;
                    output.file().set_len(end).map_err(Error::Write)?;
                }
                Ok(Done {
                    file_key: None,
                    bytes: opened.plaintext_len,
                    warnings,
                    damaged: None,
                })
            }
        }
    }

    /// Returns the settings for opening sealed files: the sources, or the results of sealing. `None` if no available
    /// key opens them.
    pub(super) fn opener<'o>(
        &'o self,
        len: u64,
        file_key: Option<&'o FileKey>,
    ) -> Option<Open<'o>> {
        let open = match (self, file_key) {
            (_, Some(key)) => Open::new(Identity::unwrapping(key)),
            (
                Self::Seal {
                    recipients, keys, ..
                },
                None,
            ) => match recipients.iter().find_map(SealFor::as_secret) {
                Some(secret) => Open::new(secret),
                None => (*keys)?.open(),
            },
            (Self::Open { keys, .. }, None) => keys.open(),
        };
        let open = match self {
            Self::Seal { format, memory, .. } => open
                .format(Some(*format))
                // The work factor may be as high as when sealing.
                .max_work_factor(Some(u8::MAX))
                .limits(Limits {
                    memory: *memory,
                    input_len: Some(len),
                }),
            Self::Open {
                format,
                formats,
                strict,
                legacy_slots,
                max_work_factor,
                memory,
                ..
            } => open
                .among(formats)
                .format(format.map(|format| format as &dyn Format))
                .strict(*strict)
                .legacy_slots(*legacy_slots)
                .max_work_factor(*max_work_factor)
                .limits(Limits {
                    memory: *memory,
                    input_len: Some(len),
                }),
        };
        Some(open)
    }
}
