//! Errors for people and scripts: `fetool: FILE: what happened`, a hint, a status.

use crate::io::cleanup;
use crate::io::output::Refused;
use crate::io::status_line;
use crate::io::terminal_safe::{self, NotText};
use fetool::{Error, Hint, Setting, plain, status};
use signal_hook::consts::SIGPIPE;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The failure of a subcommand.
#[derive(Debug)]
pub struct Failure {
    subject: Option<String>,
    what: String,
    /// More about it, one line each.
    details: Vec<String>,
    hint: Option<String>,
    status: u8,
    /// The reader of the output has gone: no message is needed.
    broken_pipe: bool,
    /// Whether the secret does not open the file: it is wrong, or the file was changed.
    wrong_secret: bool,
    /// Whether everything has been printed already.
    reported: bool,
}

/// The names that the errors of one operation can mention.
#[derive(Clone, Debug, Default)]
pub struct Subjects {
    pub input: String,
    pub output: String,
    pub key: SecretName,
}

/// The name of a secret in messages.
#[derive(Clone, Debug, Default)]
pub struct SecretName {
    /// Its source.
    pub shown: String,
    pub is_passphrase: bool,
}

impl Failure {
    /// Creates the error of a file whose name is that of a sealed file, and whose beginning is not.
    pub fn damaged_start(input: String, error: &Error) -> Self {
        match error {
            Error::UnknownFormat(_) => {
                let what =
                    "damaged or never sealed: it does not begin with a format's magic number";
                Self::usage(what).with_status(status::FORMAT).about(input)
            }
            error => {
                let subjects = Subjects {
                    input,
                    ..Subjects::default()
                };
                subjects.attribute(error)
            }
        }
    }

    /// Creates an error of the command line.
    pub fn usage(what: impl Into<String>) -> Self {
        Self {
            subject: None,
            what: what.into(),
            details: Vec::new(),
            hint: None,
            status: status::USAGE,
            broken_pipe: false,
            wrong_secret: false,
            reported: false,
        }
    }

    /// Creates an error of input, output or the system.
    pub fn system(subject: impl Into<String>, error: &io::Error) -> Self {
        Self {
            status: status::SYSTEM,
            ..Self::usage(plain(error))
        }
        .about(subject)
    }

    /// Converts an error of the library, with options in its hint.
    pub fn of_library(error: &Error) -> Self {
        Self {
            hint: hint(error),
            status: error.status(),
            ..Self::usage(message(error))
        }
    }

    pub fn from_system(error: io::Error) -> Self {
        Self {
            status: status::SYSTEM,
            ..Self::usage(plain(&error))
        }
    }

    /// Creates the failure of a run in which some files failed, each of which was reported.
    pub fn already_reported(status: u8) -> Self {
        Self {
            status,
            reported: true,
            ..Self::usage("")
        }
    }

    /// Replaces the message with one that contains the subject.
    pub fn worded(self, what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            details: Vec::new(),
            hint: None,
            ..self.alone()
        }
    }

    /// Prefixes the message with words that contain the subject.
    pub fn introduced(self, words: &str) -> Self {
        let what = format!("{words}: {}", self.what);
        Self {
            what,
            ..self.alone()
        }
    }

    /// Removes the subject.
    pub fn alone(self) -> Self {
        Self {
            subject: None,
            ..self
        }
    }

    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn with_status(mut self, status: u8) -> Self {
        self.status = status;
        self
    }

    pub fn status(&self) -> u8 {
        self.status
    }

    pub fn message(&self) -> &str {
        &self.what
    }

    /// Returns the subject.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// Marks the failure as one that another secret may avoid.
    pub fn of_wrong_secret(mut self) -> Self {
        self.wrong_secret = true;
        self
    }

    /// Returns whether another secret may open the file.
    pub fn is_wrong_secret(&self) -> bool {
        self.wrong_secret
    }

    /// Prints the message, and returns the exit status. If the reader of the output has gone, it ends the process as
    /// SIGPIPE would, as other filters do.
    pub fn report(self) -> ExitCode {
        if self.broken_pipe {
            cleanup::die_of(SIGPIPE);
        }
        self.print();
        ExitCode::from(self.status)
    }

    /// Prints the message, and its hint unless the same one was printed before: one run may have thousands of files
    /// that fail alike.
    pub fn print(&self) {
        if self.reported {
            return;
        }
        match speaker() {
            None => say(self.subject.as_deref(), &self.what),
            Some(_) => say(self.subject.as_deref(), &format!("error: {}", self.what)),
        }
        for detail in &self.details {
            say(None, detail);
        }
        if let Some(hint) = &self.hint
            && is_new(hint)
        {
            say(None, &format!("hint: {hint}"));
        }
    }
}

impl Subjects {
    /// The subjects of work that only prints.
    pub fn stdout() -> Self {
        Self {
            output: "stdout".to_owned(),
            ..Self::default()
        }
    }

    /// Attributes an error to its subject.
    pub fn attribute(&self, error: &Error) -> Failure {
        let subject = match error {
            Error::Write(_) => Some(&self.output),
            Error::Secret { .. } => Some(&self.key.shown),
            Error::Usage { .. }
            | Error::Fixed { .. }
            | Error::Random(_)
            | Error::Memory(_)
            | Error::Thread(_)
            | Error::Panic(_) => None,
            _ => Some(&self.input),
        };
        let mut failure = Failure {
            subject: subject.filter(|name| !name.is_empty()).cloned(),
            what: self.message(error),
            details: details(error),
            broken_pipe: error.is_broken_pipe(),
            wrong_secret: is_wrong_secret(error),
            ..Failure::of_library(error)
        };
        if let Error::Write(e) = error
            && e.get_ref().is_some_and(|source| source.is::<NotText>())
        {
            failure.status = status::USAGE;
            failure.what = "refusing to write binary data to the terminal".to_owned();
            failure = failure.hint("send it to a file or a pipe, or force it with '-o -'");
        }
        failure
    }

    /// Returns an error's message, which calls a passphrase so, and not a key.
    pub fn message(&self, error: &Error) -> String {
        let wrong = match error {
            Error::Authentication { .. } => {
                "authentication failed: wrong passphrase, or the file was tampered with"
            }
            Error::UnknownFormat(unknown) if unknown.secrets <= 1 => {
                "not a sealed file of a known format, or the wrong passphrase"
            }
            _ => return message(error),
        };
        if self.key.is_passphrase && is_wrong_secret(error) {
            wrong.to_owned()
        } else {
            message(error)
        }
    }

    /// Returns whether the output is an open file of this process, given by its name.
    fn output_is_descriptor(&self) -> bool {
        let names = ["/dev/fd/", "/proc/self/fd/"];
        self.output == "/dev/stdout" || names.iter().any(|name| self.output.starts_with(name))
    }

    /// Reports why an output could not be opened.
    pub fn refused(&self, refused: Refused) -> Failure {
        let usage = |what: &str| Failure::usage(what).about(&self.output);
        match refused {
            Refused::Terminal => Failure::usage("refusing to write sealed data to the terminal")
                .hint("send it to a file or a pipe, or force it with '-o -'"),
            // A redirected standard output, given by its name.
            Refused::Exists if self.output_is_descriptor() => usage("file exists")
                .with_status(status::SYSTEM)
                .hint("for standard output, type '-o -' or leave -o out"),
            Refused::Exists => usage("file exists")
                .with_status(status::SYSTEM)
                .hint("overwrite it with --force"),
            Refused::SameFile => {
                usage("the output is a file that is read, too").with_status(status::SYSTEM)
            }
            Refused::Foreign(kind) => usage(&format!(
                "refusing to write to a {kind} of another user"
            ))
            .with_status(status::SYSTEM)
            .hint("if that is what you want, write to standard output and redirect it: > FILE"),
            Refused::ForeignLink => usage("refusing to follow a symbolic link of another user")
                .with_status(status::SYSTEM)
                .hint("give the path that it leads to, or redirect standard output: > FILE"),
            Refused::System(error) => Failure::system(&self.output, &error),
        }
    }
}

/// Returns whether another secret may open the file. If chunks were authenticated, the secret was right.
fn is_wrong_secret(error: &Error) -> bool {
    match error {
        Error::Authentication { chunk: 0, .. } | Error::NoIdentity { .. } => true,
        Error::UnknownFormat(unknown) => unknown.wrong_secret,
        _ => false,
    }
}

/// Returns the message of an error that names options.
fn message(error: &Error) -> String {
    match error {
        Error::Fixed { what, setting } => format!("{what}; {} does not apply", option(*setting)),
        Error::Strict(warning) => format!("{warning}, refused by --strict"),
        error => error.to_string(),
    }
}

/// Returns the option for a setting.
fn option(setting: Setting) -> &'static str {
    match setting {
        Setting::ChunkSize => "--chunk-size",
        Setting::Kdf => "--kdf",
        _ => "the option",
    }
}

/// Returns what to type.
fn hint(error: &Error) -> Option<String> {
    let hint = match error {
        Error::Fixed {
            setting: Setting::Kdf,
            ..
        } => Some("for argon2id or balloon choose --format dexios"),
        Error::Refused { .. } => {
            Some("if you trust the source of this file, add --gfe-nonce additive")
        }
        Error::NoMasterKey(_) => Some("--reseal opens and seals it again"),
        Error::UnknownFormat(_) => Some("give the format with --format if you know it"),
        Error::LegacySlot => Some("--allow-legacy-slots opens it, for files that you trust"),
        Error::WorkFactor { .. } => {
            Some("allow a higher one with --max-work-factor, for files that you trust")
        }
        Error::WorkFactorMemory { .. } => Some("allow more with --max-memory"),
        Error::NoMatch { .. } => {
            Some("'fetool inspect' lists the stanzas that the file has for its recipients")
        }
        error => return error.hint().map(to_type),
    };
    hint.map(str::to_owned)
}

/// Returns a hint of the library with the command's options.
fn to_type(hint: &Hint) -> String {
    let text = match hint {
        Hint::MoreMemory => "allow more with --max-memory",
        Hint::SmallerChunks => {
            "choose smaller ones with --chunk-size, or allow more with --max-memory"
        }
        Hint::LargerChunks => "choose larger chunks with --chunk-size",
        Hint::Formats(formats) => {
            let mut verb = " choose";
            let formats = formats.iter().map(|(what, name)| {
                let verb = std::mem::take(&mut verb);
                format!("for {what}{verb} --format {name}")
            });
            return formats.collect::<Vec<_>>().join(", ");
        }
        Hint::MakeKey => "make one with 'fetool keygen -o KEYFILE'",
        Hint::MakeSalt => "make one with 'fetool keygen -o SALTFILE'",
        Hint::GiveSalt => {
            "give the salt kept beside the file with --salt @FILE (and --kdf), or use -k"
        }
        Hint::KdfNeedsSalt => "--kdf requires a passphrase and --salt",
        Hint::GiveIdentity => "give the file with the identity as -k @FILE",
        Hint::GivePassphrase => "give the passphrase with -p",
        Hint::ChangeLast => "change its key with --new-key, or add another one first",
        Hint::ReplaceOnly => {
            "change it with --new-key alone, or make the file version 5 with --reseal"
        }
        Hint::RemoveFirst => "drop one with --remove first",
        Hint::OpenWhole => {
            "open the whole file and cut the range out: \
             fetool open … | tail -c +FIRST | head -c LENGTH"
        }
        Hint::Stream => "read the file through a pipe: cat FILE | fetool open …",
        Hint::OneLayer => "GoCrypt reads --format gocrypt with --layers 1 as well",
        Hint::Feature(name) => {
            return format!(
                "install it with that feature, which it has by default: \
                 cargo install --locked --path . --features {name}"
            );
        }
        Hint::DownloadKeys if speaker().is_some() => {
            "download https://github.com/USER.keys and name that file with -R"
        }
        Hint::DownloadKeys => "download https://github.com/USER.keys and give it with --to @FILE",
        Hint::ConvertSshKey => "convert a copy of it with ssh-keygen -p -f COPY",
        other => return other.to_string(),
    };
    text.to_owned()
}

/// Returns the formats that a file does not have, one line for those with the same reason.
fn details(error: &Error) -> Vec<String> {
    let Error::UnknownFormat(unknown) = error else {
        return Vec::new();
    };
    let ruled_out = unknown.ruled_out.iter();
    let ruled_out = ruled_out.map(|(format, why)| ("not", *format, why.as_str()));
    let unlikely = unknown.possible.iter().flat_map(|possible| {
        let opposing = possible.evidence.opposing.iter();
        opposing.map(|why| ("hardly", possible.format, why.as_str()))
    });
    let mut reasons: Vec<((&str, &str), Vec<&str>)> = Vec::new();
    for (how, format, why) in ruled_out.chain(unlikely) {
        match reasons.iter_mut().find(|(reason, _)| *reason == (how, why)) {
            Some((_, formats)) => formats.push(format),
            None => reasons.push(((how, why), vec![format])),
        }
    }
    reasons
        .iter()
        .map(|((how, why), formats)| format!("{how} {}: {why}", formats.join(", ")))
        .collect()
}

/// Returns whether a hint was not printed yet. Hints that name a file all differ, so only some are remembered.
fn is_new(hint: &str) -> bool {
    const REMEMBERED: usize = 64;
    static PRINTED: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut printed = PRINTED.lock().unwrap_or_else(PoisonError::into_inner);
    if printed.iter().any(|before| before == hint) {
        return false;
    }
    if printed.len() < REMEMBERED {
        printed.push(hint.to_owned());
    }
    true
}

/// The command of age that this process replaces, if it does.
static SPEAKER: OnceLock<&'static str> = OnceLock::new();

/// Makes all messages look like those of a command of age.
pub fn speak_as(program: &'static str) {
    SPEAKER.get_or_init(|| program);
}

/// Returns the command of age whose messages are imitated.
pub fn speaker() -> Option<&'static str> {
    SPEAKER.get().copied()
}

/// Puts the kind of a message before the subject, as age does.
fn in_words_of_age(program: &str, subject: Option<&str>, what: &str) -> String {
    let kinds = ["error: ", "warning: ", "note: ", "hint: "];
    let kind = kinds.into_iter().find(|kind| what.starts_with(kind));
    let kind = kind.unwrap_or_default();
    let what = &what[kind.len()..];
    match subject {
        Some(subject) => format!("{program}: {kind}{subject}: {what}"),
        None => format!("{program}: {kind}{what}"),
    }
}

/// Prints a line on standard error. Errors are ignored.
pub fn say(subject: Option<&str>, what: &str) {
    let line = match (speaker(), subject) {
        (Some(program), subject) => in_words_of_age(program, subject, what),
        (None, Some(subject)) => format!("fetool: {subject}: {what}"),
        (None, None) => format!("fetool: {what}"),
    };
    // Names are quoted already, but others can influence more than names, such as the system's messages.
    status_line::print(&(terminal_safe::quoted(line.as_bytes()) + "\n"));
}

/// Returns a path for messages, with escapes for what a terminal does not show as itself.
pub fn shown(path: &Path) -> String {
    terminal_safe::quoted(path.as_os_str().as_encoded_bytes())
}
