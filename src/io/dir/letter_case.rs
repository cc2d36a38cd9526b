//! File systems that take `A` and `a` for one name.

use super::Dir;
use nix::sys::stat::FileStat;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

impl Dir {
    /// Returns whether `name`, which exists, has other spellings with the same meaning, in upper or lower case.
    pub fn ignores_case_of(&self, name: &OsStr) -> io::Result<bool> {
        let swapped = name.as_bytes().iter().map(|byte| match byte {
            byte if byte.is_ascii_lowercase() => byte.to_ascii_uppercase(),
            byte => byte.to_ascii_lowercase(),
        });
        let swapped = OsString::from_vec(swapped.collect());
        if swapped == name {
            return Ok(false);
        }
        let [found, other] = [self.look(name)?, self.look(&swapped)?];
        let id = |found: FileStat| (found.st_dev, found.st_ino);
        Ok(other.is_some() && found.map(id) == other.map(id))
    }
}

/// Returns whether two names are equal but for upper and lower case.
pub fn same_but_case(one: &OsStr, other: &OsStr) -> bool {
    let [one, other] = [one, other].map(|name| name.to_string_lossy().to_lowercase());
    one == other
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn names_with_two_spellings() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::open(temporary.path()).unwrap();
        let write = |name: &str| fs::write(temporary.path().join(name), name).unwrap();
        let ignores_case_of = |name: &str| dir.ignores_case_of(name.as_ref()).unwrap();
        write("a.gfe");
        write("1");
        let is_one_name = temporary.path().join("A.GFE").exists();
        assert_eq!(ignores_case_of("a.gfe"), is_one_name);
        assert!(!ignores_case_of("1") && !ignores_case_of("missing"));
        if !is_one_name {
            write("A.GFE");
            assert!(!ignores_case_of("a.gfe"));
        }
        let same = |one: &str, other: &str| same_but_case(one.as_ref(), other.as_ref());
        assert!(same("Ä.jpg", "ä.JPG") && !same("a", "b"));
    }
}
