//! `fetool rekey --reseal`: open and seal again in one pass, with no plaintext on the disk.

use super::in_place::{lock_path, refuse_irregular, replaced};
use super::{Args, NewSecret, Secrets, find, new_recipients, warn_of_slot};
use crate::cli::failure::{Failure, Subjects};
use crate::cli::secrets::SecretSource;
use crate::cli::secrets::recipients::SealFor;
use crate::cli::work::{Clock, Source, Weaknesses, show_progress, subjects, target, warn};
use crate::io::FileId;
use crate::io::output::{Content, Output, Target};
use fetool::format::{Format, Limits, NewFiles, by_name};
use fetool::kdf::Kdf;
use fetool::{CancelToken, Error, Meter, Open, Opening, PeekReader, Seal, Sealed};
use std::fs;
use std::io::{Read, Write};

pub fn run(
    args: &Args,
    source: &Source,
    old: &[SecretSource],
    new: &NewSecret,
) -> Result<(), Failure> {
    let mut lock = None;
    let target = match source {
        Source::Path(path) if args.in_place => {
            // Before it is opened: a FIFO would wait for a writer, and then be its own input.
            let metadata =
                fs::metadata(path).map_err(|error| Failure::system(source.name(), &error))?;
            refuse_irregular(&metadata, &source.name())?;
            lock = Some(lock_path(args, path)?);
            Target::File {
                path: path.clone(),
                force: true,
                // The old file is replaced only after the new one is fsynced.
                sync: true,
            }
        }
        _ => target(&args.output)?,
    };
    let mut subjects = subjects(source, &target);
    let stop = CancelToken::new();
    let input = source.open_sealed(&stop)?;
    let body = input.size();
    let keys = old.iter().flat_map(SecretSource::files).chain(new.files());
    let mut read: Vec<_> = keys.collect();
    if !args.in_place {
        read.extend(input.id());
    }
    let mut output =
        Output::open(&target, Content::Sealed, &read).map_err(|e| subjects.refused(e))?;
    let mut secrets = find(args, old, new, source.path())?;
    warn_of_slot(args, &secrets);
    subjects.key = secrets.old.name();

    let mut input = PeekReader::new(input);
    let (opening, clock, progress) = loop {
        let clock = Clock::start();
        let (meter, progress) = show_progress(&args.work, source, Some(&target), None);
        let open = opener(args, &secrets, body, meter, &stop);
        match open.start_ahead(input) {
            Ok(opening) => break (opening, clock, progress),
            Err((error, rest)) => {
                drop(progress);
                let failure = subjects.attribute(&error);
                if !secrets.old.ask_again(&failure)? {
                    return Err(failure);
                }
                input = rest;
            }
        }
    };
    let resealed = stream(args, &secrets, opening, &mut output, subjects)?;
    drop(progress);
    let Resealed {
        sealed,
        format,
        weaknesses,
        subjects,
    } = resealed;
    if let (Some(lock), Some(path)) = (&lock, source.path()) {
        let before = lock.metadata().ok().and_then(|it| FileId::of(&it));
        if FileId::of_path(path) != before {
            return Err(replaced(&source.name()));
        }
    }
    output
        .commit()
        .map_err(|e| subjects.attribute(&Error::Write(e)))?;
    weaknesses.warn_of_more(&args.work, &subjects, 1, sealed.plaintext_len);
    if args.work.verbose {
        let what = format!("sealed again as {}", format.name());
        clock.tell(&subjects, &what, sealed.plaintext_len, sealed.chunks);
    }
    Ok(())
}

/// The result of sealing a file again.
pub struct Resealed<'a> {
    pub sealed: Sealed,
    format: &'static dyn Format,
    weaknesses: Weaknesses<'a>,
    subjects: Subjects,
}

/// Returns the settings for opening a file to seal it again.
pub fn opener<'a>(
    args: &Args,
    secrets: &'a Secrets,
    body: Option<u64>,
    meter: Meter,
    stop: &CancelToken,
) -> Open<'a> {
    secrets
        .old
        .open()
        .legacy_slots(args.allow_legacy_slots)
        .max_work_factor(args.max_work_factor)
        // A file that anybody can forge would be authentic once sealed again.
        .authenticated(true)
        .limits(Limits {
            memory: args.max_memory,
            input_len: body,
        })
        .jobs(args.work.jobs())
        .stop(stop)
        .meter(meter)
}

/// Opens the old file and seals it with the new secret to `output`, in one pass.
pub fn stream<'a>(
    args: &Args,
    secrets: &Secrets,
    opening: Opening<impl Read + Send + 'static>,
    output: &mut impl Write,
    mut subjects: Subjects,
) -> Result<Resealed<'a>, Failure> {
    warn(&args.work, &subjects, opening.warnings());
    if !secrets.new.is_empty() {
        subjects.key.clone_from(&secrets.new_name);
    }
    let recipients = new_recipients(args, secrets)?;
    let (first, more) = recipients.split_first().expect("there is one at least");
    let format = args.format.unwrap_or_else(|| same_format(&opening));
    // With a token of its own: if opening fails, that error must be reported first.
    let seal = Seal::new(first.recipient());
    let more = more.iter().map(SealFor::recipient);
    let sealing = more
        .fold(seal, Seal::add_recipient)
        .work_factor(args.work_factor)
        .armor(opening.is_armored() && format.has_armor())
        .format(format)
        // With a separate salt, it is part of the secret.
        .kdf(
            args.new_kdf
                .filter(|_| args.new_salt.is_none())
                .map(Kdf::from),
        )
        .jobs(args.work.jobs())
        .start()
        .map_err(|e| subjects.attribute(&e))?;
    let new = NewFiles {
        files: 1,
        kdf: args.new_kdf.map(Kdf::from),
        ..NewFiles::default()
    };
    let weaknesses = Weaknesses::warn(&args.work, &subjects, format, new);
    let opened = opening.into_reader().map_err(|e| subjects.attribute(&e))?;
    // Whichever fails ends the other: opening is cancelled if nobody reads it, and if it failed, that is why sealing
    // could not go on.
    let sealed = sealing.run(opened, &mut *output).map_err(Error::root);
    Ok(Resealed {
        sealed: sealed.map_err(|e| subjects.attribute(&e))?,
        format,
        weaknesses,
        subjects,
    })
}

/// Returns the format of the opened file, or its successor.
fn same_format<R: Read + Send>(opening: &Opening<R>) -> &'static dyn Format {
    let format = by_name(opening.format()).expect("what was opened has a known format");
    format.successor().unwrap_or(format)
}
