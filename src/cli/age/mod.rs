//! `fetool age` and `fetool age-keygen`: the commands of age, with their options, messages and statuses. A link named
//! `age` or `age-keygen` to this program does the same.

mod decrypt;
mod encrypt;
mod flags;
pub mod keygen;
mod passphrase;
mod terminal;
mod words;

use super::args::WorkArgs;
use super::failure::{Failure, say, shown, speak_as};
use super::manual;
use super::secrets::keys::Key;
use super::secrets::{NamedSecret, Purpose, SecretSource, Spec};
use super::work::print;
use crate::io::output::Target;
use crate::io::{process, prompt, status_line};
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{FromArgMatches, ValueHint};
use fetool::format::age::KeyFile;
use flags::{Mistake, Words};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The version of age whose options and messages fetool reproduces.
const AGE_VERSION: &str = "1.3.1";

/// Encrypt and decrypt as age does, with the options of age
///
/// For scripts and programs that call age. A link named 'age' to fetool works in the same way. Options have one dash
/// or two and come before INPUT, as in age, and single letters are not grouped.
#[derive(clap::Args)]
#[command(after_help = manual::AGE_EXAMPLES, args_override_self = true, disable_help_flag = true, disable_version_flag = true)]
pub struct Args {
    /// The file to read [default: standard input]
    #[arg(value_name = "INPUT", value_hint = ValueHint::FilePath, value_parser = path())]
    input: Vec<PathBuf>,

    /// Encrypt INPUT; the default
    #[arg(short, long)]
    encrypt: bool,

    /// Decrypt INPUT
    #[arg(short, long)]
    decrypt: bool,

    /// Write to OUTPUT, which is overwritten [default: standard output]
    #[arg(short, long, value_name = "OUTPUT", value_hint = ValueHint::FilePath, value_parser = path())]
    output: Option<PathBuf>,

    /// Write armor: text instead of binary data
    #[arg(short, long)]
    armor: bool,

    /// Encrypt with a passphrase, which is asked for
    #[arg(short, long)]
    passphrase: bool,

    /// Encrypt to RECIPIENT: age1…, ssh-ed25519 … or ssh-rsa …
    ///
    /// May be repeated.
    #[arg(short, long, value_name = "RECIPIENT")]
    recipient: Vec<OsString>,

    /// Encrypt to the recipients in FILE, one a line; '-' is standard input
    ///
    /// May be repeated.
    #[arg(short = 'R', long, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = path())]
    recipients_file: Vec<PathBuf>,

    /// Decrypt with the identities in FILE, or with -e encrypt to them; '-' is standard input
    ///
    /// May be repeated.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = path())]
    identity: Vec<PathBuf>,

    /// Use the identity without data of the plugin age-plugin-NAME
    ///
    /// May be repeated.
    #[arg(short = 'j', long = "plugin", value_name = "NAME")]
    plugin: Vec<String>,

    /// Print the version of age that this stands in for
    #[arg(long)]
    version: bool,
}

/// A command of age.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Age,
    Keygen,
}

impl Program {
    fn of(name: &OsStr) -> Option<Self> {
        match name.to_str() {
            Some("age") => Some(Self::Age),
            Some("age-keygen") => Some(Self::Keygen),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Keygen => "age-keygen",
        }
    }

    fn usage(self) -> &'static str {
        match self {
            Self::Age => {
                "Usage: age [-e] (-r RECIPIENT | -R FILE | -i FILE | -j NAME)... [-a] [-o OUTPUT] [INPUT]\n       \
                 age [-e] -p [-a] [-o OUTPUT] [INPUT]\n       \
                 age -d [-i FILE | -j NAME]... [-o OUTPUT] [INPUT]\n"
            }
            Self::Keygen => {
                "Usage: age-keygen [-pq] [-o OUTPUT]\n       \
                 age-keygen -y [-o OUTPUT] [INPUT]\n"
            }
        }
    }

    fn command(self) -> clap::Command {
        let command = clap::Command::new(self.name());
        match self {
            Self::Age => <Args as clap::Args>::augment_args(command),
            Self::Keygen => <keygen::Args as clap::Args>::augment_args(command),
        }
    }

    /// Runs the command, and returns the exit status: 0, 1, or 2 for an unknown option.
    pub fn main(self, words: &[OsString]) -> ExitCode {
        speak_as(self.name());
        prompt::allow_stdin();
        let command = self.command();
        let words = match flags::normalized(&command, words) {
            Ok(words) => words,
            Err(Mistake::Help) => return reported(print(self.help().as_bytes())),
            Err(Mistake::Option(what)) => {
                say(None, &format!("error: {what}"));
                say(
                    None,
                    &format!("hint: '{} -h' lists the options", self.name()),
                );
                return ExitCode::from(2);
            }
        };
        let done = process::prepare()
            .map_err(Failure::from_system)
            .and_then(|()| self.run(command, &words));
        reported(done)
    }

    fn run(self, command: clap::Command, words: &Words) -> Result<(), Failure> {
        let parsed = command.try_get_matches_from(&words.for_clap);
        let parsed = parsed.map_err(|_| Failure::usage("an option is not UTF-8"))?;
        let typed = |error: clap::Error| Failure::usage(error.to_string());
        match self {
            Self::Age => Args::from_arg_matches(&parsed).map_err(typed)?.run(words),
            Self::Keygen => keygen::Args::from_arg_matches(&parsed)
                .map_err(typed)?
                .run(words),
        }
    }

    fn print_version() -> Result<(), Failure> {
        let own = env!("CARGO_PKG_VERSION");
        print(format!("{AGE_VERSION} (fetool {own})\n").as_bytes())
    }

    fn help(self) -> String {
        let options = self.command().help_template("{options}").render_help();
        format!(
            "{}\n{options}\nThis is fetool {}, with the options of age {AGE_VERSION}. fetool-{}(1) tells where it differs.\n",
            self.usage(),
            env!("CARGO_PKG_VERSION"),
            self.name()
        )
    }
}

/// Returns the command of age that a command line calls, and its words.
pub fn called(words: &[OsString]) -> Option<(Program, &[OsString])> {
    let (name, rest) = words.split_first()?;
    if let Some(program) = Path::new(name).file_name().and_then(Program::of) {
        return Some((program, rest));
    }
    let (name, rest) = rest.split_first()?;
    Some((Program::of(name)?, rest))
}

/// All failures have the same status.
fn reported(done: Result<(), Failure>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.with_status(1).report(),
    }
}

impl Args {
    fn run(&self, words: &Words) -> Result<(), Failure> {
        if self.version {
            return Program::print_version();
        }
        if words.for_clap.len() == 2 && words.operands.is_empty() {
            // No option, and nothing to read.
            status_line::print(Program::Age.usage());
            return Err(Failure::already_reported(1));
        }
        self.check(words)?;
        match self.decrypt {
            true => decrypt::run(self),
            false => encrypt::run(self),
        }
    }

    /// Refuses options that cannot be combined.
    fn check(&self, words: &Words) -> Result<(), Failure> {
        if self.input.len() > 1 {
            return Err(words.too_many());
        }
        let passphrase = (self.passphrase, "-p/--passphrase");
        let recipient = (!self.recipient.is_empty(), "-r/--recipient");
        let recipients_file = (!self.recipients_file.is_empty(), "-R/--recipients-file");
        let identity = (!self.identity.is_empty(), "-i/--identity");
        let plugin = (!self.plugin.is_empty(), "-j");
        if self.decrypt {
            let by_itself = "fetool detects what kind of file it is";
            let secret = "the secret that decrypts is named with -i/--identity";
            let refused = [
                ((self.encrypt, "-e/--encrypt"), None),
                ((self.armor, "-a/--armor"), Some(by_itself)),
                (passphrase, Some(by_itself)),
                (recipient, Some(secret)),
                (recipients_file, Some(secret)),
            ];
            for ((given, option), hint) in refused {
                if given {
                    let failure =
                        Failure::usage(format!("{option} can't be used with -d/--decrypt"));
                    return Err(match hint {
                        Some(hint) => failure.hint(hint),
                        None => failure,
                    });
                }
            }
            return Ok(());
        }
        if !self.encrypt && (identity.0 || plugin.0) {
            return Err(Failure::usage(
                "-i/--identity and -j can't be used in encryption mode unless -e/--encrypt is given",
            )
            .hint("-d decrypts; -e -i encrypts to the recipients of the identities"));
        }
        for (given, option) in [recipient, recipients_file, identity, plugin] {
            if self.passphrase && given {
                return Err(Failure::usage(format!(
                    "-p/--passphrase can't be combined with {option}"
                )));
            }
        }
        let is_for_somebody =
            passphrase.0 || recipient.0 || recipients_file.0 || identity.0 || plugin.0;
        if !is_for_somebody {
            return Err(Failure::usage("missing recipients").hint(
                "name them with -r/--recipient or -R/--recipients-file, or ask for a passphrase with \
                 -p/--passphrase",
            ));
        }
        Ok(())
    }

    fn target(&self) -> Target {
        match given(self.output.as_deref()) {
            None => Target::Stdout { any: false },
            Some(path) if path == Path::new("-") => Target::Stdout { any: true },
            // Without this, they would be refused as files that cannot be replaced.
            Some(path) if STDOUT_NAMES.iter().any(|name| path == Path::new(name)) => {
                Target::Stdout { any: false }
            }
            Some(path) => Target::File {
                path: path.to_owned(),
                force: true,
                sync: false,
            },
        }
    }

    fn input(&self) -> Option<&Path> {
        given(self.input.first().map(PathBuf::as_path))
    }

    /// Checks that standard input is used once at most.
    fn check_stdin(&self) -> Result<(), Failure> {
        let is_stdin = |path: &&PathBuf| path.as_os_str() == "-";
        let files = self.identity.iter().chain(&self.recipients_file);
        let is_data = self.input().is_none_or(|path| path.as_os_str() == "-");
        if files.filter(is_stdin).count() + usize::from(is_data) > 1 {
            return Err(Failure::usage(
                "standard input is used for multiple purposes",
            ));
        }
        Ok(())
    }

    /// Reads what -i and -j name.
    fn identities(&self) -> Result<Vec<NamedSecret>, Failure> {
        let mut all = Vec::new();
        for path in &self.identity {
            let spec = spec(path);
            let name = shown(path);
            let bytes = spec
                .read()
                .map_err(|failure| in_file("reading", &name, failure))?;
            let key = match KeyFile::of(&bytes) {
                KeyFile::Other => Err(Failure::usage(
                    match bytes.iter().any(|byte| !byte.is_ascii()) {
                        true => "unknown identity type: this is no text",
                        false => "no secret keys found",
                    },
                )),
                kind => Key::of_kind(kind, &bytes, &name, None),
            };
            let key = key.map_err(|failure| in_file("reading", &name, failure))?;
            all.push(NamedSecret::of(key, name));
        }
        for name in &self.plugin {
            let plugin = SecretSource::plugin(name)?;
            all.push(plugin.load(Purpose::Open(None), &WorkArgs::quiet())?);
        }
        Ok(all)
    }
}

/// Names of standard output.
const STDOUT_NAMES: [&str; 3] = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// Parses paths, also empty ones, which clap refuses: a script may pass an empty variable.
fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// Returns a path, unless it is empty, which counts as not given.
fn given(path: Option<&Path>) -> Option<&Path> {
    path.filter(|path| !path.as_os_str().is_empty())
}

/// Returns the source for a file whose name can be `-`.
fn spec(path: &Path) -> Spec {
    match path.as_os_str() == "-" {
        true => Spec::Stdin,
        false => Spec::File(path.to_owned()),
    }
}

/// Names the file of a failure, as age does.
fn in_file(doing: &str, name: &str, failure: Failure) -> Failure {
    failure.introduced(&format!("{doing} \"{name}\""))
}
