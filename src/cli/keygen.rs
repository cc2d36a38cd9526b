//! `fetool keygen`.

use super::failure::{Failure, Subjects, say};
use super::{manual, secrets, work};
use crate::io::status_line;
use clap::ValueHint;
use fetool::aead::KEY_LEN;
use fetool::format::FILES_A_KEY;
use fetool::format::age::{AgeIdentity, AgeRecipient, HybridIdentity, X25519Identity};
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::SystemTime;
use zeroize::Zeroizing;

/// Make a key: 32 random bytes, or an age identity
///
/// Writes 32 raw bytes to FILE or to standard output; to a terminal, 64 hexadecimal digits. FILE gets
/// mode 0600 and must not exist: a key is never overwritten. The bytes can also serve as a salt. With
/// --age, keygen writes an identity and its recipient instead, as age-keygen does.
#[derive(clap::Args)]
#[command(after_help = manual::KEYGEN_EXAMPLES)]
pub struct Args {
    /// Write the key to FILE
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,

    /// Write the key as text with TEXT as a comment, such as its purpose and date
    ///
    /// The key is 64 hexadecimal digits in the last line. The lines above begin with '#': TEXT, and how
    /// many files the key can seal. Only GFE skips them; for other formats the whole file is the key.
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,

    /// Make an age identity: a secret that opens files, and a recipient (age1…) to seal them for
    ///
    /// The recipient is in a comment of the file, and is printed on standard error unless the identity
    /// goes to a terminal.
    #[arg(long, conflicts_with = "comment")]
    age: bool,

    /// With --age: make a post-quantum identity (age1pq1…)
    #[arg(long, requires = "age")]
    pq: bool,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    if args.age {
        return age(args);
    }
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
            warn_of_readers(OWN_FILE);
            work::print(&written)
        }
    }
}

/// Makes an identity, in the three lines of age-keygen.
fn age(args: &Args) -> Result<(), Failure> {
    let Identity { text, recipient } = Identity::generate(args.pq)?;
    let file = args.output.as_ref().filter(|path| path.as_os_str() != "-");
    if file.is_none() {
        warn_of_readers(OWN_FILE);
    }
    match file {
        Some(path) => secrets::save_key(path, &text)?,
        None => work::print(&text)?,
    }
    if file.is_some() || !io::stdout().is_terminal() {
        status_line::print(&format!("Public key: {recipient}\n"));
    }
    Ok(())
}

/// A new identity.
pub struct Identity {
    /// The three lines of its file.
    pub text: Zeroizing<Vec<u8>>,
    pub recipient: AgeRecipient,
}

impl Identity {
    pub fn generate(pq: bool) -> Result<Self, Failure> {
        let random = &fetool::random;
        let identity = match pq {
            true => HybridIdentity::generate(random).map(AgeIdentity::Hybrid),
            false => X25519Identity::generate(random).map(AgeIdentity::X25519),
        };
        let identity = identity.map_err(|error| Subjects::default().attribute(&error))?;
        let recipient = identity.recipient();
        let now = humantime::format_rfc3339_seconds(SystemTime::now());
        let above = format!("# created: {now}\n# public key: {recipient}\n");
        let secret = identity.encode();
        let mut text = Zeroizing::new(Vec::with_capacity(above.len() + secret.len() + 1));
        for part in [above.as_bytes(), secret.as_bytes(), b"\n"] {
            text.write_all(part).expect("memory takes it");
        }
        Ok(Self { text, recipient })
    }
}

const OWN_FILE: &str = "use 'fetool keygen -o FILE', which gives FILE mode 0600";

/// Warns if a shell has created the key's file with an ordinary mode.
pub fn warn_of_readers(hint: &str) {
    let stdout = io::stdout().as_fd().try_clone_to_owned();
    let stdout = stdout.ok().map(File::from);
    if let Some(mode) = stdout.as_ref().and_then(secrets::mode_for_others) {
        let warning = format!("warning: {}", secrets::others_can_read(mode));
        say(Some("stdout"), &warning);
        say(None, &format!("hint: {hint}"));
    }
}

/// Returns the lines above a key.
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

/// Returns the key in hexadecimal digits. All is allocated at the start, so that no copy is left in memory.
fn text(above: &str, key: &[u8; KEY_LEN]) -> Zeroizing<Vec<u8>> {
    let mut digits = Zeroizing::new([0; 2 * KEY_LEN]);
    base16ct::lower::encode(key, &mut *digits).expect("there is room for two digits a byte");
    let mut text = Zeroizing::new(Vec::with_capacity(above.len() + digits.len() + 1));
    for part in [above.as_bytes(), &*digits, b"\n"] {
        text.write_all(part).expect("memory takes it");
    }
    text
}
