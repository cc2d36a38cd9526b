//! The files of a tree, and the paths of their results. Names are bytes throughout.

use crate::io::dir::parent;
use crate::io::stat::Stat;
use fetool::format::{FORMATS, Format};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// A file of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// Its path.
    pub source: PathBuf,
    /// The directory from which both are reached without following links: that of the PATH, or the start of the given
    /// name.
    pub root: PathBuf,
    /// The path from the root to the file's directory.
    pub below: PathBuf,
    /// The file's path under the output directory, which also decides the shard.
    pub relative: PathBuf,
    /// Whether the user named the file itself, and not a directory above it.
    pub named: bool,
    /// Whether the user named a symbolic link, which is followed. Links that appear later are not.
    pub link: bool,
    /// Its status when it was found.
    pub found: Stat,
}

impl TreeEntry {
    /// Returns the target of a link.
    pub fn followed(&self) -> io::Result<Option<Self>> {
        let target = self.source.canonicalize()?;
        Ok(named(&target, self.found))
    }
}

/// A directory of a tree, for the files in it.
#[derive(Debug)]
pub struct SourceDir {
    pub path: PathBuf,
    /// As in its files ([`TreeEntry`]).
    pub root: PathBuf,
    pub below: PathBuf,
    /// The directory's path under the output directory.
    pub relative: PathBuf,
}

impl SourceDir {
    /// Returns the directory at `dir`, found when walking `path`.
    pub fn of(path: &Path, dir: &Path) -> Option<Self> {
        let below = dir.strip_prefix(path).ok()?;
        Some(Self {
            path: dir.to_owned(),
            root: path.to_owned(),
            below: below.to_owned(),
            relative: relative(path, below),
        })
    }

    /// Returns one of its files.
    pub fn entry(&self, source: PathBuf, found: Stat) -> TreeEntry {
        let name = source.file_name().unwrap_or_default();
        TreeEntry {
            root: self.root.clone(),
            below: self.below.clone(),
            relative: self.relative.join(name),
            named: false,
            link: false,
            found,
            source,
        }
    }
}

/// Returns the path under the output directory of a file found at `source` when walking `path`.
pub fn relative_of(path: &Path, source: &Path) -> Option<PathBuf> {
    Some(relative(path, source.strip_prefix(path).ok()?))
}

/// Returns the path under the output directory of what is `below` a PATH, or of the PATH itself.
fn relative(path: &Path, below: &Path) -> PathBuf {
    match below.as_os_str().is_empty() {
        true => prefix(path).to_owned(),
        false => prefix(path).join(below),
    }
}

/// Returns the part of a PATH that appears in names under the output directory: its last part, or nothing if its
/// contents are meant.
pub fn prefix(path: &Path) -> &Path {
    let bytes = path.as_os_str().as_bytes();
    if bytes.ends_with(b"/") || bytes.ends_with(b"/.") {
        return Path::new("");
    }
    path.file_name().map_or(Path::new(""), Path::new)
}

/// Returns a file found at `source` when walking `path`, which is a directory.
pub fn walked(path: &Path, source: &Path, found: Stat) -> Option<TreeEntry> {
    let below = source.strip_prefix(path).ok()?;
    Some(TreeEntry {
        source: source.to_owned(),
        root: path.to_owned(),
        below: below.parent()?.to_owned(),
        relative: prefix(path).join(below),
        named: false,
        link: false,
        found,
    })
}

/// Returns a directory found at `source` when walking `path`, possibly `path` itself.
pub fn directory(path: &Path, source: &Path, found: Stat) -> Option<TreeEntry> {
    let below = source.strip_prefix(path).ok()?;
    Some(TreeEntry {
        source: source.to_owned(),
        root: path.to_owned(),
        below: below.parent().unwrap_or(Path::new("")).to_owned(),
        relative: relative(path, below),
        named: false,
        link: false,
        found,
    })
}

/// Returns a file that the user named.
pub fn named(path: &Path, found: Stat) -> Option<TreeEntry> {
    Some(TreeEntry {
        source: path.to_owned(),
        root: parent(path).to_owned(),
        below: PathBuf::new(),
        relative: PathBuf::from(path.file_name()?),
        named: true,
        link: false,
        found,
    })
}

/// Returns a file from a list of paths, which keeps its whole path under the output directory. It is reached through
/// directories only: a link among them must not redirect the work.
///
/// # Errors
/// Why it has no path under an output directory, together with the file.
pub fn listed(path: &Path, found: Stat) -> Option<(TreeEntry, Result<(), &'static str>)> {
    let name = path.file_name()?;
    let mut root = PathBuf::new();
    let mut below = PathBuf::new();
    let mut stays = Ok(());
    for component in path.parent()?.components() {
        match component {
            Component::Normal(name) => below.push(name),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => root.push(component),
            Component::ParentDir => {
                stays = Err("'..' in a listed path has no place under --output-dir");
                // A directory's parent is no link. Behind a name it could be anywhere, so such parts belong to what the
                // user named.
                root.push(&below);
                root.push(component);
                below = PathBuf::new();
            }
        }
    }
    if root.as_os_str().is_empty() {
        root.push(".");
    }
    let place = TreeEntry {
        source: path.to_owned(),
        root,
        relative: below.join(name),
        below,
        named: true,
        link: false,
        found,
    };
    Some((place, stays))
}

/// Returns the name of a sealed file.
pub fn with_suffix(name: &OsStr, suffix: &str) -> OsString {
    let mut name = name.to_owned();
    name.push(suffix);
    name
}

/// Returns the name of an opened file; `None` if the sealed one does not end in the suffix, or is only the suffix.
pub fn without_suffix(name: &OsStr, suffix: &str) -> Option<OsString> {
    let name = name.as_bytes().strip_suffix(suffix.as_bytes())?;
    (!name.is_empty()).then(|| OsString::from_vec(name.to_vec()))
}

/// Returns whether a name ends in the suffix of any format.
pub fn has_sealed_suffix(name: &OsStr) -> bool {
    of_suffix(name).is_some()
}

/// Returns the first format whose suffix a name ends in.
pub fn of_suffix(name: &OsStr) -> Option<&'static dyn Format> {
    let mut formats = FORMATS.iter().copied();
    formats.find(|format| without_suffix(name, format.suffix()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some_stat() -> Stat {
        Stat::from(&std::fs::metadata(".").unwrap())
    }

    fn relative(path: &str, source: &str) -> PathBuf {
        let place = walked(Path::new(path), Path::new(source), some_stat());
        place.unwrap().relative
    }

    #[test]
    fn a_path_stands_for_itself_and_one_with_a_slash_for_its_contents() {
        assert_eq!(relative("photos", "photos/a/x"), Path::new("photos/a/x"));
        assert_eq!(relative("photos/", "photos/a/x"), Path::new("a/x"));
        assert_eq!(relative("photos/.", "photos/./a/x"), Path::new("a/x"));
        assert_eq!(
            relative("/data/photos", "/data/photos/x"),
            Path::new("photos/x")
        );
        assert_eq!(relative(".", "./a/x"), Path::new("a/x"));
        assert_eq!(relative("..", "../a/x"), Path::new("a/x"));
        assert_eq!(relative("../b", "../b/x"), Path::new("b/x"));
    }

    #[test]
    fn listed_paths_stay_below() {
        let listed = |path| {
            let (place, stays) = listed(Path::new(path), some_stat())?;
            let parts = [place.root, place.below, place.relative];
            let [root, below, relative] = parts.map(|part| part.to_str().unwrap().to_owned());
            Some((root, below, stays.is_ok().then_some(relative)))
        };
        let parts = |root: &str, below: &str, relative: Option<&str>| {
            Some((
                root.to_owned(),
                below.to_owned(),
                relative.map(str::to_owned),
            ))
        };
        assert_eq!(listed("./a/x"), parts(".", "a", Some("a/x")));
        assert_eq!(listed("x"), parts(".", "", Some("x")));
        assert_eq!(listed("/a/b/x"), parts("/", "a/b", Some("a/b/x")));
        assert_eq!(listed("../b/x"), parts("..", "b", None));
        assert_eq!(listed("a/../../b/x"), parts("a/../..", "b", None));
        assert_eq!(listed("/"), None);
        assert_eq!(listed("a/.."), None);
    }

    #[test]
    fn suffixes_come_and_go() {
        let name = OsStr::from_bytes(b"a\xff");
        let sealed = with_suffix(name, ".gfe");
        assert_eq!(sealed.as_bytes(), b"a\xff.gfe");
        assert_eq!(without_suffix(&sealed, ".gfe").as_deref(), Some(name));
        assert_eq!(without_suffix(OsStr::new("a.enc"), ".gfe"), None);
        assert_eq!(without_suffix(OsStr::new(".gfe"), ".gfe"), None);
    }
}
