//! `fetool rekey`.

pub mod in_place;
mod list;
mod reseal;
mod secrets;
mod tree;

use in_place::refuse_irregular;
use secrets::{NewSecret, Secrets, check_stdin, find, new_recipients};

use super::args::{KdfArg, OutputArgs, SecretArgs, WorkArgs, bytes, written_format};
use super::failure::{Failure, Subjects, say};
use super::manual;
use super::secrets::SecretSource;
use super::secrets::recipients::SealFor;
use super::tree::WalkArgs;
use super::work::{
    Source, needs_tree, show_derivation, show_progress, single, subjects, target, warn,
    warn_of_short_keys,
};
use crate::io::copy_range;
use crate::io::output::{Content, Output};
use clap::ValueHint;
use fetool::format::dexios::Dexios;
use fetool::format::{Change, Format, NewFiles, Rekeyed, Which};
use fetool::kdf::Kdf;
use fetool::{CancelToken, Error, PeekReader, Rekey, RunOptions};
use std::ffi::OsString;
use std::path::PathBuf;

/// Change which secrets open a file, without touching its data
///
/// Unwraps the master key with the old secret and wraps it anew, in the header; the data stays as it is.
/// Other files (all but age and Dexios from 8.7 on) have no wrapped key: --reseal opens them and seals
/// them again in one pass. Copies standard input or PATH to standard output or FILE, or changes PATH in
/// place with -i.
#[derive(clap::Args)]
#[command(after_help = manual::REKEY_EXAMPLES)]
pub struct Args {
    /// The file; '-' or nothing is standard input. With -r, files and directories
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    pub secret: SecretArgs,

    /// Source of the new key, as for --key
    #[arg(
        long,
        value_name = "SPEC",
        conflicts_with = "new_passphrase",
        help_heading = "New secret"
    )]
    pub new_key: Option<OsString>,

    /// Use a new passphrase, as for --passphrase
    #[arg(
        long,
        value_name = "SPEC",
        num_args = 0..=1,
        require_equals = true,
        help_heading = "New secret"
    )]
    pub new_passphrase: Option<Option<OsString>>,

    /// A new recipient of the file: age1…, or @FILE with some (age)
    ///
    /// As for 'fetool seal --to'; can be repeated. With --remove it is a file of identities, whose
    /// stanzas are removed.
    #[arg(
        long,
        value_name = "RECIPIENT",
        conflicts_with_all = ["new_key", "new_passphrase"],
        help_heading = "New secret"
    )]
    pub to: Vec<OsString>,

    /// The work factor of a new passphrase (age) [default: 18]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=30), help_heading = "New secret")]
    pub work_factor: Option<u8>,

    /// Source of the salt for a new GFE passphrase
    #[arg(
        long,
        value_name = "SPEC",
        requires = "new_passphrase",
        requires = "reseal",
        help_heading = "New secret"
    )]
    pub new_salt: Option<OsString>,

    /// How the new passphrase or key is hashed
    #[arg(long, value_name = "KDF", help_heading = "New secret")]
    pub new_kdf: Option<KdfArg>,

    /// Keep the old secret, and add the new one
    #[arg(long, conflicts_with_all = ["remove", "list", "reseal"], help_heading = "What to do")]
    pub add: bool,

    /// Remove the key slot, or stanza, that the old secret opens; never the last
    ///
    /// It is no revocation: anyone who could open the file may have kept its key or its content.
    #[arg(
        long,
        conflicts_with_all = ["new_key", "new_passphrase", "list", "reseal"],
        help_heading = "What to do"
    )]
    pub remove: bool,

    /// With --remove: remove stanza N of --list instead (age)
    #[arg(
        long,
        value_name = "N",
        requires = "remove",
        conflicts_with = "to",
        help_heading = "What to do"
    )]
    pub stanza: Option<usize>,

    /// List the key slots, or stanzas; needs no secret
    ///
    /// With --json as one JSON object.
    #[arg(
        long,
        conflicts_with_all = [
            "key",
            "passphrase",
            "new_key",
            "new_passphrase",
            "to",
            "stanza",
            "reseal",
            "output",
            "in_place",
        ],
        help_heading = "What to do"
    )]
    pub list: bool,

    /// Open with the old secret and seal again with the new one
    ///
    /// Works in one pass, without plaintext on the disk. A Dexios file becomes version 5.
    #[arg(long, help_heading = "What to do")]
    pub reseal: bool,

    /// With --reseal: the format to write [default: that of the input]
    #[arg(
        short,
        long,
        value_name = "NAME",
        value_parser = written_format(),
        requires = "reseal",
        help_heading = "What to do"
    )]
    pub format: Option<&'static dyn Format>,

    /// Memory that a key derivation, or with --reseal a file sealed in one piece, may need
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = bytes, help_heading = "What to do")]
    pub max_memory: u64,

    /// The highest work factor of a passphrase that an age file may ask for [default: 22]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=30), help_heading = "What to do")]
    pub max_work_factor: Option<u8>,

    /// Open with a Dexios key slot that may be forged
    ///
    /// See fetool-open(1).
    #[arg(long, help_heading = "What to do")]
    pub allow_legacy_slots: bool,

    /// The file with the detached header; only it is changed
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        conflicts_with_all = ["paths", "reseal"],
        help_heading = "What to do"
    )]
    pub header: Option<PathBuf>,

    /// Change PATH in place
    ///
    /// fetool keeps the old header in a recovery file beside PATH until the new one is fsynced, so an
    /// interrupted rekey leaves a file that the old or the new secret opens. PATH is locked until then;
    /// a second rekey waits.
    #[arg(short, long, conflicts_with = "output", help_heading = "Output")]
    pub in_place: bool,

    /// With -i: fail instead of waiting for another rekey of PATH
    #[arg(long, help_heading = "Output")]
    pub no_wait: bool,

    #[command(flatten)]
    pub walk: WalkArgs,

    #[command(flatten)]
    pub output: OutputArgs,

    #[command(flatten)]
    pub work: WorkArgs,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    check(args)?;
    if args.walk.wanted() {
        return tree::run(args);
    }
    match args.walk.tree_only_option() {
        // The slots of one file can be JSON too.
        Some("--json") if args.list => {}
        Some(option) => return Err(needs_tree(option)),
        None => {}
    }
    // A detached header is a file with nothing behind its header.
    let source = Source::new(match &args.header {
        Some(header) => Some(header.as_path()),
        None => single(&args.paths)?,
    });
    if args.in_place && source.is_stdin() {
        return Err(Failure::usage("-i changes a file, and needs its PATH"));
    }
    if args.list {
        return list::run(&source, args.walk.json);
    }
    let old = SecretSource::to_open(&args.secret)?;
    let new = NewSecret::of(args)?;
    check_stdin(&old, &new, source.is_stdin())?;
    if args.reseal {
        return reseal::run(args, &source, &old, &new);
    }
    match &source {
        Source::Path(path) if args.in_place => {
            // Before the user types a passphrase in vain.
            let metadata = path.metadata();
            let metadata = metadata.map_err(|error| Failure::system(source.name(), &error))?;
            refuse_irregular(&metadata, &source.name())?;
            let mut secrets = find(args, &old, &new, Some(path))?;
            let rekeyed = loop {
                let progress = show_derivation(&args.work, &source);
                let changed = in_place::change(args, path, &secrets);
                drop(progress);
                match changed {
                    Ok(rekeyed) => break rekeyed,
                    Err(failure) if secrets.old.ask_again(&failure)? => {}
                    Err(failure) => return Err(failure),
                }
            };
            tell(args, &source.name(), &rekeyed);
            warn_of_slot(args, &secrets);
            Ok(())
        }
        _ => copy(args, &source, &old, &new),
    }
}

/// Refuses options without effect. clap does not find all of them: it waives what an option requires if that conflicts
/// with a third option that is given.
fn check(args: &Args) -> Result<(), Failure> {
    let new = args.new_key.is_some() || args.new_passphrase.is_some() || !args.to.is_empty();
    for (given, option, needed, there) in [
        (args.no_wait, "--no-wait", "-i", args.in_place),
        (args.stanza.is_some(), "--stanza", "--remove", args.remove),
        (
            args.work_factor.is_some(),
            "--work-factor",
            "--new-passphrase",
            args.new_passphrase.is_some(),
        ),
        (args.format.is_some(), "--format", "--reseal", args.reseal),
        (
            args.new_salt.is_some(),
            "--new-salt",
            "--reseal",
            args.reseal,
        ),
        (args.new_kdf.is_some(), "--new-kdf", "a new secret", new),
        (
            args.new_salt.is_some(),
            "--new-salt",
            "--new-passphrase",
            args.new_passphrase.is_some(),
        ),
        (
            args.secret.salt.is_some(),
            "--salt",
            "--passphrase",
            !args.secret.passphrase.is_empty(),
        ),
    ] {
        if given && !there {
            return Err(Failure::usage(format!("{option} requires {needed}")));
        }
    }
    Ok(())
}

/// Warns of what the new secret does not protect.
pub fn warn_of_slot(args: &Args, secrets: &Secrets) {
    let secret = secrets.new.iter().find_map(SealFor::as_secret);
    let Some(secret) = secret else {
        return;
    };
    warn_of_short_keys(&args.work, [(secret, &secrets.new_name)]);
    if args.reseal {
        // That depends on the format.
        return;
    }
    let slot = NewFiles {
        files: 1,
        kdf: args.new_kdf.map(Kdf::from),
        ..NewFiles::default()
    };
    let subjects = Subjects {
        input: secrets.new_name.shown.clone(),
        ..Subjects::default()
    };
    warn(&args.work, &subjects, &Dexios.weaknesses(&slot));
}

fn rekey<'a>(args: &Args, secrets: &'a Secrets) -> Rekey<'a> {
    let new = secrets.new.iter().map(SealFor::recipient).collect();
    let change = match (&secrets.gone, args.stanza) {
        _ if args.add => Change::Add(new),
        _ if !args.remove => Change::Replace(new),
        (Some(gone), _) => Change::Remove(Which::OpenedBy(gone.identities().collect())),
        (None, Some(number)) => Change::Remove(Which::Number(number)),
        (None, None) => Change::Remove(Which::Old),
    };
    with_old(args, secrets, change)
        .kdf(args.new_kdf.map(Kdf::from))
        .work_factor(args.work_factor)
}

/// Creates a change by anybody who can open the file.
fn with_old<'a>(args: &Args, secrets: &'a Secrets, change: Change<'a>) -> Rekey<'a> {
    let mut old = secrets.old.identities();
    let first = old.next().expect("there is a key");
    old.fold(Rekey::new(first, change), Rekey::add_identity)
        .legacy_slots(args.allow_legacy_slots)
        .max_work_factor(args.max_work_factor)
        .run_options(RunOptions::new().memory(args.max_memory))
}

/// Prints the resulting slots.
fn tell(args: &Args, name: &str, rekeyed: &Rekeyed) {
    let slots = |n: usize| format!("{n} key slot{}", if n == 1 { "" } else { "s" });
    // If not, another slot than that of the old secret was removed.
    let of_another = args.stanza.is_some() || (args.remove && !args.to.is_empty());
    let of_old = !args.add && !of_another;
    if rekeyed.old_opens > 0 && of_old && !args.work.quiet {
        say(
            Some(name),
            &format!(
                "warning: the old secret still opens {}; run this again to drop {}",
                slots(rekeyed.old_opens),
                if rekeyed.old_opens == 1 {
                    "it"
                } else {
                    "them one by one"
                }
            ),
        );
    }
    if args.work.verbose {
        say(Some(name), &format!("{} used now", slots(rekeyed.slots)));
    }
}

/// Works as a filter, or to a new file.
fn copy(
    args: &Args,
    source: &Source,
    old: &[SecretSource],
    new: &NewSecret,
) -> Result<(), Failure> {
    let target = target(&args.output)?;
    let mut subjects = subjects(source, &target);
    let stop = CancelToken::new();
    let input = source.open_sealed(&stop)?;
    let keys = old.iter().flat_map(SecretSource::files).chain(new.files());
    let read: Vec<_> = input.id().into_iter().chain(keys).collect();
    let mut output =
        Output::open(&target, Content::Sealed, &read).map_err(|e| subjects.refused(e))?;
    let total = input.size();
    let mut secrets = find(args, old, new, source.path())?;
    subjects.key = secrets.old.name();
    let mut input = PeekReader::new(input);
    let rekeyed = loop {
        let (meter, progress) = show_progress(&args.work, source, Some(&target), total);
        let options = RunOptions::new().meter(meter).memory(args.max_memory);
        let rekeyed = rekey(args, &secrets).run_options(options).run_copying(
            &mut input,
            &mut output,
            |from, to, len| copy_range(from.as_regular()?, to.as_file()?, len),
        );
        drop(progress);
        match rekeyed.map_err(|error| subjects.attribute(&error)) {
            Ok(rekeyed) => break rekeyed,
            Err(failure) if secrets.old.ask_again(&failure)? => {}
            Err(failure) => return Err(failure),
        }
    };
    output
        .commit()
        .map_err(|e| subjects.attribute(&Error::Write(e)))?;
    tell(args, &subjects.input, &rekeyed);
    warn_of_slot(args, &secrets);
    Ok(())
}
