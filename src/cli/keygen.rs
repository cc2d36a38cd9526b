//! `fetool keygen`.

use super::failure::{Failure, say};
use super::{secrets, work};
use clap::ValueHint;
use fetool::aead::KEY_LEN;
use fetool::format::FILES_A_KEY;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Make a key: 32 random bytes
///
/// Writes the bytes as they are to FILE or to standard output; to a terminal, their 64 hexadecimal
/// digits. FILE gets mode 0600 and must not exist: a key is never overwritten. The same
/// bytes make a good salt.
#[derive(clap::Args)]
pub struct Args {
    /// Write the key to FILE
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,

    /// Write the key as text below a comment: what it is for, since when
    ///
    /// The key is 64 hexadecimal digits in the last line. The lines above begin with '#': TEXT, and how
    /// many files the key can seal. Only GFE skips them; for other formats the whole file is the key.
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let comment = args.comment.as_deref().map(comment).transpose()?;
    let key = secrets::new_key()?;
    let file = args.output.as_ref().filter(|path| path.as_os_str() != "-");
    let as_text = comment.is_some() || (file.is_none() && io::stdout().is_terminal());
    let written = if as_text {
        text(&comment.unwrap_or_default(), &key)
    } else {
        Zeroizing::new(key.to_vec())
    };
    match file {
        Some(path) => secrets::save_key(path, &written),
        None => {
            warn_of_readers();
            work::print(&written)
        }
    }
}

/// Warns where a shell has made the file for the key, with the mode of any other file.
fn warn_of_readers() {
    let stdout = io::stdout().as_fd().try_clone_to_owned();
    let stdout = stdout.ok().map(File::from);
    if let Some(mode) = stdout.as_ref().and_then(secrets::mode_for_others) {
        let warning = format!("warning: {}", secrets::others_can_read(mode));
        say(Some("stdout"), &warning);
        say(
            None,
            "hint: use 'fetool keygen -o FILE', which gives FILE mode 0600",
        );
    }
}

/// The lines above a key.
fn comment(text: &str) -> Result<String, Failure> {
    if text.chars().any(char::is_control) {
        return Err(Failure::usage(
            "a comment is one line without control characters",
        ));
    }
    Ok(format!(
        "# {text}\n# Seal at most {FILES_A_KEY} files with this key, over all runs.\n"
    ))
}

/// The key in hexadecimal digits. There is room for all of it from the start, so that no copy is left
/// in memory.
fn text(above: &str, key: &[u8; KEY_LEN]) -> Zeroizing<Vec<u8>> {
    let mut digits = Zeroizing::new([0; 2 * KEY_LEN]);
    base16ct::lower::encode(key, &mut *digits).expect("there is room for two digits a byte");
    let mut text = Zeroizing::new(Vec::with_capacity(above.len() + digits.len() + 1));
    for part in [above.as_bytes(), &*digits, b"\n"] {
        text.write_all(part).expect("memory takes it");
    }
    text
}
