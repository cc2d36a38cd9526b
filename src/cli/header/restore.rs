//! `fetool header restore`.
//!
//! The header of the file may be damaged, so where the data behind it begins is found out by what fits: with
//! a secret, the place from which the first chunk opens; without one, the nonce, which no other file has.

use super::{Args, open_first_chunk, read_copy};
use crate::cli::failure::{Failure, Subjects, say, shown};
use crate::cli::rekey::in_place::{
    Directory, explain, lock_header, refuse_irregular, take_place, warn_of_links,
};
use crate::cli::secrets::keys::Keys;
use crate::cli::secrets::{Purpose, SecretSource};
use crate::cli::work::{Source, show_derivation};
use crate::io::dir::{Dir, parent};
use crate::io::in_place::{self as steps, Found};
use crate::io::staged::Staged;
use fetool::format::{Format, HEADER_MAX, Header, by_name};
use fetool::{Error, PeekReader, RunOptions, copy_behind, read_header, status};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

/// The copy of a header.
struct Copy<'c> {
    bytes: &'c [u8],
    format: &'static dyn Format,
    header: Box<dyn Header>,
    /// What messages call it.
    name: String,
}

pub fn run(args: &Args, copy: &Path, path: &Path) -> Result<(), Failure> {
    let bytes = read_copy(copy)?;
    let copy = Copy::decode(args, &bytes, shown(copy))?;
    let name = shown(path);
    let system = |error: io::Error| Failure::system(&name, &error);
    // A new file is made in the directory of the file itself, wherever links to it are.
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
    if found.at > state.len {
        return Err(Failure::usage("the file ends inside its header")
            .with_status(status::TRUNCATED)
            .about(&name));
    }
    let recoveries = steps::find(dir, &directory.recovery_files, &file).map_err(system)?;
    if state.own.as_deref() == Some(target.copy.bytes) {
        say_unless_quiet(args, &name, "has this header already");
    } else if state.armored || found.at != target.copy.bytes.len() as u64 {
        target.write_anew(&directory, file_name, found.at)?;
    } else {
        target.write_over(dir)?;
    }
    for recovery in recoveries {
        match recovery {
            // What an interrupted run left has had its time.
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
    if args.work.verbose {
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

impl<'c> Copy<'c> {
    fn decode(args: &Args, bytes: &'c [u8], name: String) -> Result<Self, Failure> {
        let subjects = Subjects {
            input: name.clone(),
            ..Subjects::default()
        };
        let decoded = read_header(args.format.map(|format| format as _), bytes);
        let (format, header) = decoded.map_err(|e| subjects.attribute(&e))?;
        if header.size() != bytes.len() {
            return Err(
                Failure::usage("not a copy of a header: there is data behind it")
                    .with_status(status::FORMAT)
                    .about(name)
                    .hint("the order is: fetool header restore COPY FILE"),
            );
        }
        Ok(Self {
            bytes,
            format: by_name(format.name()).expect("it is one of these"),
            header,
            name,
        })
    }

    /// The nonce under which the data is sealed, and how many bytes of the header are behind it. No other
    /// file has it, and no rekey changes it.
    fn nonce(&self) -> Option<(Vec<u8>, usize)> {
        let fields = self.header.describe().fields;
        let at = fields
            .iter()
            .position(|field| field.name.ends_with("nonce"))?;
        let behind = fields[at + 1..].iter().map(|field| field.bytes.len()).sum();
        Some((fields[at].bytes.clone(), behind))
    }
}

/// The file whose header is replaced.
struct Target<'t> {
    args: &'t Args,
    copy: Copy<'t>,
    file: &'t File,
    name: &'t str,
}

/// What the file is now.
struct State {
    /// Its header, if that can be decoded.
    own: Option<Vec<u8>>,
    /// Whether it is text. What else is here is about the bytes that it stands for.
    armored: bool,
    /// Its first bytes: all that can be part of a header.
    head: Vec<u8>,
    /// How many bytes there are, or more.
    len: u64,
}

/// Where the data begins.
struct Payload {
    at: u64,
    /// Whether the copy was found to belong to the file.
    is_sure: bool,
}

impl Target<'_> {
    /// The file from its beginning on, decoded if it is text.
    fn input(&self) -> io::Result<(PeekReader<&File>, Option<usize>)> {
        let mut file = self.file;
        file.rewind()?;
        let mut input = PeekReader::new(file);
        let own = fetool::look_at_header(Some(self.copy.format as _), &mut input);
        match own {
            Ok((_, header)) => Ok((input, Some(header.size()))),
            Err(Error::Read(error)) => Err(error),
            Err(_) => Ok((input, None)),
        }
    }

    /// The same from `at` on.
    fn input_from(&self, at: u64) -> io::Result<PeekReader<&File>> {
        let (mut input, _) = self.input()?;
        io::copy(&mut (&mut input).take(at), &mut io::sink())?;
        Ok(input)
    }

    fn look(&self) -> io::Result<State> {
        let (mut input, own) = self.input()?;
        let armored = input.is_armored();
        let mut head = Vec::new();
        let most = HEADER_MAX as u64 + 1;
        (&mut input).take(most).read_to_end(&mut head)?;
        let len = self.file.metadata()?.len();
        Ok(State {
            own: own.and_then(|len| head.get(..len)).map(<[u8]>::to_vec),
            armored,
            len: if armored { head.len() as u64 } else { len },
            head,
        })
    }

    /// Where the data may begin, the likeliest place first.
    fn places(&self, state: &State) -> Vec<u64> {
        let mut places = Vec::new();
        places.extend(state.own.as_ref().map(Vec::len));
        if let Some((nonce, behind)) = self.copy.nonce() {
            let found = state.head.windows(nonce.len()).position(|it| it == nonce);
            places.extend(found.map(|at| at + nonce.len() + behind));
        }
        places.push(self.copy.bytes.len());
        let mut seen = Vec::new();
        places.retain(|place| {
            let is_new = !seen.contains(place);
            seen.push(*place);
            is_new
        });
        places.into_iter().map(|place| place as u64).collect()
    }

    /// Finds where the data begins, and whether the copy belongs to it.
    fn find(&self, state: &State, keys: Option<&Keys>) -> Result<Payload, Failure> {
        let places = self.places(state);
        let found = match keys {
            Some(keys) => self.find_with(&places, keys),
            None => self.find_by_nonce(state, &places),
        };
        match found {
            Ok(at) => Ok(Payload { at, is_sure: true }),
            Err(_) if self.args.unchecked => {
                let copy = &self.copy.name;
                let what = format!("warning: nothing shows that {copy} belongs to this file");
                say_unless_quiet(self.args, self.name, &what);
                Ok(Payload {
                    at: places[0],
                    is_sure: false,
                })
            }
            Err(failure) => Err(failure),
        }
    }

    /// With a secret: the copy and the first chunk open.
    fn find_with(&self, places: &[u64], keys: &Keys) -> Result<u64, Failure> {
        let subjects = Subjects {
            input: self.name.to_owned(),
            output: String::new(),
            key: keys.name(),
        };
        let mut first = None;
        for place in places {
            let input = self.input_from(*place);
            let input = input.map_err(|error| Failure::system(self.name, &error))?;
            let open = self.args.opener(keys, self.copy.format);
            match open_first_chunk(open, self.copy.bytes.chain(input)) {
                Ok(()) => return Ok(*place),
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
        .hint("if the first chunk is damaged, too, --unchecked puts the header back");
        Err(match is_wrong_secret {
            true => failure.of_wrong_secret(),
            false => failure,
        })
    }

    /// Without a secret: the nonce is still where it should be.
    fn find_by_nonce(&self, state: &State, places: &[u64]) -> Result<u64, Failure> {
        let copy = &self.copy.name;
        let nonce = self.copy.nonce();
        let has_nonce = |place: u64| {
            let (nonce, behind) = nonce.as_ref()?;
            let end = (place as usize).checked_sub(*behind)?;
            let start = end.checked_sub(nonce.len())?;
            (state.head.get(start..end)? == nonce).then_some(())
        };
        let found = places.iter().find(|place| has_nonce(**place).is_some());
        found.copied().ok_or_else(|| {
            let what = match &state.own {
                Some(_) => format!("{copy} is the header of another file: the nonces differ"),
                None => format!("nothing shows that {copy} belongs to this file"),
            };
            Failure::usage(what)
                .with_status(status::FORMAT)
                .about(self.name)
                .hint("give the secret with -k or -p; --unchecked puts the header back without a check")
        })
    }

    /// Writes the header over one of the same length, as 'rekey -i' does.
    fn write_over(&self, dir: &Dir) -> Result<(), Failure> {
        let mut old = vec![0; self.copy.bytes.len()];
        let mut file = self.file;
        file.rewind()
            .and_then(|()| file.read_exact(&mut old))
            .map_err(|error| Failure::system(self.name, &error))?;
        steps::replace_start(dir, self.file, &old, self.copy.bytes)
            .map_err(|failed| explain(self.name, old.len(), failed))
    }

    /// Makes a new file, which takes the place of the old one.
    fn write_anew(&self, directory: &Directory, name: &OsStr, at: u64) -> Result<(), Failure> {
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
        let mut input = self.input_from(at).map_err(about)?;
        copy_behind(
            self.copy.bytes,
            &mut input,
            &staged.file,
            &RunOptions::new(),
        )
        .map_err(|error| subjects.attribute(&error))?;
        take_place(staged, self.file, &before, name, self.name)
    }
}
