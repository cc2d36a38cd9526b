//! `age -d`.

use super::super::failure::Failure;
use super::super::secrets::keys::Keys;
use super::super::secrets::{NamedSecret, Purpose};
use super::super::work::{Source, subjects};
use super::terminal::{Held, pasted};
use super::{Args, spec, words};
use crate::io::FileId;
use crate::io::file_to_file::FileToFile;
use crate::io::output::{Content, Output};
use fetool::format::age::Age;
use fetool::{CancelToken, Error, FileKey, Identity, Open, Stanza, UnwrapKey};
use std::io::Read;

pub fn run(args: &Args) -> Result<(), Failure> {
    args.check_stdin()?;
    let mut all = args.identities()?;
    let kind = Kind {
        with_identities: !all.is_empty(),
    };
    if all.is_empty() {
        all.push(NamedSecret::asked(Purpose::Open(None)));
    }
    let source = Source::new(args.input());
    let stop = CancelToken::new();
    let mut input = source.open(&stop).map_err(words::unread)?;
    let named = args.identity.iter().filter_map(|path| spec(path).file());
    let read: Vec<FileId> = input.id().into_iter().chain(named).collect();
    let target = args.target();
    let output = Output::open(&target, Content::Opened, &read);
    let output = output.map_err(|refused| words::refused(&target, refused))?;
    let output = output.with_mode_of_new_files();

    let keys = Keys::of(all)?;
    let open = Open::new(Identity::unwrapping(&kind));
    let open = keys.identities().fold(open, Open::add_identity);
    let open = open.among(&[&Age]).stop(&stop);
    let files = subjects(&source, &target);
    let failed = |error: Error| words::of_error(&error, &files);
    let mut output = Held::new(output);
    let places = output.direct().map(|output| FileToFile::of(&input, output));
    let places = places
        .transpose()
        .map_err(|error| failed(Error::Write(error)))?;
    let input: Box<dyn Read + Send> = match input.is_terminal() {
        true => Box::new(pasted(&mut input)?),
        false => Box::new(input),
    };
    let opening = open
        .start(input)
        .map_err(|error| words::of_start(&error, &files))?;
    match places.flatten() {
        Some(places) => places.work(|input, output| opening.run_at(input, output)),
        None => opening.run(&mut output),
    }
    .map_err(|error| words::of_chunks(&error, &files))?;
    output.commit().map_err(|error| failed(Error::Write(error)))
}

/// Examines the stanzas before any identity is tried: a passphrase and identities exclude each other.
struct Kind {
    with_identities: bool,
}

impl UnwrapKey for Kind {
    fn unwrap_key(&self, stanzas: &[Stanza]) -> Result<Option<FileKey>, Error> {
        let for_passphrase = stanzas.iter().any(|stanza| stanza.kind == "scrypt");
        match (for_passphrase, self.with_identities) {
            (true, true) => Err(Error::Unsupported(words::FOR_PASSPHRASE.to_owned())),
            (false, false) => Err(Error::Unsupported(words::FOR_IDENTITIES.to_owned())),
            _ => Ok(None),
        }
    }
}
