//! `fetool seal`.

mod secrets;
mod tree;

use secrets::{Asked, Secrets, format_for, new_key_file};

use super::args::{OutputArgs, SecretArgs, WorkArgs, bytes};
use super::failure::{Failure, Subjects};
use super::manual;
use super::secrets::recipients::SealFor;
use super::secrets::save_key;
use super::tree::{DeleteArgs, TreeArgs, only_path};
use super::work::{
    Clock, Source, Weaknesses, show_progress, subjects, target, target_name, warn_of_short_keys,
};
use crate::io::FileId;
use crate::io::file_to_file::FileToFile;
use crate::io::input::Input;
use crate::io::output::{Content, Output, Target};
use crate::size;
use clap::ValueHint;
use fetool::aead::Algorithm;
use fetool::format::gocrypt::LAYERS_MAX;
use fetool::format::{Format, NewFiles};
use fetool::kdf::Kdf;
use fetool::{CancelToken, Error, Meter, Seal, Sealed, Sealing, status};
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Encrypt and authenticate a stream or a file
///
/// Reads PATH, or standard input, and writes the sealed file to standard output, or to FILE.
#[derive(clap::Args)]
#[command(after_help = manual::SEAL_EXAMPLES)]
pub struct Args {
    /// The file to seal; '-' or nothing is standard input. With -r, files and directories
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    secret: SecretArgs,

    /// Make the key file of -k @FILE first: 32 random bytes
    ///
    /// The file gets mode 0600. It is an error if it exists: a key is never overwritten.
    #[arg(long, requires = "key", help_heading = "Secrets")]
    new_key: bool,

    /// Another key that opens the file, up to three (Dexios)
    ///
    /// SPEC is as for --key. Can be repeated.
    #[arg(long, value_name = "SPEC", help_heading = "Secrets")]
    add_key: Vec<OsString>,

    /// A recipient of the file: age1…, or @FILE with some (age)
    ///
    /// Recipients are public. @FILE, env:NAME and fd:N name a list of them, one a line, with comments
    /// behind '#', or identities, whose recipients are taken. Can be repeated. Every recipient can open
    /// the file, and nobody else: not you, unless you are one of them.
    #[arg(long, value_name = "RECIPIENT", help_heading = "Secrets")]
    to: Vec<OsString>,

    /// The format to write: gfe for a key, age for recipients, identities and passphrases
    ///
    /// With --salt a passphrase makes a GFE key. Dexios takes several keys and passphrases.
    #[arg(short, long, value_name = "NAME", value_parser = super::args::written_format(), help_heading = "Format")]
    format: Option<&'static dyn Format>,

    /// The AEAD to seal with, where the format has several (Dexios)
    #[arg(long, value_name = "AEAD", help_heading = "Format")]
    aead: Option<AeadArg>,

    /// Write text instead of binary data (age)
    #[arg(short, long, help_heading = "Format")]
    armor: bool,

    /// The work factor of a passphrase (age) [default: 18]
    ///
    /// Each step doubles the time and memory that opening takes: 18 is about a second and 256 MiB.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=30), help_heading = "Format")]
    work_factor: Option<u8>,

    /// Write the header to a file of its own (Dexios)
    ///
    /// Without it nothing of the data can be opened.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Format")]
    header: Option<PathBuf>,

    /// Plaintext bytes per chunk, such as 64KiB or 1MiB
    ///
    /// GFE takes 1 byte to 10 MiB, and has 1 MiB chunks by default; the AES-GCM File Encryptor takes 1 to 4294967295
    /// bytes [default: 1 MiB]. Memory grows with it. Dexios always has chunks of 1 MiB, GoCrypt of 32 KiB.
    #[arg(short, long, value_name = "SIZE", value_parser = bytes, help_heading = "Format")]
    chunk_size: Option<u64>,

    /// Number of layers, 1 to 200 (GoCrypt) [default: 5]
    ///
    /// Each layer is sealed under a key of its own, from the same passphrase, and takes as long as the
    /// first.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=i64::from(LAYERS_MAX)), help_heading = "Format")]
    layers: Option<u8>,

    /// Memory that chunks may take
    ///
    /// If several chunks do not fit, fewer are worked on at a time.
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = bytes, help_heading = "Format")]
    pub max_memory: u64,

    /// The plaintext's length, for a pipe; a different length is an error
    ///
    /// fetool finds the length of a file itself. The end of a stream of unknown length is authenticated too; with
    /// --size, GFE writes the length into the header.
    #[arg(long, value_name = "SIZE", value_parser = bytes, help_heading = "Format")]
    size: Option<u64>,

    #[command(flatten)]
    tree: TreeArgs,

    #[command(flatten)]
    delete: DeleteArgs,

    #[command(flatten)]
    output: OutputArgs,

    #[command(flatten)]
    work: WorkArgs,
}

/// The AEADs on the command line.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum AeadArg {
    /// The default of Dexios
    Xchacha20Poly1305,
    /// The only one of GFE
    #[value(name = "aes-256-gcm")]
    Aes256Gcm,
    /// Survives repeated nonces, and is slow on processors without AES-NI
    #[value(name = "deoxys-ii-256")]
    DeoxysIi256,
}

impl From<AeadArg> for Algorithm {
    fn from(aead: AeadArg) -> Self {
        match aead {
            AeadArg::Xchacha20Poly1305 => Self::XChaCha20Poly1305,
            AeadArg::Aes256Gcm => Self::Aes256Gcm,
            AeadArg::DeoxysIi256 => Self::DeoxysII256,
        }
    }
}

/// Returns what is known of the files before they are sealed.
fn new_files(args: &Args, len: Option<u64>) -> NewFiles {
    NewFiles {
        files: 1,
        len,
        layers: args.layers,
        kdf: args.secret.kdf.map(Kdf::from),
    }
}

pub fn run(args: &Args) -> Result<(), Failure> {
    if args.tree.walk.wanted() {
        return tree::run(args);
    }
    let source = Source::new(only_path(&args.paths, &args.tree)?);
    let asked = Asked::new(args)?;
    asked.check_stdin(source.is_stdin())?;
    if args.armor && args.header.is_some() {
        return Err(Failure::usage("--armor cannot be used with --header"));
    }
    let new_key = new_key_file(args, &asked)?;
    let format = asked.format(args)?;
    let target = target(&args.output)?;
    let mut subjects = subjects(&source, &target);

    let stop = CancelToken::new();
    let mut input = source.open(&stop)?;
    let size = announced_size(args, input.size())
        .map_err(|failure| failure.about(subjects.input.clone()))?;
    let read: Vec<_> = input.id().into_iter().chain(asked.files()).collect();
    let mut output =
        Output::open(&target, content(args), &read).map_err(|e| subjects.refused(e))?;
    refuse_same_places(args, new_key, &output).map_err(|e| e.about(&subjects.output))?;
    let mut header = header_output(args, &read)?;

    let secrets = asked.find(new_key, &args.work)?;
    let format = format.unwrap_or_else(|| format_for(&secrets));
    subjects.key.clone_from(&secrets.name);
    let clock = Clock::start();
    let (meter, progress) = show_progress(&args.work, &source, Some(&target), size);
    let sealing =
        start(args, &secrets, format, size, &stop, meter).map_err(|e| subjects.attribute(&e))?;
    warn_of_short_keys(&args.work, secrets.named());
    let weaknesses = Weaknesses::warn(&args.work, &subjects, format, new_files(args, size));
    // Last: from here on, only the data itself can fail.
    if let Some((path, key)) = &secrets.new {
        save_key(path, key.as_ref())?;
    }
    let sealed = match &mut header {
        Some((header, subjects)) => {
            header
                .write_all(sealing.header())
                .map_err(|e| subjects.attribute(&Error::Write(e)))?;
            sealing.run_detached(&mut input, &mut output)
        }
        None => seal(sealing, &mut input, &mut output),
    };
    drop(progress);
    let sealed = sealed.map_err(|e| subjects.attribute(&e))?;
    let failed = |subjects: &Subjects, error| subjects.attribute(&Error::Write(error));
    match header {
        None => output.commit().map_err(|e| failed(&subjects, e))?,
        Some((header, of_header)) => {
            header.prepare().map_err(|e| failed(&of_header, e))?;
            // With --force, the header may replace that of older data, which then does not open. So nothing of the
            // data may fail any more.
            output.prepare().map_err(|e| failed(&subjects, e))?;
            // A header without data does no harm; data without a header would.
            let header = header.place().map_err(|e| failed(&of_header, e))?;
            let output = output.place().map_err(|e| failed(&subjects, e))?;
            header.sync().map_err(|e| failed(&of_header, e))?;
            output.sync().map_err(|e| failed(&subjects, e))?;
        }
    }
    weaknesses.warn_of_more(&args.work, &subjects, 1, sealed.plaintext_len);
    if args.work.verbose {
        let what = format!("sealed as {}", format.name());
        clock.tell(&subjects, &what, sealed.plaintext_len, sealed.chunks);
    }
    Ok(())
}

/// Returns the kind of content: text may go to a terminal.
fn content(args: &Args) -> Content {
    match args.armor {
        true => Content::Opened,
        false => Content::Sealed,
    }
}

/// Seals everything; from file to file, at many positions at once.
fn seal(sealing: Sealing, input: &mut Input, output: &mut Output) -> Result<Sealed, Error> {
    match FileToFile::of(input, output).map_err(Error::Write)? {
        Some(places) => places.work(|input, output| sealing.run_at(input, output)),
        None => sealing.run(input, output),
    }
}

/// Refuses two outputs with the same target.
fn refuse_same_places(args: &Args, new_key: Option<&Path>, output: &Output) -> Result<(), Failure> {
    if new_key.is_some_and(|path| output.goes_to(path)) {
        return Err(
            Failure::usage("the output is the file for the new key").with_status(status::SYSTEM)
        );
    }
    let header = args.header.as_deref();
    if header.is_some_and(|path| output.goes_to(path)) {
        return Err(Failure::usage(
            "the header and the data cannot go to the same file",
        ));
    }
    Ok(())
}

/// Checks all settings of the format, with all the secrets.
fn start(
    args: &Args,
    secrets: &Secrets,
    format: &dyn Format,
    size: Option<u64>,
    stop: &CancelToken,
    meter: Meter,
) -> Result<Sealing, Error> {
    builder(args, &secrets.all, format)
        .size(size)
        .jobs(args.work.jobs())
        .stop(stop)
        .meter(meter)
        .start()
}

/// Returns all settings of the format.
pub fn builder<'a>(args: &Args, recipients: &'a [SealFor], format: &'a dyn Format) -> Seal<'a> {
    let (first, more) = recipients.split_first().expect("there is one at least");
    let seal = Seal::new(first.recipient())
        .armor(args.armor)
        .work_factor(args.work_factor)
        .format(format)
        .chunk_size(args.chunk_size)
        .algorithm(args.aead.map(Algorithm::from))
        .layers(args.layers)
        .memory(args.max_memory)
        // With a separate salt, it is part of the secret.
        .kdf(
            args.secret
                .kdf
                .filter(|_| args.secret.salt.is_none())
                .map(Kdf::from),
        );
    let more = more.iter().map(SealFor::recipient);
    more.fold(seal, Seal::add_recipient)
}

/// Returns the output for a detached header, and its name in messages.
fn header_output(args: &Args, read: &[FileId]) -> Result<Option<(Output, Subjects)>, Failure> {
    let Some(path) = &args.header else {
        return Ok(None);
    };
    let target = Target::File {
        path: path.clone(),
        force: args.output.force,
        sync: args.output.sync,
    };
    let subjects = Subjects {
        output: target_name(&target),
        ..Subjects::default()
    };
    let output = Output::open(&target, Content::Sealed, read).map_err(|e| subjects.refused(e))?;
    Ok(Some((output, subjects)))
}

/// Returns the plaintext's length, if known: found, or given, and both must agree.
fn announced_size(args: &Args, found: Option<u64>) -> Result<Option<u64>, Failure> {
    match (args.size, found) {
        (Some(said), Some(found)) if said != found => Err(Failure::usage(format!(
            "{} long, but --size says {}",
            size::exact(found),
            size::exact(said)
        ))
        .with_status(status::SYSTEM)),
        (said, found) => Ok(said.or(found)),
    }
}
