//! `fetool header restore`.
//!
//! The header of the file may be damaged, so the start of the data is found by trying: with a secret, the position from
//! which the first chunk opens; without one, that of the nonce, which no other file has.
//!
//! In armor, the text of the header is replaced and all that follows stays as it is, damaged or not. Only a header of
//! another length moves what follows from line to line, so all lines are encoded anew.

use super::target::{Copy, Edit, State, Target};
use super::{Args, open_first_chunk, read_copy};
use crate::cli::failure::{Failure, Subjects, say, shown};
use crate::cli::rekey::in_place::{
    Directory, explain, lock_header, refuse_irregular, replaced, take_place, warn_of_links,
};
use crate::cli::secrets::keys::Keys;
use crate::cli::secrets::{Purpose, SecretSource};
use crate::cli::work::{Source, show_derivation};
use crate::io::dir::{Dir, parent};
use crate::io::in_place::{self as steps, Found};
use crate::io::staged::Staged;
use fetool::{Error, RunOptions, copy_behind, status};
use std::ffi::OsStr;
use std::io::{self, Read, Seek};
use std::path::Path;

pub fn run(args: &Args, copy: &Path, path: &Path) -> Result<(), Failure> {
    let bytes = read_copy(copy)?;
    let copy = Copy::decode(args, &bytes, shown(copy))?;
    let name = shown(path);
    let system = |error: io::Error| Failure::system(&name, &error);
    // A new file is made in the directory of the file itself, not of a link to it.
    let path = path.canonicalize().map_err(system)?;
    refuse_irregular(&path.metadata().map_err(system)?, &name)?;
    let plans = args.plans()?;
    SecretSource::check_stdin(&plans, false)?;
    let mut keys = match &plans[..] {
        [] => None,
        plans => Some(Keys::load(plans, Purpose::Open(Some(&path)), &args.work)?),
    };
    let open = || Directory::new(Dir::open(parent(&path))?);
    let directory = open().map_err(system)?;
    let dir = &directory.dir;
    let file_name = path.file_name().unwrap_or_default();
    let file = lock_header(args.no_wait, args.work.quiet, dir, file_name, &name)?;
    refuse_irregular(&file.metadata().map_err(system)?, &name)?;
    let target = Target {
        args,
        copy,
        file: &file,
        name: &name,
    };
    let state = target.look().map_err(system)?;
    let found = loop {
        let progress = show_derivation(&args.work, &Source::Path(path.clone()));
        let found = target.find(&state, keys.as_ref());
        drop(progress);
        let failure = match found {
            Ok(found) => break found,
            Err(failure) => failure,
        };
        let again = match &mut keys {
            Some(keys) => keys.ask_again(&failure)?,
            None => false,
        };
        if !again {
            return Err(failure);
        }
    };
    let recoveries = steps::find(dir, &directory.recovery_files, &file).map_err(system)?;
    let edit = found.edit;
    if !edit.is_done {
        let is_anew = edit.recoded || edit.at != edit.new.len() as u64;
        match is_anew {
            true => target.write_anew(&directory, file_name, edit)?,
            false => target.write_over(dir, &edit.new)?,
        }
        if !is_anew && !dir.names(file_name, &file).map_err(system)? {
            return Err(replaced(&name));
        }
    }
    for recovery in recoveries {
        match recovery {
            // A recovery file of an interrupted run is no longer needed.
            Found::Recovery(recovery) if found.is_sure => {
                let about = |error: io::Error| Failure::system(shown(&recovery.path(dir)), &error);
                recovery.forget(dir).map_err(about)?;
            }
            Found::Recovery(recovery) => {
                let path = shown(&recovery.path(dir));
                let what = format!("warning: recovery file {path} of an earlier run stays");
                say_unless_quiet(args, &name, &what);
            }
            Found::Doubtful(..) => {}
        }
    }
    if edit.is_done {
        say_unless_quiet(args, &name, "has this header already");
    } else if args.work.verbose {
        let len = target.copy.bytes.len();
        say(Some(&name), &format!("header put back: {len} bytes"));
    }
    Ok(())
}

fn say_unless_quiet(args: &Args, name: &str, what: &str) {
    if !args.work.quiet {
        say(Some(name), what);
    }
}

/// Returns whether the data or its key is wrong, not the system or the command line.
fn is_of_data(failure: &Failure) -> bool {
    matches!(
        failure.status(),
        status::KEY | status::FORMAT | status::TRUNCATED
    )
}

/// The chosen edit.
struct Decided<'s> {
    edit: &'s Edit,
    /// Whether the copy certainly belongs to the file.
    is_sure: bool,
}

impl Target<'_> {
    /// Finds the start of the data, and whether the copy belongs to it.
    fn find<'s>(&self, state: &'s State, keys: Option<&Keys>) -> Result<Decided<'s>, Failure> {
        let Some(likeliest) = state.edits.first() else {
            return Err(Failure::usage("the file ends inside its header")
                .with_status(status::TRUNCATED)
                .about(self.name));
        };
        let found = match keys {
            Some(keys) => self.find_with(state, keys),
            None => self.find_by_nonce(state),
        };
        match found {
            Ok(edit) => Ok(Decided {
                edit,
                is_sure: true,
            }),
            Err(failure) if self.args.unchecked && is_of_data(&failure) => {
                let copy = &self.copy.name;
                let what = format!("warning: nothing shows that {copy} belongs to this file");
                say_unless_quiet(self.args, self.name, &what);
                Ok(Decided {
                    edit: likeliest,
                    is_sure: false,
                })
            }
            Err(failure) => Err(failure),
        }
    }

    /// Finds it with a secret: the copy and the first chunk open.
    fn find_with<'s>(&self, state: &'s State, keys: &Keys) -> Result<&'s Edit, Failure> {
        let subjects = Subjects {
            input: self.name.to_owned(),
            output: String::new(),
            key: keys.name(),
        };
        let mut first = None;
        for edit in &state.edits {
            let behind = self.behind(edit);
            let behind = behind.map_err(|error| Failure::system(self.name, &error))?;
            let open = self.args.opener(keys, self.copy.format);
            match open_first_chunk(open, edit.new.chain(behind)) {
                Ok(()) => return Ok(edit),
                Err(error @ (Error::Read(_) | Error::Memory(_))) => {
                    return Err(subjects.attribute(&error));
                }
                Err(error) => first = first.or(Some(error)),
            }
        }
        let error = first.expect("there is a place");
        let failure = subjects.attribute(&error);
        let is_wrong_secret = failure.is_wrong_secret();
        let copy = &self.copy.name;
        let failure = Failure::usage(format!(
            "does not open with the header in {copy}: {}",
            subjects.message(&error)
        ))
        .with_status(failure.status())
        .about(self.name)
        .hint(match state.is_damaged_text {
            true => format!(
                "what is left of it: fetool open --salvage --header {copy} {} -o OUT",
                self.name
            ),
            false => "if the first chunk is damaged, too, --unchecked puts the header back".into(),
        });
        Err(match is_wrong_secret {
            true => failure.of_wrong_secret(),
            false => failure,
        })
    }

    /// Finds it without a secret: the nonce is still at its position.
    fn find_by_nonce<'s>(&self, state: &'s State) -> Result<&'s Edit, Failure> {
        let copy = &self.copy.name;
        let found = state.edits.iter().find(|edit| edit.has_nonce);
        found.ok_or_else(|| {
            let what = match &state.own {
                // In damaged armor, the nonce may be in another line.
                Some(_) if !state.is_damaged_text => {
                    format!("{copy} is the header of another file: the nonces differ")
                }
                _ => format!("nothing shows that {copy} belongs to this file"),
            };
            Failure::usage(what)
                .with_status(status::FORMAT)
                .about(self.name)
                .hint("give the secret with -k or -p; --unchecked puts the header back without a check")
        })
    }

    /// Writes over the beginning of the file, as 'rekey -i' does.
    fn write_over(&self, dir: &Dir, new: &[u8]) -> Result<(), Failure> {
        let mut old = vec![0; new.len()];
        let mut file = self.file;
        file.rewind()
            .and_then(|()| file.read_exact(&mut old))
            .map_err(|error| Failure::system(self.name, &error))?;
        steps::replace_start(dir, self.file, &old, new)
            .map_err(|failed| explain(self.name, old.len(), failed))
    }

    /// Makes a new file, which replaces the old one.
    fn write_anew(&self, directory: &Directory, name: &OsStr, edit: &Edit) -> Result<(), Failure> {
        let about = |error: io::Error| Failure::system(self.name, &error);
        let before = self.file.metadata().map_err(about)?;
        if !self.args.work.quiet {
            warn_of_links(&before, self.name);
        }
        let subjects = Subjects {
            input: self.name.to_owned(),
            output: self.name.to_owned(),
            ..Subjects::default()
        };
        let staged = Staged::new(&directory.dir).map_err(about)?;
        let mut behind = self.behind(edit).map_err(about)?;
        copy_behind(&edit.new, &mut behind, &staged.file, &RunOptions::new())
            .map_err(|error| subjects.attribute(&error))?;
        take_place(staged, self.file, &before, name, self.name)
    }
}
