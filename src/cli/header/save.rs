//! `fetool header save`.

use super::Args;
use crate::cli::failure::Failure;
use crate::cli::secrets::keys::Keys;
use crate::cli::secrets::{Purpose, SecretSource};
use crate::cli::work::{Source, show_derivation, subjects, target};
use crate::io::output::{Content, Output};
use fetool::{CancelToken, Error, PeekReader, look_at_header};
use std::io::{Read, Write};
use std::path::Path;

pub fn run(args: &Args, file: &Path) -> Result<(), Failure> {
    let source = Source::new(Some(file));
    let target = target(&args.output)?;
    let mut subjects = subjects(&source, &target);
    let plans = args.plans()?;
    SecretSource::check_stdin(&plans, source.is_stdin())?;
    let cancel = CancelToken::new();
    let input = source.open_sealed(&cancel)?;
    let keys = plans.iter().flat_map(SecretSource::files);
    let read: Vec<_> = input.id().into_iter().chain(keys).collect();
    let mut input = PeekReader::new(input);
    let (format, header) = look_at_header(args.format.map(|format| format as _), &mut input)
        .map_err(|e| subjects.attribute(&e))?;
    let format = fetool::format::by_name(format.name()).expect("it is one of these");
    let mut output =
        Output::open(&target, Content::Sealed, &read).map_err(|e| subjects.refused(e))?;
    let mut copy = Vec::new();
    (&mut input)
        .take(header.size() as u64)
        .read_to_end(&mut copy)
        .map_err(|e| subjects.attribute(&Error::Read(e)))?;
    if !plans.is_empty() {
        let mut keys = Keys::load(&plans, Purpose::Open(source.path()), &args.work)?;
        subjects.key = keys.name();
        let mut input = PeekReader::new(copy.chain(input));
        loop {
            let progress = show_derivation(&args.work, &source);
            let started = args.opener(&keys, format).start_ahead(input);
            drop(progress);
            let (error, rest) = match started {
                Ok(_) => break,
                Err(failed) => failed,
            };
            let failure = subjects.attribute(&error);
            if !keys.ask_again(&failure)? {
                return Err(failure);
            }
            input = rest;
        }
    }
    output
        .write_all(&copy)
        .and_then(|()| output.commit())
        .map_err(|e| subjects.attribute(&Error::Write(e)))
}
