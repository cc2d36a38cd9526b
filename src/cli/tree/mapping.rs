//! The possible sources of a path under the output directory.

use super::entry::{TreeEntry, prefix};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The PATHs, and the targets of their files.
#[derive(Default)]
pub struct Mapping {
    roots: Vec<Root>,
    /// Whether files of two PATHs can have the same relative path.
    overlaps: bool,
    /// Whether results can be among the sources.
    mixes: bool,
}

/// A PATH.
struct Root {
    /// The beginning of the relative paths of its files; for a file, its own relative path.
    to: PathBuf,
    path: PathBuf,
    is_dir: bool,
}

impl Mapping {
    /// Creates the mapping to the output directory `outputs`, or else to the directories of the sources.
    pub fn new(paths: &[PathBuf], outputs: Option<&Path>) -> Self {
        let roots: Vec<_> = paths
            .iter()
            .map(|path| Root {
                to: prefix(path).to_owned(),
                path: path.clone(),
                // A missing PATH counts as a directory that is gone.
                is_dir: fs::metadata(path).map_or(true, |metadata| metadata.is_dir()),
            })
            .collect();
        let overlaps = roots.iter().enumerate().any(|(i, one)| {
            let others = roots.iter().enumerate().filter(|(j, _)| *j != i);
            others
                .into_iter()
                .any(|(_, other)| one.to.starts_with(&other.to))
        });
        // A walk does not enter the output directory, but it can begin there or below.
        let mixes = outputs.is_none_or(|outputs| {
            let real = |path: &Path| path.canonicalize().ok();
            let is_inside = |path: &PathBuf| Some(real(path)?.starts_with(real(outputs)?));
            paths.iter().any(|path| is_inside(path) == Some(true))
        });
        Self {
            roots,
            overlaps,
            mixes,
        }
    }

    /// Returns the PATHs that are directories.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.dirs().map(|(path, _)| path)
    }

    /// Returns how many PATHs are missing.
    pub fn missing(&self) -> u64 {
        let is_missing = |root: &&Root| {
            let found = fs::symlink_metadata(&root.path);
            found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        };
        self.roots.iter().filter(is_missing).count() as u64
    }

    /// Returns the same, with the paths under the output directory to which they map.
    pub fn dirs(&self) -> impl Iterator<Item = (&Path, &Path)> {
        let dirs = self.roots.iter().filter(|root| root.is_dir);
        dirs.map(|root| (root.path.as_path(), root.to.as_path()))
    }

    /// Returns whether the user named this, so that a link is followed.
    pub fn is_named(&self, source: &Path) -> bool {
        self.roots.iter().any(|root| root.path == source)
    }

    /// Returns the paths under the output directory below which everything comes from the PATHs, none inside another.
    pub fn targets(&self) -> Vec<&Path> {
        let mut all: Vec<&Path> = self.dirs().map(|(_, to)| to).collect();
        all.sort_unstable();
        let mut targets: Vec<&Path> = Vec::new();
        for path in all {
            if !targets.iter().any(|target| path.starts_with(target)) {
                targets.push(path);
            }
        }
        targets
    }

    /// Returns the possible paths of the file with a relative path.
    pub fn sources<'m>(&'m self, relative: &'m Path) -> impl Iterator<Item = PathBuf> + 'm {
        self.roots.iter().filter_map(move |Root { to, path, .. }| {
            let below = relative.strip_prefix(to).ok()?;
            match below.as_os_str().is_empty() {
                true => Some(path.clone()),
                false => Some(path.join(below)),
            }
        })
    }

    /// Returns whether a file of an earlier PATH can have the same relative path.
    pub fn is_ambiguous(&self) -> bool {
        self.overlaps
    }

    /// Returns whether a file with the name of a result can be a source.
    pub fn mixes(&self) -> bool {
        self.mixes
    }

    /// Returns whether a file of an earlier PATH has the same relative path; for a symbolic link, whether one has.
    pub fn is_taken(&self, entry: &TreeEntry) -> bool {
        let is_link = entry.found.is_link();
        self.overlaps
            && self
                .sources(&entry.relative)
                .take_while(|source| *source != entry.source)
                .any(|source| {
                    fs::symlink_metadata(source).is_ok_and(|found| match is_link {
                        true => found.is_symlink(),
                        false => found.is_file(),
                    })
                })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(paths: &[&str]) -> Mapping {
        let paths: Vec<_> = paths.iter().map(PathBuf::from).collect();
        Mapping::new(&paths, Some(Path::new("gone/out")))
    }

    fn sources(mapping: &Mapping, relative: &str) -> Vec<PathBuf> {
        mapping.sources(Path::new(relative)).collect()
    }

    #[test]
    fn a_result_comes_from_where_it_was_put() {
        let all = mapping(&["gone/photos", "gone/docs/"]);
        assert!(all.is_ambiguous());
        assert_eq!(all.targets(), [Path::new("")]);
        let both = ["gone/photos/x", "gone/docs/photos/x"].map(PathBuf::from);
        assert_eq!(sources(&all, "photos/x"), both);
        assert_eq!(sources(&all, "x"), [PathBuf::from("gone/docs/x")]);
        let two = mapping(&["gone/photos", "gone/docs"]);
        assert!(!two.is_ambiguous());
        assert_eq!(two.targets(), [Path::new("docs"), Path::new("photos")]);
        assert!(sources(&two, "other/x").is_empty());
        assert!(mapping(&["gone/a/", "gone/b/"]).is_ambiguous());
        // Nothing is below a file.
        let file = mapping(&["src/lib.rs", "gone/"]);
        assert_eq!(file.targets(), [Path::new("")]);
        let both = ["src/lib.rs", "gone/lib.rs"].map(PathBuf::from);
        assert_eq!(sources(&file, "lib.rs"), both);
        assert!(mapping(&["Cargo.toml"]).targets().is_empty());
    }
}
