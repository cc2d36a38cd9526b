//! One file to open, for all ways of opening one: whole, in part, or damaged.

use super::Args;
use crate::cli::failure::{Failure, Subjects};
use crate::cli::secrets::keys::Keys;
use crate::cli::secrets::{Purpose, SecretSource};
use crate::cli::work::{Source, single, subjects, target};
use crate::io::FileId;
use crate::io::file_at::FileAt;
use crate::io::input::Input;
use crate::io::output::{Content, Output, Target};
use fetool::{CancelToken, Error, Open};

/// What the command line asks for, and what was read before the user is asked for anything.
pub struct Request<'a> {
    pub args: &'a Args,
    pub source: Source,
    pub target: Target,
    pub subjects: Subjects,
    plans: Vec<SecretSource>,
    header: Option<Vec<u8>>,
    stop: CancelToken,
}

impl<'a> Request<'a> {
    pub fn of(args: &'a Args) -> Result<Self, Failure> {
        let source = Source::new(single(&args.paths)?);
        let plans = SecretSource::to_open(&args.secret)?;
        SecretSource::check_stdin(&plans, source.is_stdin())?;
        let header = args.read.detached()?;
        let target = target(&args.output)?;
        let subjects = subjects(&source, &target);
        Ok(Self {
            args,
            source,
            target,
            subjects,
            plans,
            header,
            stop: CancelToken::new(),
        })
    }

    pub fn input(&self) -> Result<Input, Failure> {
        self.source.open_sealed(&self.stop)
    }

    /// Returns the input for reading at any position, if it is a file.
    pub fn file_at(&self, input: &Input) -> Result<Option<FileAt>, Failure> {
        let file = input.as_file_at();
        file.map_err(|e| self.subjects.attribute(&Error::Read(e)))
    }

    /// Opens the output, which must not be an input as well.
    pub fn output(&self, input: &Input) -> Result<Output, Failure> {
        let header = self.args.read.header.as_deref().and_then(FileId::of_path);
        let read: Vec<_> = input
            .id()
            .into_iter()
            .chain(header)
            .chain(self.plans.iter().flat_map(SecretSource::files))
            .collect();
        Output::open(&self.target, Content::Opened, &read).map_err(|e| self.subjects.refused(e))
    }

    /// Reads the keys, and asks for what is typed. From then on, messages name them.
    pub fn keys(&mut self) -> Result<Keys, Failure> {
        let purpose = Purpose::Open(self.source.path());
        let keys = Keys::load(&self.plans, purpose, &self.args.work)?;
        self.subjects.key = keys.name();
        Ok(keys)
    }

    /// Returns the settings for opening a file of this length.
    pub fn open<'k>(&'k self, keys: &'k Keys, total: Option<u64>) -> Open<'k> {
        let args = self.args;
        keys.open()
            .among(args.read.formats())
            .format(args.read.format())
            .detached_header(self.header.as_deref())
            .limits(args.read.limits(total))
            .strict(args.refuse.strict)
            .legacy_slots(args.read.allow_legacy_slots)
            .max_work_factor(args.read.max_work_factor)
            .authenticated(args.check)
            .jobs(args.work.jobs())
            .stop(&self.stop)
    }

    /// Attributes an error, also to the input.
    pub fn attribute(&self, error: &Error) -> Failure {
        let failure = self.explain(error);
        match error {
            Error::Usage { .. } => failure.about(&self.subjects.input),
            _ => failure,
        }
    }

    /// Says what failed, and what helps if a header is damaged.
    pub fn explain(&self, error: &Error) -> Failure {
        let failure = self.subjects.attribute(error);
        let salvages = self.args.salvage.is_some();
        match (&self.header, error) {
            (None, Error::UnknownFormat(_) | Error::Malformed { .. } | Error::Armor { .. })
                if salvages =>
            {
                failure.hint("if its header is damaged, give a copy of it with --header")
            }
            (
                Some(_),
                Error::Authentication { chunk: 0, .. } | Error::Tampered { chunk: 0, .. },
            ) if !salvages => failure.hint(
                "if FILE has a header of its own that is damaged: fetool header restore COPY FILE",
            ),
            _ => failure,
        }
    }
}
