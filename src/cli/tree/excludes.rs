//! The rules that exclude files of a tree.

use super::args::{Pattern, WalkArgs};
use crate::cli::failure::{Failure, shown};
use globset::{GlobSet, GlobSetBuilder};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The name of the file that marks a directory as a cache, and its beginning (<https://bford.info/cachedir/>).
const CACHE_TAG: &str = "CACHEDIR.TAG";
const CACHE_SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// Globs for names and for paths.
pub struct Globs {
    names: GlobSet,
    paths: GlobSet,
    /// In the order of each set.
    name_texts: Vec<String>,
    path_texts: Vec<String>,
}

impl Globs {
    pub fn new(patterns: &[Pattern]) -> Result<Self, Failure> {
        let some = |names| {
            let some = patterns
                .iter()
                .filter(move |pattern| pattern.names == names);
            some.map(|pattern| &pattern.glob)
        };
        let set = |names| {
            let mut set = GlobSetBuilder::new();
            for glob in some(names) {
                set.add(glob.clone());
            }
            set.build()
                .map_err(|error| Failure::usage(error.to_string()))
        };
        let texts = |names| some(names).map(|glob| glob.glob().to_owned()).collect();
        Ok(Self {
            names: set(true)?,
            paths: set(false)?,
            name_texts: texts(true),
            path_texts: texts(false),
        })
    }

    pub fn is_empty(&self) -> bool {
        self.name_texts.is_empty() && self.path_texts.is_empty()
    }

    pub fn match_(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        self.names.is_match(name) || self.paths.is_match(path)
    }

    /// Returns the first glob that matches.
    fn which(&self, path: &Path) -> Option<&str> {
        let name = path.file_name().unwrap_or_default();
        if let Some(index) = self.names.matches(name).first() {
            return Some(&self.name_texts[*index]);
        }
        let index = *self.paths.matches(path).first()?;
        Some(&self.path_texts[index])
    }
}

/// All rules that exclude files.
pub struct Excludes<'a> {
    globs: Globs,
    /// Each file of rules, and its content.
    lists: Vec<(&'a Path, Gitignore)>,
    args: &'a WalkArgs,
}

/// The rule that excludes a file.
pub enum Rule<'a> {
    Glob(&'a str),
    /// A line of a file.
    Line(&'a Path, String),
    Cache,
    Present(&'a Path),
}

impl fmt::Display for Rule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glob(glob) => write!(f, "--exclude {glob}"),
            Self::Line(list, line) => write!(f, "'{line}' in {}", shown(list)),
            Self::Cache => write!(f, "--exclude-caches: {CACHE_TAG} is in it"),
            Self::Present(name) => write!(f, "--exclude-if-present {}", shown(name)),
        }
    }
}

impl<'a> Excludes<'a> {
    pub fn new(args: &'a WalkArgs) -> Result<Self, Failure> {
        let lists = args.exclude_from.iter();
        Ok(Self {
            globs: Globs::new(&args.exclude)?,
            lists: lists
                .map(|list| Ok((list.as_path(), read(list)?)))
                .collect::<Result<_, Failure>>()?,
            args,
        })
    }

    /// Returns whether nothing is excluded.
    pub fn is_empty(&self) -> bool {
        let has_names = self.args.exclude_caches || !self.args.exclude_if_present.is_empty();
        self.globs.is_empty() && self.lists.is_empty() && !has_names
    }

    /// Returns the rule that excludes a file, or a directory with everything in it. `below` is its path below a PATH,
    /// or a listed path.
    pub fn rule(&self, source: &Path, below: &Path, is_dir: bool) -> Option<Rule<'_>> {
        if !self.globs.is_empty()
            && let Some(glob) = self.globs.which(below)
        {
            return Some(Rule::Glob(glob));
        }
        for (list, rules) in &self.lists {
            // Absolute paths are listed ones, and match as if they began at the root of a tree.
            let below = below.strip_prefix("/").unwrap_or(below);
            if let Match::Ignore(glob) = rules.matched(below, is_dir) {
                return Some(Rule::Line(list, glob.original().to_owned()));
            }
        }
        if !is_dir {
            return None;
        }
        if self.args.exclude_caches && is_cache(source) {
            return Some(Rule::Cache);
        }
        let mut names = self.args.exclude_if_present.iter();
        let present = names.find(|name| fs::symlink_metadata(source.join(name)).is_ok());
        present.map(|name| Rule::Present(name))
    }

    /// Does the same for a path whose directories were not checked before.
    pub fn rule_for_listed(&self, path: &Path) -> Option<Rule<'_>> {
        let directories: Vec<&Path> = path.ancestors().skip(1).collect();
        let mut directories = directories.into_iter().rev();
        let is_named = |dir: &Path| !dir.as_os_str().is_empty() && dir.file_name().is_some();
        directories
            .find_map(|dir| is_named(dir).then(|| self.rule(dir, dir, true)).flatten())
            .or_else(|| self.rule(path, path, false))
    }
}

/// Reads rules in the syntax of gitignore, one a line.
fn read(list: &Path) -> Result<Gitignore, Failure> {
    let bytes = fs::read(list).map_err(|error| Failure::system(shown(list), &error))?;
    let mut rules = GitignoreBuilder::new("");
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let wrong = |what: String| {
            let line = format!("line {}: {what}", number + 1);
            Failure::usage(line).about(shown(list))
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = std::str::from_utf8(line)
            .map_err(|_| wrong("not UTF-8; match such names with '?' or '*'".to_owned()))?;
        rules
            .add_line(Some(PathBuf::from(list)), line)
            .map_err(|error| wrong(error.to_string()))?;
    }
    rules
        .build()
        .map_err(|error| Failure::usage(error.to_string()).about(shown(list)))
}

/// Returns whether a directory is marked as a cache.
fn is_cache(dir: &Path) -> bool {
    let begins = || -> std::io::Result<bool> {
        let tag = dir.join(CACHE_TAG);
        // Reading something other than a regular file may never end.
        if !fs::symlink_metadata(&tag)?.is_file() {
            return Ok(false);
        }
        let mut start = Vec::new();
        let file = File::open(tag)?;
        file.take(CACHE_SIGNATURE.len() as u64)
            .read_to_end(&mut start)?;
        Ok(start == CACHE_SIGNATURE)
    };
    begins().unwrap_or(false)
}
