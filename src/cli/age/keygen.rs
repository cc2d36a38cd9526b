//! `age-keygen`.

use super::super::failure::{Failure, shown};
use super::super::keygen::{Identity, warn_of_readers};
use super::super::manual;
use super::super::secrets::save_key;
use super::super::work::print;
use super::flags::Words;
use super::{Program, given, in_file, path, spec};
use crate::io::status_line;
use clap::ValueHint;
use fetool::format::age::{AgeIdentity, KeyFile, identities};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

/// Make age identities as age-keygen does, with the options of age-keygen
///
/// For scripts and programs that call age-keygen. A link named 'age-keygen' to fetool works in the same way. Options
/// have one dash or two and come before INPUT, as in age-keygen.
#[derive(clap::Args)]
#[command(after_help = manual::AGE_KEYGEN_EXAMPLES, args_override_self = true, disable_help_flag = true, disable_version_flag = true)]
pub struct Args {
    /// With -y: the identity file to read [default: standard input]
    #[arg(value_name = "INPUT", value_hint = ValueHint::FilePath, value_parser = path())]
    input: Vec<PathBuf>,

    /// Write to OUTPUT, which must not exist, with mode 0600 [default: standard output]
    #[arg(short, long, value_name = "OUTPUT", value_hint = ValueHint::FilePath, value_parser = path())]
    output: Option<PathBuf>,

    /// Make a post-quantum identity
    #[arg(long)]
    pq: bool,

    /// Print the recipients of an identity file, one a line
    #[arg(short = 'y', long)]
    convert: bool,

    /// Print the version of age that this stands in for
    #[arg(long)]
    version: bool,
}

impl Args {
    pub fn run(&self, words: &Words) -> Result<(), Failure> {
        if self.version {
            return Program::print_version();
        }
        if self.input.len() > 1 || (!self.convert && !self.input.is_empty()) {
            return Err(words.too_many());
        }
        if self.convert && self.pq {
            return Err(Failure::usage("-pq can't be used with -y"));
        }
        let output = given(self.output.as_deref());
        match self.convert {
            true => self.convert(output),
            false => generate(self.pq, output),
        }
    }

    fn convert(&self, output: Option<&Path>) -> Result<(), Failure> {
        let input = given(self.input.first().map(PathBuf::as_path)).unwrap_or(Path::new("-"));
        let name = shown(input);
        let bytes = spec(input).read().map_err(|failure| {
            let doing = "failed to open input file";
            in_file(doing, &name, failure)
        })?;
        let failed = |failure| in_file("failed to parse input", &name, failure);
        if matches!(KeyFile::of(&bytes), KeyFile::Encrypted { .. }) {
            return Err(failed(Failure::usage(
                "this file is encrypted: decrypt it first, 'age -d FILE | age-keygen -y'",
            )));
        }
        let all = identities::parse(&bytes);
        let all = all.map_err(|error| failed(Failure::of_library(&error)))?;
        let mut lines = String::new();
        for identity in &all {
            let native = matches!(identity, AgeIdentity::X25519(_) | AgeIdentity::Hybrid(_));
            if !native {
                return Err(failed(Failure::usage(
                    "only the plugin knows the recipient of its identity",
                )));
            }
            lines.push_str(&format!("{}\n", identity.recipient()));
        }
        write(output, lines.as_bytes())
    }
}

fn generate(pq: bool, output: Option<&Path>) -> Result<(), Failure> {
    let identity = Identity::generate(pq)?;
    if output.is_none() {
        warn_of_readers("write it to a file of its own: 'age-keygen -o FILE'");
    }
    write(output, &identity.text)?;
    if output.is_some() || !io::stdout().is_terminal() {
        status_line::print(&format!("Public key: {}\n", identity.recipient));
    }
    Ok(())
}

/// A file is never overwritten.
fn write(output: Option<&Path>, bytes: &[u8]) -> Result<(), Failure> {
    match output {
        Some(path) => save_key(path, bytes).map_err(|failure| {
            let doing = "failed to open output file";
            in_file(doing, &shown(path), failure)
        }),
        None => print(bytes),
    }
}
