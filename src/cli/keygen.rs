//! `fetool keygen`.

use super::failure::Failure;
use super::{secrets, work};
use clap::ValueHint;
use fetool::aead::KEY_LEN;
use std::io::{self, IsTerminal};
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
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let key = secrets::new_key()?;
    match &args.output {
        Some(path) if path.as_os_str() != "-" => secrets::save_key(path, key.as_ref()),
        _ => print(key.as_ref()),
    }
}

fn print(key: &[u8]) -> Result<(), Failure> {
    let text = if io::stdout().is_terminal() {
        let mut text = Zeroizing::new(vec![b'\n'; 2 * KEY_LEN + 1]);
        base16ct::lower::encode(key, &mut text).expect("there is room for two digits a byte");
        text
    } else {
        Zeroizing::new(key.to_vec())
    };
    work::print(&text)
}
