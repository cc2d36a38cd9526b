//! `age` and `age -e`.

use super::super::args::WorkArgs;
use super::super::failure::{Failure, say, shown};
use super::super::secrets::recipients::{SealFor, without_duplicates};
use super::super::work::{Source, subjects};
use super::terminal::Held;
use super::{Args, in_file, passphrase, spec, words};
use crate::io::FileId;
use crate::io::file_to_file::FileToFile;
use crate::io::output::{Content, Output};
use fetool::format::age::recipients::RecipientList;
use fetool::format::age::{Age, AgeRecipient, KeyFile};
use fetool::{CancelToken, Error, Seal};
use std::ffi::OsStr;

pub fn run(args: &Args) -> Result<(), Failure> {
    args.check_stdin()?;
    // Everything is read before the user types anything.
    let mut all = Vec::new();
    for word in &args.recipient {
        all.push(SealFor::Age(recipient(word)?));
    }
    for path in &args.recipients_file {
        all.extend(list(path)?.into_iter().map(SealFor::Age));
    }
    let identities = args.identities()?;
    let source = Source::new(args.input());
    let stop = CancelToken::new();
    let mut input = source.open(&stop).map_err(words::unread)?;
    let named = args.identity.iter().chain(&args.recipients_file);
    let read = named.filter_map(|path| spec(path).file());
    let read: Vec<FileId> = input.id().into_iter().chain(read).collect();
    let content = match args.armor {
        true => Content::Opened,
        false => Content::Sealed,
    };
    let target = args.target();
    let output = Output::open(&target, content, &read);
    let output = output.map_err(|refused| words::refused(&target, refused))?;
    let output = output.with_mode_of_new_files();

    for found in &identities {
        let name = &found.name.shown;
        let own = found.key.seal_for(name);
        all.extend(own.map_err(|failure| in_file("reading", name, failure))?);
    }
    if args.passphrase {
        all.push(SealFor::Secret(passphrase::new()?));
    }
    let all = without_duplicates(all, &WorkArgs::quiet())?;
    let (first, more) = all
        .split_first()
        .ok_or_else(|| Failure::usage("missing recipients"))?;
    let seal = Seal::new(first.recipient())
        .format(&Age)
        .armor(args.armor)
        .size(input.size())
        .stop(&stop);
    let seal = more
        .iter()
        .map(SealFor::recipient)
        .fold(seal, Seal::add_recipient);
    let files = subjects(&source, &target);
    let failed = |error: Error| words::of_error(&error, &files);
    let sealing = seal.start().map_err(failed)?;
    let mut output = Held::new(output);
    match output
        .direct()
        .map(|output| FileToFile::of(&input, output))
        .transpose()
    {
        Ok(Some(Some(places))) => places.work(|input, output| sealing.run_at(input, output)),
        Ok(_) => sealing.run(&mut input, &mut output),
        Err(error) => Err(Error::Write(error)),
    }
    .map_err(failed)?;
    output.commit().map_err(|error| failed(Error::Write(error)))
}

fn recipient(word: &OsStr) -> Result<AgeRecipient, Failure> {
    let text = word.to_str().unwrap_or_default();
    let parsed = text
        .parse::<AgeRecipient>()
        .map_err(|error| Failure::of_library(&error));
    parsed.map_err(|failure| failure.introduced("malformed recipient"))
}

/// The recipients of a file.
fn list(path: &std::path::Path) -> Result<Vec<AgeRecipient>, Failure> {
    let name = shown(path);
    let doing = "failed to parse recipient file";
    let bytes = spec(path).read();
    let bytes = bytes.map_err(|failure| in_file(doing, &name, failure))?;
    if matches!(
        KeyFile::of(&bytes),
        KeyFile::Identities | KeyFile::Encrypted { .. } | KeyFile::Pem
    ) {
        return Err(
            in_file(doing, &name, Failure::usage("this is an identity file")).hint(
                "'age-keygen -y' prints the recipients of identities; -e -i encrypts to them",
            ),
        );
    }
    let list = RecipientList::parse(&bytes)
        .map_err(|error| in_file(doing, &name, Failure::of_library(&error)))?;
    for line in &list.passed_over {
        say(Some(&name), &format!("warning: {line}"));
    }
    Ok(list.recipients)
}
