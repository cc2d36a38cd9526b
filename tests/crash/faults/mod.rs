//! What the system refuses, takes away or does to the program in the middle of its work: a message
//! and a status, never a hang, and nothing half done that looks whole.

mod changing;
mod limits;
mod memory;
mod pipes;
mod signals;
mod space;

use crate::cli_common::{Dir, K, data, fetool, sealed, vector};
use std::fs;

/// A length that goes through the threads in its order, and one of which parts are worked on in
/// place.
const LENGTHS: [usize; 2] = [3 << 20, 6 << 20];

/// A directory with `plain` and `sealed`, which is the same as a stream in chunks of 64 KiB.
fn both(len: usize) -> Dir {
    let dir = Dir::new();
    let plain = data(len);
    dir.write("plain", &plain);
    dir.write("sealed", sealed(&plain, "64KiB"));
    dir
}

/// A Dexios file `f` and the secrets that open it before and after, `one` and `two`.
fn dexios(dir: &Dir) -> Vec<u8> {
    let file = fs::read(vector("dexios_v5_aes256gcm_balloon_1000.dx")).unwrap();
    dir.write("f", &file);
    dir.write("one", fs::read(vector("secret.txt")).unwrap());
    dir.write("two", "another secret");
    file
}

/// The words of a command line.
fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

/// Opens a file with the key of all tests.
#[track_caller]
fn opens_to(dir: &Dir, name: &str, plain: &[u8]) {
    let found = fetool(["open", "-k", K, name]).within(dir).run().succeeds();
    assert!(found == plain, "{name}: other bytes");
}
