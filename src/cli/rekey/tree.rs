//! `fetool rekey -r -i`: every file of a tree that has key slots, where it lies.

use super::{Args, Secrets, find, in_place, new_plan};
use crate::cli::failure::{Failure, shown};
use crate::cli::secrets::Plan;
use crate::cli::tree::{Found, Outcome, Report, Wanted, What, list_on_stdin, refuse_in_trees};
use fetool::format::HEAD_MAX;
use fetool::{Error, Open, Secret, read_header, status};
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

pub fn run(args: &Args) -> Result<(), Failure> {
    let stray = [
        (
            args.reseal,
            "--reseal",
            "'fetool open -r' and 'fetool seal -r' do that",
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
    let old = Plan::to_open(&args.secret)?;
    let new = new_plan(args)?;
    let plans: Vec<&Plan> = std::iter::once(&old).chain(&new).collect();
    Plan::check_stdin(&plans, list_on_stdin(&args.walk))?;
    let mut secrets = find(&old, new.as_ref())?;
    // One hash for all files that were sealed in one run, and one for what they get.
    secrets.old.secret = secrets.old.secret.for_many_files();
    if let Some(new) = &mut secrets.new {
        new.secret = new.secret.clone().for_many_files();
    }
    let wanted = Wanted::new(&args.walk, None)?;
    let mut report = Report::new(
        "rekey",
        "rekeyed",
        args.walk.json,
        args.work.quiet,
        args.work.verbose,
    );
    let mut told = Ok(());
    wanted.find(&args.paths, &mut |found| {
        let outcome = match found {
            Found::File(place, len) => Outcome {
                what: change(args, &place.source, len, &secrets),
                path: place.source,
                output: None,
            },
            Found::Skipped(path, why) => Outcome::skipped(&path, why),
            Found::Failed(path, failure) => Outcome::failed(&path, failure),
        };
        told = report.tell(&outcome);
        let failed = matches!(outcome.what, What::Failed(_));
        if told.is_err() || (failed && args.walk.fail_fast) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    told?;
    report.end()
}

fn change(args: &Args, path: &Path, len: u64, secrets: &Secrets) -> What {
    match has_slots(path) {
        Ok(true) => {}
        Ok(false) => return What::Skipped("no key slots".to_owned()),
        Err(error) => return What::Failed(Failure::system(shown(path), &error)),
    }
    if args.walk.dry_run {
        return What::Planned;
    }
    match in_place::change(args, path, secrets) {
        Ok(_) => What::Done(len),
        Err(failure) if failure.status() == status::KEY && is_changed(args, path, secrets) => {
            What::Skipped("changed already".to_owned())
        }
        Err(failure) => What::Failed(failure),
    }
}

fn has_slots(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?
        .take(HEAD_MAX as u64)
        .read_to_end(&mut head)?;
    Ok(read_header(None, &head).is_ok_and(|(_, header)| header.has_slots()))
}

/// Whether an earlier run, that was killed, has done this file: the new secret opens it.
fn is_changed(args: &Args, path: &Path, secrets: &Secrets) -> bool {
    let opens = |secret: &Secret| -> Result<(), Error> {
        let file = File::open(path).map_err(Error::Read)?;
        Open::new(secret).start(file).map(drop)
    };
    let new = secrets.new.as_ref().filter(|_| !args.add);
    new.is_some_and(|new| opens(&new.secret).is_ok())
}
