//! `fetool rekey -i`: the steps of [`crate::io::in_place`], with messages.

use super::{Args, Secrets, rekey, with_old};
use crate::cli::failure::{Failure, Subjects, say, shown};
use crate::cli::work::EVERY_FILE;
use crate::io::copy_range;
use crate::io::dir::{Dir, parent};
use crate::io::in_place::{
    self as steps, Failed, Found, Locked, OLD_HEADER_AT, Recovery, Side, State,
};
use crate::io::staged::Staged;
use fetool::format::{Change, Rekeyed, Which};
use fetool::{Error, PeekReader, status};
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, Permissions};
use std::io::{self, Read, Seek};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;
use std::sync::Arc;

/// Changes the header of the file at `path` in place.
pub fn change(args: &Args, path: &Path, secrets: &Secrets) -> Result<Rekeyed, Failure> {
    let name = shown(path);
    let system = |error: io::Error| Failure::system(name.clone(), &error);
    // The recovery file is in the directory of the file itself, not of a link to it.
    let path = path.canonicalize().map_err(system)?;
    let file_name = path.file_name().unwrap_or_default();
    refuse_irregular(&path.metadata().map_err(system)?, &name)?;
    let open = || Directory::new(Dir::open(parent(&path))?);
    let directory = open().map_err(system)?;
    change_in(args, &directory, file_name, name.clone(), secrets)
}

/// A directory with files that are changed in place.
pub struct Directory {
    pub dir: Arc<Dir>,
    /// Recovery files of interrupted runs. Read once for all files of the directory.
    pub recovery_files: Vec<OsString>,
}

impl Directory {
    /// Removes the incomplete files of killed runs, and lists the complete ones.
    pub fn new(dir: Dir) -> io::Result<Self> {
        dir.remove_stale(false)?;
        Ok(Self {
            recovery_files: dir.recovery_files()?,
            dir: Arc::new(dir),
        })
    }
}

/// Does the same for a file of an open directory, which messages call `shown`.
pub fn change_in(
    args: &Args,
    directory: &Directory,
    name: &OsStr,
    shown: String,
    secrets: &Secrets,
) -> Result<Rekeyed, Failure> {
    let system = |error: io::Error| Failure::system(shown.clone(), &error);
    let subjects = Subjects {
        input: shown.clone(),
        output: shown.clone(),
        key: secrets.old.name(),
    };
    let dir = &directory.dir;
    let mut file = lock(args, dir, name, &shown)?;
    refuse_irregular(&file.metadata().map_err(system)?, &shown)?;
    recover(args, &shown, directory, &file, secrets)?;
    let rekeyed = rekey(args, secrets)
        .header(&file)
        .map_err(|e| subjects.attribute(&e))?;
    // Armor must be written anew for another header.
    file.rewind().map_err(system)?;
    let is_text = {
        let mut head = PeekReader::new(&file);
        fetool::look_at_header(None, &mut head).map_err(|e| subjects.attribute(&e))?;
        head.is_armored()
    };
    if is_text || rekeyed.header.len() != rekeyed.old_len {
        copy_in(args, dir, name, &file, &subjects, secrets)?;
        return Ok(rekeyed);
    }
    let mut old = vec![0; rekeyed.header.len()];
    file.rewind()
        .and_then(|()| file.read_exact(&mut old))
        .map_err(system)?;
    steps::replace_start(dir, &file, &old, &rekeyed.header)
        .map_err(|failed| explain(&shown, old.len(), failed))?;
    match dir.names(name, &file).map_err(system)? {
        true => Ok(rekeyed),
        false => Err(replaced(&shown)),
    }
}

/// Changes a file whose header gets another length: makes a new file, and replaces the old one with it once it is
/// fsynced.
fn copy_in(
    args: &Args,
    dir: &Arc<Dir>,
    name: &OsStr,
    mut file: &File,
    subjects: &Subjects,
    secrets: &Secrets,
) -> Result<(), Failure> {
    let about = |error: io::Error| Failure::system(&subjects.input, &error);
    let before = file.metadata().map_err(about)?;
    if !args.work.quiet {
        warn_of_links(&before, &subjects.input);
    }
    let staged = Staged::new(dir).map_err(about)?;
    file.rewind().map_err(about)?;
    rekey(args, secrets)
        .run_copying(&mut PeekReader::new(file), &staged.file, |from, to, len| {
            copy_range(*from, *to, len)
        })
        .map_err(|e| subjects.attribute(&e))?;
    take_place(staged, file, &before, name, &subjects.input)
}

/// Warns that only one name of a file with several gets the new file.
pub fn warn_of_links(before: &Metadata, shown: &str) {
    if before.nlink() > 1 {
        say(
            Some(shown),
            "warning: the file has other names (hard links), which keep the old header",
        );
    }
}

/// Gives a new file the owner, mode and name of the old one, once it is fsynced.
pub fn take_place(
    staged: Staged,
    file: &File,
    before: &Metadata,
    name: &OsStr,
    shown: &str,
) -> Result<(), Failure> {
    let about = |error: io::Error| Failure::system(shown, &error);
    let now = file.metadata().map_err(about)?;
    if (now.len(), now.modified().ok()) != (before.len(), before.modified().ok()) {
        return Err(Failure::usage("the file changed while it was read")
            .with_status(status::SYSTEM)
            .about(shown));
    }
    let finish = || {
        let made = staged.file.metadata()?;
        if (made.uid(), made.gid()) != (before.uid(), before.gid()) {
            fchown(&staged.file, Some(before.uid()), Some(before.gid()))?;
        }
        let mode = Permissions::from_mode(before.mode() & 0o777);
        staged.file.set_permissions(mode)?;
        staged.file.sync_all()
    };
    finish().map_err(about)?;
    let dir = staged.dir().clone();
    if !dir.names(name, file).map_err(about)? {
        return Err(replaced(shown));
    }
    staged.place(name, true).map_err(about)?;
    dir.sync().map_err(about)
}

/// Returns the error for a file that another program replaced meanwhile, such as `seal --update`.
pub fn replaced(shown: &str) -> Failure {
    Failure::usage("another file has taken its place, and was not changed")
        .with_status(status::SYSTEM)
        .about(shown)
        .hint("run the same command again")
}

/// Opens the file and locks it until it is closed, so that the second of two concurrent runs begins with the result of
/// the first.
pub fn lock(args: &Args, dir: &Dir, name: &OsStr, shown: &str) -> Result<File, Failure> {
    lock_header(args.no_wait, args.work.quiet, dir, name, shown)
}

/// Does the same for anything that changes a header.
pub fn lock_header(
    no_wait: bool,
    quiet: bool,
    dir: &Dir,
    name: &OsStr,
    shown: &str,
) -> Result<File, Failure> {
    let system = |error: io::Error| Failure::system(shown, &error);
    loop {
        let file = dir.file_to_change(name).map_err(system)?;
        let waiting = || say(Some(shown), "waiting for another rekey of this file");
        match steps::lock(&file, (!no_wait).then_some(waiting)) {
            Locked::Yes => {}
            Locked::Busy => {
                return Err(Failure::usage("another rekey is changing this file")
                    .with_status(status::SYSTEM)
                    .about(shown)
                    .hint("leave out --no-wait to wait for it"));
            }
            Locked::Unsupported => {
                if !quiet {
                    say(
                        Some(shown),
                        "warning: this file system has no locks; two rekeys of the file at once \
                         would lose a change",
                    );
                }
                return Ok(file);
            }
        }
        // The process that had the lock may have replaced the file.
        if dir.names(name, &file).map_err(system)? {
            return Ok(file);
        }
    }
}

/// Does the same for a path, following links.
pub fn lock_path(args: &Args, path: &Path) -> Result<File, Failure> {
    let name = shown(path);
    let system = |error: io::Error| Failure::system(name.clone(), &error);
    let path = path.canonicalize().map_err(system)?;
    let dir = Dir::open(parent(&path)).map_err(system)?;
    lock(args, &dir, path.file_name().unwrap_or_default(), &name)
}

/// Only a regular file can be changed in place.
pub fn refuse_irregular(metadata: &Metadata, name: &str) -> Result<(), Failure> {
    if metadata.is_dir() {
        let error = io::Error::from(io::ErrorKind::IsADirectory);
        return Err(Failure::system(name, &error).hint(EVERY_FILE));
    }
    if !metadata.is_file() {
        return Err(
            Failure::usage("not a regular file, so it cannot be changed in place").about(name),
        );
    }
    Ok(())
}

/// Completes what an interrupted rekey left, before anything else.
fn recover(
    args: &Args,
    name: &str,
    directory: &Directory,
    file: &File,
    secrets: &Secrets,
) -> Result<(), Failure> {
    let system = |error: io::Error| Failure::system(name, &error);
    let dir = &directory.dir;
    for found in steps::find(dir, &directory.recovery_files, file).map_err(system)? {
        let recovery = match found {
            Found::Recovery(recovery) => recovery,
            Found::Doubtful(path, why) => {
                say(
                    Some(name),
                    &format!("warning: recovery file {} is not used: {why}", shown(&path)),
                );
                continue;
            }
        };
        let path = shown(&recovery.path(dir));
        let about = |error: io::Error| Failure::system(&path, &error);
        let state = recovery.state(file).map_err(system)?;
        if state == State::Changed {
            let len = recovery.old.len();
            return Err(Failure::usage(format!(
                "a recovery file of {name}, whose header is neither the old nor the new one in it"
            ))
            .with_status(status::SYSTEM)
            .about(&path)
            .hint(format!(
                "nothing was changed; if the file does not open, {} puts the old header back, else \
                 remove the recovery file",
                by_hand(&path, name, len)
            )));
        }
        let Some(opened) = opens(args, &recovery, file, secrets).map_err(system)? else {
            if state == State::Whole {
                // The header is good, and the change itself reports what is wrong.
                continue;
            }
            return Err(Failure::usage(format!(
                "the header of {name} is torn, and the given secret opens neither the old nor the \
                 new one"
            ))
            .with_status(status::SYSTEM)
            .about(&path)
            .hint("nothing was changed; give a secret that opened the file before"));
        };
        if state == State::Torn {
            recovery.restore(file, opened).map_err(system)?;
            let what = match opened {
                Side::Old => "the old header was put back",
                Side::New => "its new header was written",
            };
            let what = format!("warning: an earlier rekey was interrupted; {what}");
            say(Some(name), &what);
        }
        recovery.forget(dir).map_err(about)?;
    }
    Ok(())
}

/// Returns which of the two headers the secret opens the file with. The old one may be damaged if it was to be restored
/// from a copy.
fn opens(
    args: &Args,
    recovery: &Recovery,
    file: &File,
    secrets: &Secrets,
) -> io::Result<Option<Side>> {
    for side in [Side::Old, Side::New] {
        let header = recovery.header(side);
        let mut rest = file;
        rest.seek(io::SeekFrom::Start(header.len() as u64))?;
        // A header that can be changed was opened. So was one whose last slot cannot be dropped.
        let opened = with_old(args, secrets, Change::Remove(Which::Old)).header(header.chain(rest));
        rest.rewind()?;
        match opened {
            Ok(_) | Err(Error::Usage { .. }) => return Ok(Some(side)),
            Err(_) => {}
        }
    }
    Ok(None)
}

/// Returns the command with which the user can write the old header back.
fn by_hand(recovery: &str, file: &str, len: usize) -> String {
    let at = OLD_HEADER_AT + 1;
    format!("'tail -c +{at} {recovery} | head -c {len} | dd of={file} conv=notrunc'")
}

pub fn explain(name: &str, len: usize, failed: Failed) -> Failure {
    match failed {
        Failed::Before(error) => Failure::system(name, &error).hint("nothing was changed"),
        Failed::Undone(error) => {
            Failure::system(name, &error).hint("the old header is there again")
        }
        Failed::Damaged(recovery, error) => Failure::system(name, &error).hint(format!(
            "the header may be damaged; {} puts the old one back",
            by_hand(&shown(&recovery), name, len)
        )),
        Failed::Leftover(recovery, error) => Failure::system(shown(&recovery), &error)
            .hint("the header was changed; remove this file, which holds the old one"),
    }
}
