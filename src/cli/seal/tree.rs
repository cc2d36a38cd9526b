//! `fetool seal -r`: each file of a tree by itself.

use super::{Args, builder, find_secrets, format_of, more_plans, new_files, new_key_file};
use crate::cli::failure::{Failure, Subjects};
use crate::cli::secrets::{self, Plan};
use crate::cli::tree::{self, Task, Way, list_on_stdin, refuse_in_trees, some_path_exists};
use crate::cli::work::{Weaknesses, all_paths_exist, warn_of_short_keys};
use fetool::{Secret, Stop};

/// Seals each file of a tree by itself.
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
    let plan = Plan::new(&args.secret)?;
    let more = more_plans(args)?;
    let plans: Vec<&Plan> = std::iter::once(&plan).chain(&more).collect();
    Plan::check_stdin(&plans, list_on_stdin(&args.tree.walk))?;
    let new_key = new_key_file(args, &plan)?;
    let format = format_of(args, &plan)?;
    some_path_exists(&args.paths)?;
    if plans.iter().any(|plan| plan.asks()) {
        all_paths_exist(&args.paths)?;
    }
    let secrets = find_secrets(&plans, new_key, &args.work)?;
    warn_of_short_keys(&args.work, secrets.named());
    let subjects = Subjects {
        key: secrets.name.clone(),
        ..Subjects::default()
    };
    // Hashed once for all files.
    let all: Vec<Secret> = secrets
        .all
        .into_iter()
        .map(|secret| secret.for_many_files_within(args.max_memory))
        .collect();
    // Whatever is wrong with the request as a whole is said once.
    builder(args, &all, format)
        .start()
        .map_err(|e| subjects.blame(&e))?;
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
    let stop = Stop::new();
    let way = Way::Seal {
        builder: &|secrets| builder(args, secrets, format),
        secrets: &all,
        memory: args.max_memory,
        format,
        again: args.output.force,
    };
    let mut task = Task::new(way, &args.tree, &args.work, &stop);
    task.force = args.output.force;
    task.sync = args.output.sync;
    task.key = secrets.name;
    task.keys = plans.iter().flat_map(|plan| plan.files()).collect();
    let totals = tree::run(&task, &args.paths, &args.work)?;
    weaknesses.warn_of_more(&args.work, &subjects, totals.files, totals.longest);
    Ok(())
}
