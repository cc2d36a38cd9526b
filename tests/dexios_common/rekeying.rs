//! What the tests of `rekey` on a file start from, and what they expect.

use super::forge::{Forge, HEADER};
use super::{Folder, SECRET, open};
use fetool::format::dexios::SlotHash;
use fetool::status;

pub const SECOND: &[u8] = b"second secret";
pub const CHANGE: &str = "rekey -k @one --new-key @two --new-kdf balloon";

/// A directory with the file `f`, which opens with the secrets given.
pub fn folder(secrets: &[&[u8]]) -> (Folder, Vec<u8>) {
    let folder = Folder::new();
    let file = Forge::new(secrets, b"text")
        .hash(SlotHash::BalloonV5)
        .file();
    folder.write("f", &file);
    (folder, file)
}

/// Expects a file that the second secret opens, and the first does not.
#[track_caller]
pub fn changed(file: &[u8], before: &[u8]) {
    assert!(file[HEADER..] == before[HEADER..]);
    assert_eq!(open(SECOND, file).unwrap(), b"text");
    assert_eq!(open(SECRET, file).unwrap_err().1.status(), status::KEY);
}
