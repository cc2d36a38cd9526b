//! `fetool seal -r`: each file of a tree by itself.

use super::{Args, Asked, builder, format_for, new_files, new_key_file};
use crate::cli::failure::{Failure, Subjects, say};
use crate::cli::secrets;
use crate::cli::secrets::keys::Keys;
use crate::cli::secrets::recipients::SealFor;
use crate::cli::tree::{
    self, Operation, Task, Update, list_on_stdin, refuse_in_trees, some_path_exists,
};
use crate::cli::work::{Weaknesses, all_paths_exist, warn_of_short_keys};
use fetool::CancelToken;
use std::time::{Duration, Instant};

/// Warns of the cost of a passphrase if each file has a salt of its own.
fn warn_of_derivations(args: &Args, each: Duration) {
    if args.work.quiet {
        return;
    }
    let seconds = each.as_secs_f64();
    let text = format!(
        "warning: age derives a key from the passphrase for each file, which takes {seconds:.1} s a \
         file here, and as long when the files are opened"
    );
    say(None, &text);
    say(
        None,
        "hint: seal for an identity instead: 'fetool keygen --age -o FILE', then --to @FILE",
    );
}

/// Seals each file of a tree.
pub fn run(args: &Args) -> Result<(), Failure> {
    let stray = [
        (
            args.output.output.is_some(),
            "-o",
            "-O DIR names the directory for the files",
        ),
        (
            args.header.is_some(),
            "--header",
            "each file keeps its own header",
        ),
        (
            args.size.is_some(),
            "--size",
            "the length of a file is known",
        ),
    ];
    refuse_in_trees(&stray, &args.paths, &args.tree.walk)?;
    let asked = Asked::new(args)?;
    asked.check_stdin(list_on_stdin(&args.tree.walk))?;
    let new_key = new_key_file(args, &asked)?;
    let format = asked.format(args)?;
    some_path_exists(&args.paths)?;
    if asked.asks() {
        all_paths_exist(&args.paths)?;
    }
    let secrets = asked.find(new_key, &args.work)?;
    let format = format.unwrap_or_else(|| format_for(&secrets));
    warn_of_short_keys(&args.work, secrets.named());
    let subjects = Subjects {
        key: secrets.name.clone(),
        ..Subjects::default()
    };
    // Derived once for all files, if the format allows that.
    let all: Vec<SealFor> = secrets
        .all
        .into_iter()
        .map(|one| match one {
            SealFor::Secret(secret) => {
                SealFor::Secret(secret.for_many_files_within(args.max_memory))
            }
            one => one,
        })
        .collect();
    secrets::stock_first(&all);
    // An error in the request as a whole is reported once.
    let started = Instant::now();
    let start = |size| {
        let sealing = builder(args, &all, format).size(size).start();
        sealing.map_err(|e| subjects.attribute(&e))
    };
    let empty = start(None)?.sealed_len();
    if format.has_recipients() && all.iter().any(|one| one.as_secret().is_some()) {
        warn_of_derivations(args, started.elapsed());
    }
    let update = match args.tree.update {
        true => Update::of_sealed(start(Some(1))?.sealed_len(), empty),
        false => Update::default(),
    };
    let keys = Keys::of(secrets.opening)?;
    if args.tree.checksum && keys.is_empty() {
        let refused = "--checksum requires a key that opens the files, and recipients open nothing";
        return Err(Failure::usage(refused).hint(
            "give the identity with -k, or leave out --checksum to compare times and lengths",
        ));
    }
    if let Some((path, key)) = &secrets.new
        && !args.tree.walk.dry_run
    {
        secrets::save_key(path, key.as_ref())?;
    }
    let subjects = Subjects {
        input: "all files".to_owned(),
        ..subjects
    };
    let weaknesses = Weaknesses::warn(&args.work, &subjects, format, new_files(args, None));
    let stop = CancelToken::new();
    let operation = Operation::Seal {
        builder: &|recipients| builder(args, recipients, format),
        recipients: &all,
        keys: (!keys.is_empty()).then_some(&keys),
        memory: args.max_memory,
        format,
        again: args.output.force,
    };
    let mut task = Task::new(operation, &args.tree, &args.work, &stop);
    task.force = args.output.force;
    task.sync = args.output.sync;
    task.update = update;
    task.delete = Some(&args.delete);
    task.key = secrets.name;
    task.keys = asked.files();
    let totals = tree::run(&task, &args.paths, &args.work)?;
    weaknesses.warn_of_more(&args.work, &subjects, totals.files, totals.longest);
    Ok(())
}
