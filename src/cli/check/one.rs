//! Checking one file.

use super::Args;
use super::find::Job;
use super::record::Time;
use super::select::Select;
use crate::cli::failure::{Failure, Subjects, shown};
use crate::cli::secrets::keys::Keys;
use crate::cli::tree::{Counters, Skip, TreeEntry};
use crate::cli::work::Source;
use crate::io::FileId;
use crate::io::uncached::{BulkFile, forget};
use fetool::{CancelToken, Error, Inspect, Inspected, Meter, status};
use nix::fcntl::OFlag;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// In bytes. Longer files are checked one at a time, with all workers.
const BIG: u64 = 16 << 20;

/// The result of checking a file.
pub struct Outcome {
    pub path: PathBuf,
    /// Whether the user named the file itself, and not a directory above it.
    pub named: bool,
    pub what: What,
}

pub enum What {
    /// The file was read to its end, or to its first fault.
    Checked(Seen, Result<Sound, Failure>),
    /// A dry run would check the file.
    Planned,
    Skipped(Skip),
    /// The file could not be read.
    Failed(Failure),
    /// The time of --for was over before this file.
    Left,
}

impl Outcome {
    pub fn left(job: &Job) -> Self {
        let (path, named) = match job {
            Job::File(entry, _) => (entry.source.clone(), entry.named),
            Job::Stream(source) => (path_of(source), true),
        };
        Self {
            path,
            named,
            what: What::Left,
        }
    }
}

fn path_of(source: &Source) -> PathBuf {
    source.path().unwrap_or(Path::new("-")).to_owned()
}

/// The status of a file, and its hash.
#[derive(Clone, Copy)]
pub struct Seen {
    /// Its length in bytes, if it is a regular file.
    pub size: Option<u64>,
    pub mtime: Option<Time>,
    /// The hash of all its bytes, if requested.
    pub blake3: Option<blake3::Hash>,
}

/// A good file.
pub struct Sound {
    pub format: &'static str,
    /// The reading of the format that authenticated it; `None` if only its structure was checked.
    pub reading: Option<String>,
    pub warnings: Vec<String>,
}

/// Checks files. All workers share it.
pub struct Checker<'a> {
    pub args: &'a Args,
    /// The secrets. Without any, only the structure is checked.
    pub keys: Option<Keys>,
    /// A detached header.
    pub header: Option<Vec<u8>>,
    /// Whether files are hashed as well.
    pub hashes: bool,
    /// The files that hold the secrets, which are skipped.
    pub skipped: Vec<FileId>,
    /// The list of --files0-from, which is skipped as well.
    pub list: Option<FileId>,
    pub jobs: NonZeroUsize,
    pub cancel: CancelToken,
    pub counters: Counters,
    /// Held while a big file is checked.
    pub big: Mutex<()>,
}

impl Checker<'_> {
    pub fn check(&self, job: &Job) -> Outcome {
        match job {
            Job::File(entry, len) => Outcome {
                path: entry.source.clone(),
                named: entry.named,
                what: self.check_entry(entry, *len),
            },
            Job::Stream(source) => Outcome {
                path: path_of(source),
                named: true,
                what: self.check_stream(source),
            },
        }
    }

    fn check_entry(&self, entry: &TreeEntry, len: u64) -> What {
        let system = |error: &io::Error| What::Failed(Failure::system(shown(&entry.source), error));
        let opened = self.open(entry).and_then(|file| {
            let before = file.metadata()?;
            Ok((file, before))
        });
        let (file, before) = match opened {
            Ok(opened) => opened,
            Err(error) => return system(&error),
        };
        let id = FileId::of(&before);
        match id {
            None => return What::Skipped(Skip::Changed),
            Some(id) if self.skipped.contains(&id) => return What::Skipped(Skip::Key),
            Some(_) if self.list == id => return What::Skipped(Skip::List),
            Some(_) => {}
        }
        let damaged = match self.select(entry, &file) {
            Ok(Select::Take) => None,
            Ok(Select::Skip(skip)) => return What::Skipped(skip),
            Ok(Select::Damaged(failure)) => Some(failure),
            Err(error) => return system(&error),
        };
        if self.args.walk.dry_run {
            return What::Planned;
        }
        let current = self.counters.start(&entry.source, len);
        let _alone;
        let jobs = if before.len() > BIG {
            _alone = self.big.lock().unwrap_or_else(PoisonError::into_inner);
            self.jobs
        } else {
            NonZeroUsize::MIN
        };
        let subjects = self.subjects(shown(&entry.source));
        let mut blake3 = None;
        let (result, read) = if damaged.is_none() && self.keys.is_none() && !self.hashes {
            // This seeks over most of the file.
            let inspected = self.inspect(current.meter()).run_seekable(&file);
            forget(&file);
            (self.of_inspected(inspected, &subjects), Ok(()))
        } else {
            // The pages of a short file are dropped at its end, with the first ones, which were read for the magic number.
            let is_big = before.len() > BIG;
            let bulk = BulkFile::new(&file, is_big);
            let mut input = Tee {
                input: bulk.start(),
                hasher: self.hashes.then(blake3::Hasher::new),
            };
            let result = match damaged {
                Some(failure) => Err(failure),
                None => self.read(
                    &mut input,
                    Some(before.len()),
                    jobs,
                    current.meter(),
                    &subjects,
                ),
            };
            // The check stops at a fault, but the hash needs the rest.
            let rest = match self.hashes {
                true => io::copy(&mut input, &mut io::sink()).map(drop),
                false => Ok(()),
            };
            blake3 = input.hasher.map(|hasher| hasher.finalize());
            if !is_big {
                forget(&file);
            }
            (result, rest)
        };
        let unchanged = read.and_then(|()| is_unchanged(&file, &before));
        match unchanged {
            Ok(true) => {}
            Ok(false) => {
                return What::Failed(
                    Failure::usage("the file changed while it was read")
                        .with_status(status::SYSTEM)
                        .about(shown(&entry.source)),
                );
            }
            Err(error) => return system(&error),
        }
        let seen = Seen {
            size: Some(before.len()),
            mtime: Some(Time::of(&before)),
            blake3,
        };
        What::Checked(seen, result)
    }

    /// Opens a file of a tree. Links are followed only with --follow.
    fn open(&self, entry: &TreeEntry) -> io::Result<File> {
        // The file may have been replaced by a FIFO, which must not block.
        let mut flags = OFlag::O_NONBLOCK;
        if !entry.link && !self.args.walk.follow {
            flags |= OFlag::O_NOFOLLOW;
        }
        let mut open = OpenOptions::new();
        open.read(true).custom_flags(flags.bits());
        open.open(&entry.source)
    }

    fn check_stream(&self, source: &Source) -> What {
        if self.args.walk.dry_run {
            return What::Planned;
        }
        let input = match source.open_sealed(&self.cancel) {
            Ok(input) => input,
            Err(failure) => return What::Failed(failure),
        };
        let current = self.counters.start(&path_of(source), 0);
        let subjects = self.subjects(source.name());
        let size = input.size();
        let result = self.read(input, size, self.jobs, current.meter(), &subjects);
        let seen = Seen {
            size: None,
            mtime: None,
            blake3: None,
        };
        What::Checked(seen, result)
    }

    fn subjects(&self, input: String) -> Subjects {
        let key = self.keys.as_ref().map(Keys::name);
        Subjects {
            input,
            output: String::new(),
            key: key.unwrap_or_default(),
        }
    }

    fn inspect(&self, meter: Meter) -> Inspect<'_> {
        let read = &self.args.read;
        Inspect::new()
            .among(read.formats())
            .format(read.format())
            .detached_header(self.header.as_deref())
            .meter(meter)
    }

    /// Reads all of an input, and authenticates it if there are secrets.
    fn read(
        &self,
        input: impl Read + Send,
        len: Option<u64>,
        jobs: NonZeroUsize,
        meter: Meter,
        subjects: &Subjects,
    ) -> Result<Sound, Failure> {
        let Some(keys) = &self.keys else {
            return self.of_inspected(self.inspect(meter).run(input), subjects);
        };
        let read = &self.args.read;
        // A separate token: a failure here must not cancel other files.
        let cancel = CancelToken::new();
        let opening = keys
            .open()
            .among(read.formats())
            .format(read.format())
            .detached_header(self.header.as_deref())
            .limits(read.limits(len))
            .strict(self.args.refuse.strict)
            .legacy_slots(read.allow_legacy_slots)
            .max_work_factor(read.max_work_factor)
            .authenticated(true)
            .jobs(jobs)
            .stop(&cancel)
            .meter(meter)
            .start(input);
        let checked = opening.and_then(|opening| {
            let format = opening.format();
            Ok((format, opening.check()?))
        });
        let (format, checked) = checked.map_err(|error| subjects.attribute(&error))?;
        Ok(Sound {
            format,
            reading: Some(checked.reading),
            warnings: checked.warnings,
        })
    }

    /// Returns the result of checking the structure of a file.
    fn of_inspected(
        &self,
        inspected: Result<Inspected, Error>,
        subjects: &Subjects,
    ) -> Result<Sound, Failure> {
        let inspected = inspected.map_err(|error| match &error {
            Error::UnknownFormat(unknown) if !unknown.possible.is_empty() => {
                subjects.attribute(&error).hint(
                    "only the secret tells its format: give it with -k or -p, or the format with -f",
                )
            }
            error => subjects.attribute(error),
        })?;
        if let Some(fault) = inspected.fault {
            return Err(Failure::usage(fault.message)
                .with_status(fault.status)
                .about(&subjects.input));
        }
        let warnings = inspected.description.warnings;
        match warnings.first() {
            Some(warning) if self.args.refuse.strict => {
                Err(subjects.attribute(&Error::Strict(warning.clone())))
            }
            _ => Ok(Sound {
                format: inspected.format,
                reading: None,
                warnings,
            }),
        }
    }
}

fn is_unchanged(file: &File, before: &Metadata) -> io::Result<bool> {
    let now = file.metadata()?;
    Ok(now.len() == before.len() && Time::of(&now) == Time::of(before))
}

/// Hashes the bytes that are read through it.
struct Tee<R> {
    input: R,
    hasher: Option<blake3::Hasher>,
}

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(into)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&into[..read]);
        }
        Ok(read)
    }
}
