//! `fetool rekey -r -i`: every sealed file of a tree, each in place.

use super::in_place::{self, Directory};
use super::{Args, NewSecret, Secrets, check_stdin, find, reseal, warn_of_slot};
use crate::cli::failure::{Failure, Subjects, shown};
use crate::cli::secrets::recipients::SealFor;
use crate::cli::secrets::{BATCH, For, SecretSource};
use crate::cli::tree::{
    Counters, Found, Outcome, Report, Skip, TreeEntry, Verb, Wanted, What, has_sealed_suffix,
    list_on_stdin, refuse_in_trees, some_path_exists,
};
use crate::io::FileId;
use crate::io::dir::Dir;
use crate::io::staged::Staged;
use fetool::{CancelToken, Error, Identity, Meter, Open, PeekReader, look_at_header, status};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Seek};
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

pub fn run(args: &Args) -> Result<(), Failure> {
    let stray = [
        (
            args.format.is_some(),
            "--format",
            "the names of the files would no longer fit what they hold",
        ),
        (args.list, "--list", "'fetool inspect' takes many files"),
        (
            args.header.is_some(),
            "--header",
            "name the headers as files",
        ),
        (
            args.output.output.is_some(),
            "-o",
            "files are changed in place, with -i",
        ),
    ];
    refuse_in_trees(&stray, &args.paths, &args.walk)?;
    if !args.in_place {
        return Err(Failure::usage("-r changes files in place, and needs -i"));
    }
    let old = SecretSource::to_open(&args.secret)?;
    let new = NewSecret::of(args)?;
    check_stdin(&old, &new, list_on_stdin(&args.walk))?;
    some_path_exists(&args.paths)?;
    let mut secrets = find(args, &old, &new, None)?;
    // One key derivation for all files that were sealed in one run, and one for the new secret.
    secrets.old = secrets.old.for_many_files_within(args.max_memory);
    for new in &mut secrets.new {
        if let SealFor::Secret(secret) = new {
            *secret = secret.clone().for_many_files();
        }
    }
    let mut worker = Worker {
        args,
        secrets: &secrets,
        directory: None,
        changed: HashSet::new(),
    };
    let wanted = Wanted::new(&args.walk, None)?;
    let verb = Verb {
        plan: "rekey",
        done: "rekeyed",
    };
    let mut report = Report::new(
        verb,
        &args.walk,
        &args.work,
        &Counters::default(),
        "run the same command again to do the rest",
    )?;
    let mut told = Ok(());
    let mut tell = |outcome: Outcome| {
        told = report.tell(&outcome);
        let failed = matches!(outcome.what, What::Failed(_));
        if told.is_err() || (failed && args.walk.fail_fast) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    // age plugins unwrap the keys of many files at once.
    let batch = match secrets.old.may_need_plugins() && !args.walk.dry_run {
        true => BATCH,
        false => 1,
    };
    let mut waiting = Vec::new();
    let mut work = |waiting: &mut Vec<(TreeEntry, u64)>, tell: &mut dyn FnMut(Outcome) -> _| {
        if batch > 1 {
            let paths = waiting.iter().map(|(place, _)| &*place.source);
            secrets.old.prepare_files(paths, For::Rekeying);
        }
        waiting.drain(..).try_for_each(|(place, len)| {
            tell(Outcome {
                what: worker.work(&place, len),
                named: place.named,
                path: place.source,
                output: None,
            })
        })
    };
    let mut go_on = ControlFlow::Continue(());
    wanted.find(&args.paths, &mut |found| {
        go_on = match found {
            Found::File(place, len) => {
                waiting.push((place, len));
                match waiting.len() < batch {
                    true => ControlFlow::Continue(()),
                    false => work(&mut waiting, &mut tell),
                }
            }
            Found::Skipped(path, skip, named) => tell(Outcome::skipped(&path, skip, named)),
            Found::Failed(path, failure) => tell(Outcome::failed(&path, failure)),
            Found::Extra(extra) => match Outcome::excluded(extra) {
                Some(outcome) => tell(outcome),
                None => ControlFlow::Continue(()),
            },
        };
        go_on
    })?;
    if go_on.is_continue() {
        let _ = work(&mut waiting, &mut tell);
    }
    told?;
    report.end()?;
    warn_of_slot(args, &secrets);
    Ok(())
}

/// Changes one file after the other.
struct Worker<'a> {
    args: &'a Args,
    secrets: &'a Secrets,
    /// The directory used last, which the next file often shares.
    directory: Option<(PathBuf, Directory)>,
    /// Files that were changed in place, and that may be found again under other names.
    changed: HashSet<FileId>,
}

impl Worker<'_> {
    fn work(&mut self, place: &TreeEntry, len: u64) -> What {
        match self.try_work(place, len) {
            Ok(what) => what,
            Err(failure) => What::Failed(failure),
        }
    }

    fn try_work(&mut self, place: &TreeEntry, len: u64) -> Result<What, Failure> {
        let (args, secrets) = (self.args, self.secrets);
        let about = |error: io::Error| Failure::system(shown(&place.source), &error);
        let is_link = place.link || args.walk.follow && place.source.is_symlink();
        if is_link && let Some(followed) = place.followed().map_err(about)? {
            return self.try_work(&followed, len);
        }
        let name = place.source.file_name().unwrap_or_default();
        let dir = self.enter(place).map_err(about)?.dir.clone();
        let file = dir.file(name).map_err(about)?;
        let file = file.ok_or_else(|| about(io::Error::from(io::ErrorKind::NotFound)))?;
        let found = file.metadata().map_err(about)?;
        let Some(id) = FileId::of(&found) else {
            return Ok(What::Skipped(Skip::Changed));
        };
        if self.changed.contains(&id) {
            return Ok(What::Skipped(Skip::Rekeyed));
        }
        if !has_sealed_suffix(name) && !has_header(&file).map_err(about)? {
            return Ok(What::Skipped(Skip::NotSealed));
        }
        if args.walk.dry_run {
            return Ok(What::Planned);
        }
        let changed = if args.reseal {
            self.reseal(place, name)
        } else {
            let shown = shown(&place.source);
            let (_, directory) = self.directory.as_ref().expect("it was entered");
            in_place::change_in(args, directory, name, shown, secrets).map(drop)
        };
        match changed {
            Ok(()) => {
                if found.nlink() > 1 || args.walk.follow {
                    // If it was copied, another file. The other names of the old one have the old header.
                    let now = dir.look(name).map_err(about)?;
                    self.changed.extend(now.as_ref().and_then(FileId::of_stat));
                }
                Ok(What::Done(len))
            }
            Err(failure) if may_be_key(&failure) && self.is_changed(file) => {
                Ok(What::Skipped(Skip::Rekeyed))
            }
            Err(failure) if !args.to.is_empty() && failure.status() == status::KEY => Err(failure.hint(
                "if an earlier run rekeyed it, name the identities of the new recipients: --to @FILE",
            )),
            Err(failure) => Err(failure),
        }
    }

    /// Opens the file's directory, through directories only unless links are to be followed.
    fn enter(&mut self, place: &TreeEntry) -> io::Result<&Directory> {
        let path = place.root.join(&place.below);
        if self
            .directory
            .as_ref()
            .is_none_or(|(last, _)| *last != path)
        {
            self.directory = None;
            let dir = if self.args.walk.follow {
                Dir::open(if path.as_os_str().is_empty() {
                    ".".as_ref()
                } else {
                    &path
                })?
            } else {
                Dir::open(&place.root)?.enter(&place.below, None)?
            };
            self.directory = Some((path, Directory::new(dir)?));
        }
        let (_, directory) = self.directory.as_ref().expect("it was just opened");
        Ok(directory)
    }

    /// Seals the file again into a new one, and replaces it once that is fsynced.
    fn reseal(&self, place: &TreeEntry, name: &OsStr) -> Result<(), Failure> {
        let (args, secrets) = (self.args, self.secrets);
        let (_, directory) = self.directory.as_ref().expect("it was entered");
        let dir = &directory.dir;
        let subjects = Subjects {
            input: shown(&place.source),
            output: shown(&place.source),
            key: secrets.old.name(),
        };
        let about = |error: io::Error| Failure::system(&subjects.input, &error);
        let file = in_place::lock(args, dir, name, &subjects.input)?;
        let before = file.metadata().map_err(about)?;
        let mut staged = Staged::new(dir).map_err(about)?;
        // The file offset is shared, but nobody else reads it.
        let input = file.try_clone().map_err(about)?;
        let (body, meter, stop) = (Some(before.len()), Meter::unwatched(), CancelToken::new());
        let opening = reseal::opener(args, secrets, body, meter, &stop).start(input);
        let opening = opening.map_err(|error| subjects.attribute(&error))?;
        reseal::stream(args, secrets, opening, &mut staged.file, subjects.clone())?;
        in_place::take_place(staged, &file, &before, name, &subjects.input)
    }

    /// Returns whether an earlier run, which was killed, has changed this file: the new secret opens it.
    fn is_changed(&self, mut file: File) -> bool {
        let mut opens = |identity: Identity<'_>| -> Result<(), Error> {
            file.rewind().map_err(Error::Read)?;
            // Any secret opens a file in which nothing is authenticated.
            let open = Open::new(identity).authenticated(true);
            open.start(&file).map(drop)
        };
        let secrets = self.secrets.new.iter().filter_map(SealFor::as_secret);
        let identities = self.secrets.new_identities.identities();
        let mut new = secrets.map(Identity::from).chain(identities);
        !self.args.add && new.any(|new| opens(new).is_ok())
    }
}

/// Returns whether a wrong secret can be the cause of a failure.
fn may_be_key(failure: &Failure) -> bool {
    [status::KEY, status::FORMAT].contains(&failure.status())
}

/// Returns whether a file has the magic number of a format.
fn has_header(file: &File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        // An empty file has no magic number either.
        return Ok(false);
    }
    let found = look_at_header(None, &mut PeekReader::new(file));
    Ok(!matches!(found, Err(Error::UnknownFormat(_))))
}
