//! Directories to work in.

use super::spawning;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

/// A directory that is removed at the end.
pub struct Dir(tempfile::TempDir);

impl Dir {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory can be made"))
    }

    pub fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.0.path().join(name.as_ref())
    }

    /// The path as text, for messages and shell arguments.
    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("a plain name").to_owned()
    }

    /// `@` and the path.
    pub fn at(&self, name: &str) -> String {
        format!("@{}", self.text(name))
    }

    pub fn write(&self, name: impl AsRef<OsStr>, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        // A process that is started meanwhile would have the file open for a moment, and a program
        // that is open for writing cannot be run.
        let spawning = spawning();
        // Many are keys, and fetool warns of keys that others can read.
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path);
        file.and_then(|mut file| file.write_all(bytes.as_ref()))
            .expect("the directory can be written to");
        drop(spawning);
        path
    }

    #[track_caller]
    pub fn read(&self, name: impl AsRef<OsStr>) -> Vec<u8> {
        fs::read(self.path(name)).expect("the file is there")
    }

    pub fn open(&self, name: &str) -> File {
        File::open(self.path(name)).expect("the file is there")
    }

    pub fn create(&self, name: &str) -> File {
        File::create(self.path(name)).expect("the directory can be written to")
    }

    pub fn mode(&self, name: &str) -> u32 {
        let metadata = fs::metadata(self.path(name)).expect("the file is there");
        metadata.permissions().mode() & 0o7777
    }

    pub fn set_mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).expect("it is ours");
    }

    pub fn fifo(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::from_bits_truncate(0o600))
            .expect("fifos can be made");
        path
    }

    /// The names of everything in it, sorted.
    pub fn names(&self) -> Vec<OsString> {
        let mut names: Vec<_> = fs::read_dir(self.0.path())
            .expect("the directory can be read")
            .map(|entry| entry.expect("its entries too").file_name())
            .collect();
        names.sort();
        names
    }

    /// Nothing else is there, such as temporary files.
    #[track_caller]
    pub fn holds_only(&self, names: &[&str]) {
        let mut names: Vec<_> = names.iter().map(OsString::from).collect();
        names.sort();
        assert_eq!(self.names(), names);
    }

    /// The length of fetool's temporary file, when there is one.
    pub fn temporary(&self) -> Option<u64> {
        let names = self.names();
        let name = names
            .iter()
            .find(|name| name.as_encoded_bytes().starts_with(b".fetool-"))?;
        Some(fs::metadata(self.path(name)).ok()?.len())
    }
}
