//! `fetool seal`.

mod tree;

use super::args::{OutputArgs, SecretArgs, WorkArgs, bytes};
use super::failure::{Failure, SecretName, Subjects, shown};
use super::manual;
use super::secrets::{self, Plan, Purpose};
use super::tree::{TreeArgs, only_path};
use super::work::{
    Clock, Source, Weaknesses, show_progress, subjects, target, target_name, warn_of_short_keys,
};
use crate::io::FileId;
use crate::io::file_to_file::FileToFile;
use crate::io::input::Input;
use crate::io::output::{Content, Output, Target};
use crate::size;
use clap::ValueHint;
use fetool::aead::{Algorithm, KEY_LEN};
use fetool::format::gocrypt::LAYERS_MAX;
use fetool::format::{self, Format, NewFiles};
use fetool::kdf::Kdf;
use fetool::{Error, Meter, Seal, Sealed, Sealing, Secret, Stop, status};
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

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

    /// Make the key file named by -k @FILE first: 32 random bytes, mode 0600
    ///
    /// It is an error when the file is there already: a key is never overwritten.
    #[arg(long, requires = "key", help_heading = "Secrets")]
    new_key: bool,

    /// One more key that opens the file, as for --key; up to three times (Dexios)
    #[arg(long, value_name = "SPEC", help_heading = "Secrets")]
    add_key: Vec<OsString>,

    /// The format to write: gfe, or dexios for a passphrase without --salt
    ///
    /// GFE keeps no salt, so a passphrase alone needs a format that does.
    #[arg(short, long, value_name = "NAME", value_parser = super::args::written_format(), help_heading = "Format")]
    format: Option<&'static dyn Format>,

    /// The AEAD to seal with, where the format has several (Dexios)
    #[arg(long, value_name = "AEAD", help_heading = "Format")]
    aead: Option<AeadArg>,

    /// Write the header to a file of its own (Dexios)
    ///
    /// Without it nothing of the data can be opened.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Format")]
    header: Option<PathBuf>,

    /// Plaintext bytes a chunk, such as 64KiB or 1MiB
    ///
    /// GFE takes 1 byte to 10 MiB, and has 1 MiB chunks by default; the AES-GCM File Encryptor takes
    /// 1 byte to 4 GiB less one, likewise. Memory grows with it. Dexios has always 1 MiB, GoCrypt
    /// 32 KiB.
    #[arg(short, long, value_name = "SIZE", value_parser = bytes, help_heading = "Format")]
    chunk_size: Option<u64>,

    /// How many times to seal it over, 1 to 200 (GoCrypt); 5 otherwise
    ///
    /// Each layer is sealed under a key of its own, of the same passphrase, and takes as long as the
    /// first.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=i64::from(LAYERS_MAX)), help_heading = "Format")]
    layers: Option<u8>,

    /// Memory that chunks may take
    ///
    /// Where several would need more, fewer are worked on at a time.
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = bytes, help_heading = "Format")]
    pub max_memory: u64,

    /// The plaintext's length, for a pipe; a different length is an error
    ///
    /// A file's length is known by itself. A stream of unknown length is sealed so that its end is
    /// authenticated too; with its length given, GFE writes it into the header.
    #[arg(long, value_name = "SIZE", value_parser = bytes, help_heading = "Format")]
    size: Option<u64>,

    #[command(flatten)]
    tree: TreeArgs,

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

/// The secrets that will open the file, and where a new one goes.
struct Secrets {
    all: Vec<Secret>,
    new: Option<(PathBuf, Zeroizing<[u8; KEY_LEN]>)>,
    /// What messages call the first.
    name: SecretName,
    /// What messages call each of them.
    names: Vec<SecretName>,
}

impl Secrets {
    fn named(&self) -> impl Iterator<Item = (&Secret, &SecretName)> {
        self.all.iter().zip(&self.names)
    }
}

/// What is known of the files before they are sealed.
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
    let plan = Plan::new(&args.secret)?;
    let more = more_plans(args)?;
    let plans: Vec<&Plan> = std::iter::once(&plan).chain(&more).collect();
    Plan::check_stdin(&plans, source.is_stdin())?;
    let new_key = new_key_file(args, &plan)?;
    let format = format_of(args, &plan)?;
    let target = target(&args.output)?;
    let mut subjects = subjects(&source, &target);

    let stop = Stop::new();
    let mut input = source.open(&stop)?;
    let size = announced_size(args, input.size())
        .map_err(|failure| failure.about(subjects.input.clone()))?;
    let keys = plans.iter().flat_map(|plan| plan.files());
    let read: Vec<_> = input.id().into_iter().chain(keys).collect();
    let mut output =
        Output::open(&target, Content::Sealed, &read).map_err(|e| subjects.refused(e))?;
    refuse_same_places(args, new_key, &output).map_err(|e| e.about(&subjects.output))?;
    let mut header = header_output(args, &read)?;

    let secrets = find_secrets(&plans, new_key, &args.work)?;
    subjects.key.clone_from(&secrets.name);
    let clock = Clock::start();
    let (meter, progress) = show_progress(&args.work, &source, Some(&target), size);
    let sealing =
        start(args, &secrets, format, size, &stop, meter).map_err(|e| subjects.blame(&e))?;
    warn_of_short_keys(&args.work, secrets.named());
    let weaknesses = Weaknesses::warn(&args.work, &subjects, format, new_files(args, size));
    // Only now, when nothing but the data itself can go wrong.
    if let Some((path, key)) = &secrets.new {
        secrets::save_key(path, key.as_ref())?;
    }
    let sealed = match &mut header {
        Some((header, subjects)) => {
            header
                .write_all(sealing.header())
                .map_err(|e| subjects.blame(&Error::Write(e)))?;
            sealing.run_detached(&mut input, &mut output)
        }
        None => seal(sealing, &mut input, &mut output),
    };
    drop(progress);
    let sealed = sealed.map_err(|e| subjects.blame(&e))?;
    // A header without data does no harm; data without a header would.
    if let Some((header, subjects)) = header {
        header
            .commit()
            .map_err(|e| subjects.blame(&Error::Write(e)))?;
    }
    output
        .commit()
        .map_err(|e| subjects.blame(&Error::Write(e)))?;
    weaknesses.warn_of_more(&args.work, &subjects, 1, sealed.plaintext_len);
    if args.work.verbose {
        let what = format!("sealed as {}", format.name());
        clock.tell(&subjects, &what, sealed.plaintext_len, sealed.chunks);
    }
    Ok(())
}

fn more_plans(args: &Args) -> Result<Vec<Plan>, Failure> {
    let words = args.add_key.iter();
    words.map(|word| Plan::key("--add-key", word)).collect()
}

/// The format to write.
fn format_of(args: &Args, plan: &Plan) -> Result<&'static dyn Format, Failure> {
    let format = args.format.unwrap_or_else(|| default_format(plan));
    if format.derives_keys() && args.secret.salt.is_some() {
        return Err(Failure::usage(format!(
            "--salt is for GFE; {} takes none",
            format.title()
        )));
    }
    Ok(format)
}

/// Seals everything, at many places at a time where both are files.
fn seal(sealing: Sealing, input: &mut Input, output: &mut Output) -> Result<Sealed, Error> {
    match FileToFile::of(input, output).map_err(Error::Write)? {
        Some(places) => places.work(|input, output| sealing.run_at(input, output)),
        None => sealing.run(input, output),
    }
}

/// What is written to several files must not be written to one.
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

/// Checks everything that was asked of the format, with all the secrets.
fn start(
    args: &Args,
    secrets: &Secrets,
    format: &dyn Format,
    size: Option<u64>,
    stop: &Stop,
    meter: Meter,
) -> Result<Sealing, Error> {
    builder(args, &secrets.all, format)
        .size(size)
        .jobs(args.work.jobs())
        .stop(stop)
        .meter(meter)
        .start()
}

/// Everything that was asked of the format.
pub fn builder<'a>(args: &Args, secrets: &'a [Secret], format: &'a dyn Format) -> Seal<'a> {
    let (first, more) = secrets.split_first().expect("there is one at least");
    let seal = Seal::new(first)
        .format(format)
        .chunk_size(args.chunk_size)
        .algorithm(args.aead.map(Algorithm::from))
        .layers(args.layers)
        .memory(args.max_memory)
        // With a salt beside the file it is part of the secret.
        .kdf(
            args.secret
                .kdf
                .filter(|_| args.secret.salt.is_none())
                .map(Kdf::from),
        );
    more.iter().fold(seal, Seal::add_recipient)
}

/// GFE, unless a passphrase comes without the salt that GFE does not keep.
fn default_format(plan: &Plan) -> &'static dyn Format {
    if plan.is_unsalted() {
        &format::dexios::Dexios
    } else {
        &format::gfe::Gfe
    }
}

/// The output for a header of its own, and what its messages call it.
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

/// Reads all the secrets, or makes the first.
fn find_secrets(
    plans: &[&Plan],
    new_key: Option<&Path>,
    work: &WorkArgs,
) -> Result<Secrets, Failure> {
    let mut secrets = Secrets {
        all: Vec::new(),
        new: None,
        name: SecretName::default(),
        names: Vec::new(),
    };
    let mut plans = plans;
    if let Some(path) = new_key {
        let key = secrets::new_key()?;
        secrets.all.push(Secret::key(key.to_vec()));
        secrets.name = SecretName {
            shown: shown(path),
            is_passphrase: false,
        };
        secrets.names.push(secrets.name.clone());
        secrets.new = Some((path.to_owned(), key));
        plans = &plans[1..];
    }
    let prepared = plans.iter().map(|plan| plan.prepare(Purpose::Seal, work));
    // Nobody types a passphrase for nothing.
    let prepared: Vec<_> = prepared.collect::<Result<_, _>>()?;
    for prepared in prepared {
        let found = prepared.complete()?;
        if secrets.all.is_empty() {
            secrets.name.clone_from(&found.name);
        }
        secrets.names.push(found.name);
        secrets.all.push(found.secret);
    }
    Ok(secrets)
}

/// The file for a new key, where one was asked for.
fn new_key_file<'a>(args: &Args, plan: &'a Plan) -> Result<Option<&'a Path>, Failure> {
    if !args.new_key {
        return Ok(None);
    }
    let path = plan.key_file().ok_or_else(|| {
        Failure::usage("--new-key needs a file to write the key to").hint("name it with -k @FILE")
    })?;
    if path.symlink_metadata().is_ok() {
        return Err(secrets::key_exists(path));
    }
    Ok(Some(path))
}

/// The plaintext's length, where it is known: found, or said, and both the same.
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
