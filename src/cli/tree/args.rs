//! Arguments for whole trees.

use clap::{Args, ValueHint};
use globset::{Glob, GlobBuilder};
use std::path::PathBuf;
use std::time::Duration;

/// Which files are worked on, and how fetool reports them.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Trees")]
pub struct WalkArgs {
    /// Work on every file below PATHs, each by itself
    ///
    /// A PATH stands for itself and what is below it, a PATH ending in '/' for its contents. Without
    /// --output-dir the files appear beside their sources.
    #[arg(short, long)]
    pub recursive: bool,

    /// Work on the files named in FILE, ended by NUL bytes; '-' is stdin
    ///
    /// As 'find -print0' writes them. Directories among them are skipped.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "recursive")]
    pub files0_from: Option<PathBuf>,

    /// Only files that match GLOB; can be repeated
    ///
    /// A GLOB without '/' is compared with names, one with '/' with paths below PATH.
    #[arg(long, value_name = "GLOB", value_parser = pattern)]
    pub include: Vec<Pattern>,

    /// Skip files and directories that match GLOB; can be repeated
    #[arg(long, value_name = "GLOB", value_parser = pattern)]
    pub exclude: Vec<Pattern>,

    /// Skip what the rules in FILE match, like .gitignore; can be repeated
    ///
    /// A line is a glob, '#' begins a comment, '/' at the end means directories, '/' elsewhere a path
    /// below PATH, '**' any number of directories, and '!' takes back in what an earlier line left out.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub exclude_from: Vec<PathBuf>,

    /// Skip directories that have a CACHEDIR.TAG
    #[arg(long)]
    pub exclude_caches: bool,

    /// Skip directories that contain NAME; can be repeated
    #[arg(long, value_name = "NAME")]
    pub exclude_if_present: Vec<PathBuf>,

    /// Skip hidden files and directories, whose names begin with a dot
    #[arg(long, overrides_with = "hidden")]
    pub no_hidden: bool,

    /// The default; undoes an earlier --no-hidden
    #[arg(long, hide = true, overrides_with = "no_hidden")]
    pub hidden: bool,

    /// Stay on the file system of each PATH
    #[arg(long)]
    pub one_file_system: bool,

    /// Go at most N levels below PATH; 1 is the files in PATH itself
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_depth: Option<u32>,

    /// Follow symbolic links below PATHs
    ///
    /// A PATH that is itself a link is always followed, and so is a listed path whose last part is
    /// one.
    #[arg(long)]
    pub follow: bool,

    /// Stop at the first file that fails
    #[arg(long)]
    pub fail_fast: bool,

    /// Print what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// Print one JSON object per file, and a summary
    #[arg(long)]
    pub json: bool,

    /// Take the I-th of N parts of the tree, counted from 0
    ///
    /// Which part a file is in depends on its relative path alone.
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub shard: Option<Shard>,
}

/// How a tree is processed, and where the results go.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Trees")]
pub struct TreeArgs {
    #[command(flatten)]
    pub walk: WalkArgs,

    /// Write the files under DIR, at the same relative paths
    #[arg(short = 'O', long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub output_dir: Option<PathBuf>,

    /// Skip files whose result exists and is intact
    ///
    /// For continuing an interrupted run. The contents are not compared: the sealed file's structure
    /// must be intact, and the other must have the length that it declares. A file that was changed
    /// since, and has the same length, is skipped.
    #[arg(long)]
    pub skip_existing: bool,

    /// With --skip-existing, authenticate the sealed file and compare the contents
    #[arg(long, requires = "skip_existing")]
    pub verify_existing: bool,

    /// Skip unchanged files, and replace the results of all others
    ///
    /// A file is unchanged if its result has the same modification time and the length that follows
    /// from the file's. Nothing is opened to see that. A result with another time or length is replaced,
    /// whichever of the two is newer.
    #[arg(long, conflicts_with_all = ["skip_existing", "remove_source", "no_preserve"])]
    pub update: bool,

    /// With --update, open the sealed files and compare the contents
    #[arg(long, requires = "update")]
    pub checksum: bool,

    /// With --update, move what is replaced or deleted to DIR, at the same relative path
    ///
    /// DIR must be on the same file system. It takes the place of what an earlier run left there.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, requires_all = ["update", "output_dir"])]
    pub backup_dir: Option<PathBuf>,

    /// Wait for another run in the same directory to end
    ///
    /// Without it such a run is an error. With --update a run has its directory for itself; --shard runs
    /// share it.
    #[arg(long)]
    pub wait: bool,

    /// Start no further file after TIME, such as 2h or 90m
    ///
    /// The exit status is then 1. With --update the next run does the rest.
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub time: Option<Duration>,

    /// Carry symbolic links over as links; without it they are skipped
    #[arg(long, requires = "output_dir", conflicts_with = "follow")]
    pub links: bool,

    /// Carry over extended attributes (user.*) and access control lists, which are not encrypted
    #[arg(long, conflicts_with = "no_preserve")]
    pub xattrs: bool,

    /// Remove each source after its replacement was fsynced, read back and compared
    ///
    /// If the replacement exists because an earlier run was killed, the two are compared, and the
    /// source is removed when they are equal. A symbolic link is never removed.
    #[arg(long)]
    pub remove_source: bool,

    /// Do not preserve mode, group, owner and modification time
    #[arg(long)]
    pub no_preserve: bool,

    /// Carry over modes in full, whatever the umask is
    ///
    /// Without it, opened files and their directories get no permissions that the umask takes away.
    /// Sealed files always get the modes of their sources.
    #[arg(long, conflicts_with = "no_preserve")]
    pub perms: bool,
}

impl WalkArgs {
    /// Returns whether the run works on a tree.
    pub fn wanted(&self) -> bool {
        self.recursive || self.files0_from.is_some()
    }

    /// Returns the first option that needs a tree.
    pub fn tree_only_option(&self) -> Option<&'static str> {
        first_given(&[
            (!self.include.is_empty(), "--include"),
            (!self.exclude.is_empty(), "--exclude"),
            (!self.exclude_from.is_empty(), "--exclude-from"),
            (self.exclude_caches, "--exclude-caches"),
            (!self.exclude_if_present.is_empty(), "--exclude-if-present"),
            (self.no_hidden, "--no-hidden"),
            (self.hidden, "--hidden"),
            (self.one_file_system, "--one-file-system"),
            (self.max_depth.is_some(), "--max-depth"),
            (self.follow, "--follow"),
            (self.fail_fast, "--fail-fast"),
            (self.dry_run, "--dry-run"),
            (self.shard.is_some(), "--shard"),
            // The last one: 'rekey --list' takes it without a tree.
            (self.json, "--json"),
        ])
    }
}

impl TreeArgs {
    /// Returns the first option that needs a tree.
    pub fn tree_only_option(&self) -> Option<&'static str> {
        let outputs = first_given(&[
            (self.output_dir.is_some(), "--output-dir"),
            (self.skip_existing, "--skip-existing"),
            (self.update, "--update"),
            (self.links, "--links"),
            (self.xattrs, "--xattrs"),
            (self.wait, "--wait"),
            (self.time.is_some(), "--for"),
            (self.remove_source, "--remove-source"),
            (self.no_preserve, "--no-preserve"),
            (self.perms, "--perms"),
        ]);
        outputs.or_else(|| self.walk.tree_only_option())
    }
}

fn first_given(options: &[(bool, &'static str)]) -> Option<&'static str> {
    let mut options = options.iter();
    options.find_map(|(given, name)| given.then_some(*name))
}

/// A glob, for names or for paths.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub glob: Glob,
    /// Whether it is compared with names, and not with paths.
    pub names: bool,
}

fn pattern(text: &str) -> Result<Pattern, String> {
    let trimmed = text.strip_suffix('/').unwrap_or(text);
    let glob = GlobBuilder::new(trimmed.strip_prefix('/').unwrap_or(trimmed))
        .literal_separator(true)
        .build()
        .map_err(|error| error.kind().to_string())?;
    Ok(Pattern {
        glob,
        names: !trimmed.contains('/'),
    })
}

/// One of several parts of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    pub index: u64,
    pub count: u64,
}

fn shard(text: &str) -> Result<Shard, String> {
    let parsed = text.split_once('/').and_then(|(index, count)| {
        Some(Shard {
            index: index.parse().ok()?,
            count: count.parse().ok()?,
        })
    });
    match parsed {
        Some(shard) if shard.index < shard.count => Ok(shard),
        _ => Err("a part is I/N, with I from 0 to N - 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards() {
        assert_eq!(shard("0/1"), Ok(Shard { index: 0, count: 1 }));
        assert_eq!(shard("7/8"), Ok(Shard { index: 7, count: 8 }));
        for bad in ["8/8", "0/0", "1", "a/b", "-1/2", "", "1/2/3"] {
            assert!(shard(bad).is_err(), "{bad}");
        }
    }
}
