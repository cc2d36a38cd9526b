//! `fetool rekey -i`: what the steps of [`crate::io::in_place`] come to for people.

use super::{Args, Secrets, rekey};
use crate::cli::failure::{Failure, Subjects, say, shown};
use crate::io::in_place::{self as steps, Failed, Settled};
use fetool::format::Rekeyed;
use fetool::status;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Seek};
use std::path::Path;

/// Changes the header of the file at `path` where it lies.
pub fn change(args: &Args, path: &Path, secrets: &Secrets) -> Result<Rekeyed, Failure> {
    let name = shown(path);
    let system = |error: io::Error| Failure::system(name.clone(), &error);
    let subjects = Subjects {
        input: name.clone(),
        output: name.clone(),
        key: secrets.old.name.clone(),
    };
    // The recovery file lies beside the file itself, wherever links to it are.
    let path = path.canonicalize().map_err(system)?;
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .map_err(system)?;
    refuse_irregular(&file.metadata().map_err(system)?, &name)?;
    settle(&name, &path, &file)?;
    let rekeyed = rekey(args, secrets)
        .header(&file)
        .map_err(|e| subjects.blame(&e))?;
    let mut old = vec![0; rekeyed.header.len()];
    file.rewind()
        .and_then(|()| file.read_exact(&mut old))
        .map_err(system)?;
    steps::replace_start(&path, &file, &old, &rekeyed.header)
        .map_err(|failed| explain(&name, &path, failed))?;
    Ok(rekeyed)
}

/// Only a regular file can be changed in place.
pub fn refuse_irregular(metadata: &Metadata, name: &str) -> Result<(), Failure> {
    if metadata.is_dir() {
        let error = io::Error::from(io::ErrorKind::IsADirectory);
        return Err(Failure::system(name, &error));
    }
    if !metadata.is_file() {
        return Err(
            Failure::usage("not a regular file, so it cannot be changed in place").about(name),
        );
    }
    Ok(())
}

/// Finishes with what an interrupted rekey left, before anything else is done.
fn settle(name: &str, path: &Path, file: &File) -> Result<(), Failure> {
    let recovery = shown(&steps::recovery_path(path));
    match steps::settle(path, file).map_err(|error| Failure::system(&recovery, &error))? {
        Settled::Whole => Ok(()),
        Settled::Restored => {
            say(
                Some(name),
                "warning: an earlier rekey was interrupted; the old header was put back",
            );
            Ok(())
        }
        Settled::Foreign => Err(Failure::usage(format!("not the recovery file of {name}"))
            .with_status(status::SYSTEM)
            .about(recovery)
            .hint("nothing was changed; look where it comes from, and move it out of the way")),
    }
}

fn explain(name: &str, path: &Path, failed: Failed) -> Failure {
    let recovery = shown(&steps::recovery_path(path));
    match failed {
        Failed::Before(error) => Failure::system(name, &error).hint("nothing was changed"),
        Failed::Undone(error) => {
            Failure::system(name, &error).hint("the old header is there again")
        }
        Failed::Damaged(error) => Failure::system(name, &error).hint(format!(
            "the header may be damaged; {recovery} has the old one, and the next rekey -i puts it \
             back"
        )),
        Failed::Leftover(error) => Failure::system(recovery, &error)
            .hint("the key was changed; remove this file, which holds the old header"),
    }
}
