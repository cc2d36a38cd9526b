//! What sealing and opening share around the work itself.

use super::args::{OutputArgs, WorkArgs};
use super::failure::{Failure, SecretName, Subjects, say, shown};
use crate::io::input::Input;
use crate::io::output::{Content, Output, Target};
use crate::io::status_line;
use crate::progress::{Display, When};
use crate::size::rounded;
use fetool::format::{Format, NewFiles};
use fetool::{CancelToken, Error, Meter, Secret};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The hint for a directory.
pub const EVERY_FILE: &str = "to work on every file below it, add -r";

/// The source of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Stdin,
    Path(PathBuf),
}

impl Source {
    pub fn new(path: Option<&Path>) -> Self {
        match path {
            None => Self::Stdin,
            Some(path) if path.as_os_str() == "-" => Self::Stdin,
            Some(path) => Self::Path(path.to_owned()),
        }
    }

    pub fn is_stdin(&self) -> bool {
        *self == Self::Stdin
    }

    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdin => None,
            Self::Path(path) => Some(path),
        }
    }

    /// Returns its name in messages.
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "stdin".to_owned(),
            Self::Path(path) => shown(path),
        }
    }

    /// Opens it; blocked reads end when `stop` is cancelled.
    pub fn open(&self, stop: &CancelToken) -> Result<Input, Failure> {
        let open = || {
            let mut input = match self {
                Self::Stdin => Input::stdin()?,
                Self::Path(path) => Input::open(path)?,
            };
            input.ends_with(stop)?;
            Ok(input)
        };
        open().map_err(|error| {
            let failure = Failure::system(self.name(), &error);
            if error.kind() == io::ErrorKind::IsADirectory && !self.is_stdin() {
                failure.hint(EVERY_FILE)
            } else {
                failure
            }
        })
    }

    /// Opens a sealed file, which cannot be typed.
    pub fn open_sealed(&self, stop: &CancelToken) -> Result<Input, Failure> {
        let input = self.open(stop)?;
        if self.is_stdin() && input.is_terminal() {
            return Err(Failure::usage("no input: standard input is a terminal")
                .hint("give the PATH of a sealed file, or pipe one in"));
        }
        Ok(input)
    }
}

/// Returns the error for an option that a single file does not have.
pub fn needs_tree(option: &str) -> Failure {
    Failure::usage(format!("{option} requires -r or --files0-from"))
}

/// Returns the only PATH, if there is one.
pub fn single(paths: &[PathBuf]) -> Result<Option<&Path>, Failure> {
    match paths {
        [] => Ok(None),
        [path] => Ok(Some(path)),
        _ => {
            Err(Failure::usage("more than one PATH").hint("to work on each file by itself, add -r"))
        }
    }
}

/// Fails if any of the paths is missing, so that no passphrase is typed in vain.
pub fn all_paths_exist<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<(), Failure> {
    let missing = paths.into_iter().filter_map(|path| {
        let path = path.as_ref();
        let error = path.symlink_metadata().err()?;
        Some(Failure::system(shown(path), &error))
    });
    let mut missing: Vec<Failure> = missing.collect();
    let Some(last) = missing.pop() else {
        return Ok(());
    };
    missing.iter().for_each(Failure::print);
    Err(last)
}

/// Returns the target of the output.
pub fn target(args: &OutputArgs) -> Result<Target, Failure> {
    match &args.output {
        None if args.sync || args.force => {
            Err(Failure::usage("--force and --sync require -o FILE"))
        }
        None => Ok(Target::Stdout { any: false }),
        Some(path) if path.as_os_str() == "-" => {
            if args.sync || args.force {
                return Err(Failure::usage(
                    "--force and --sync require a FILE, not '-o -'",
                ));
            }
            Ok(Target::Stdout { any: true })
        }
        Some(path) => Ok(Target::File {
            path: path.clone(),
            force: args.force,
            sync: args.sync,
        }),
    }
}

/// Returns the output's name in messages.
pub fn target_name(target: &Target) -> String {
    match target {
        Target::Stdout { .. } => "stdout".to_owned(),
        Target::File { path, .. } => shown(path),
    }
}

/// Returns the names of an input and an output in messages.
pub fn subjects(source: &Source, target: &Target) -> Subjects {
    Subjects {
        input: source.name(),
        output: target_name(target),
        key: SecretName::default(),
    }
}

/// Shows progress until the display is dropped; the meter counts the work.
pub fn show_progress(
    work: &WorkArgs,
    source: &Source,
    output: Option<&Target>,
    total: Option<u64>,
) -> (Meter, Display) {
    // The line would be drawn into the data.
    let among_data = matches!(output, Some(Target::Stdout { .. })) && io::stdout().is_terminal();
    let when = match work.progress {
        When::Auto if among_data => When::Never,
        when => when,
    };
    let name = (!source.is_stdin()).then(|| source.name());
    Display::of_one(when, work.quiet, total, name)
}

/// Shows that a key is being derived, for work that counts no bytes, until it is dropped.
pub fn show_derivation(work: &WorkArgs, source: &Source) -> Display {
    Display::of_derivation(work.progress, work.quiet, source.name())
}

/// Prints on standard output. Unlike `print!`, it waits for a pipe that another process made non-blocking.
pub fn print(text: &[u8]) -> Result<(), Failure> {
    // Both can be the same terminal.
    status_line::erase();
    let subjects = Subjects::stdout();
    let target = Target::Stdout { any: true };
    let mut output =
        Output::open(&target, Content::Opened, &[]).map_err(|e| subjects.refused(e))?;
    output
        .write_all(text)
        .and_then(|()| output.commit())
        .map_err(|e| subjects.attribute(&Error::Write(e)))
}

/// Prints what the file does not protect, unless --quiet is given.
pub fn warn(work: &WorkArgs, subjects: &Subjects, warnings: &[String]) {
    if !work.quiet {
        for warning in warnings {
            say(Some(&subjects.input), &format!("warning: {warning}"));
        }
    }
}

/// What the written format does not protect, each printed once.
pub struct Weaknesses<'a> {
    format: &'a dyn Format,
    new: NewFiles,
    said: Vec<String>,
}

impl<'a> Weaknesses<'a> {
    /// Prints, on one line, what is known before the work.
    pub fn warn(
        work: &WorkArgs,
        subjects: &Subjects,
        format: &'a dyn Format,
        new: NewFiles,
    ) -> Self {
        let said = format.weaknesses(&new);
        warn_in_one_line(work, subjects, &said);
        Self { format, new, said }
    }

    /// Prints the rest, now that the number of files and the longest plaintext are known.
    pub fn warn_of_more(&self, work: &WorkArgs, subjects: &Subjects, files: u64, longest: u64) {
        let mut more = self.format.weaknesses(&NewFiles {
            files,
            len: Some(longest),
            ..self.new
        });
        more.retain(|weakness| !self.said.contains(weakness));
        warn_in_one_line(work, subjects, &more);
    }
}

/// Shorter keys than this get a warning, in bytes.
const KEY_SHORT: usize = 16;

/// Warns of keys that can be guessed. Each comes with its name in messages.
pub fn warn_of_short_keys<'s>(
    work: &WorkArgs,
    keys: impl IntoIterator<Item = (&'s Secret, &'s SecretName)>,
) {
    for (key, name) in keys {
        let len = key.as_bytes().len();
        if !work.quiet && !key.is_passphrase() && len < KEY_SHORT {
            let bytes = if len == 1 { "byte" } else { "bytes" };
            say(
                Some(&name.shown),
                &format!(
                    "warning: the key has only {len} {bytes} and can be guessed; 'fetool keygen' \
                     makes one of 32 bytes"
                ),
            );
        }
    }
}

fn warn_in_one_line(work: &WorkArgs, subjects: &Subjects, weaknesses: &[String]) {
    if !weaknesses.is_empty() {
        warn(work, subjects, &[weaknesses.join("; ")]);
    }
}

/// Measures the time for `--verbose`.
pub struct Clock(Instant);

impl Clock {
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Prints what was done: `what` with the number of bytes and chunks, and the rate.
    pub fn tell(&self, subjects: &Subjects, what: &str, bytes: u64, chunks: u64) {
        let elapsed = self.0.elapsed().max(Duration::from_micros(1));
        let rate = bytes as f64 / elapsed.as_secs_f64();
        say(
            Some(&subjects.input),
            &format!(
                "{what}: {}, {chunks} chunk{}, in {:.2} s ({}/s)",
                rounded(bytes),
                if chunks == 1 { "" } else { "s" },
                elapsed.as_secs_f64(),
                rounded(rate as u64),
            ),
        );
    }
}
