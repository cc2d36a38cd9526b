//! Arguments that several subcommands share.

use super::size;
use crate::progress::When;
use clap::{Args, ValueHint};
use fetool::format::{FORMATS, Format, by_name};
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Where the secret comes from.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Secrets")]
pub struct SecretArgs {
    /// Where the key is: @FILE, env:NAME or fd:N
    ///
    /// @FILE takes the file's bytes as they are, @- standard input (when the data comes from a
    /// PATH), env:NAME an environment variable, fd:N a file descriptor that the caller
    /// opened. Never the key itself: what is typed here can be read by every user of the machine.
    ///
    /// A GFE key is 32 raw bytes, or their 64 hexadecimal digits or 44 base64 characters with an
    /// optional line end. 'fetool keygen' makes one.
    #[arg(short, long, value_name = "SPEC")]
    pub key: Option<OsString>,

    /// Use a passphrase: asked for on the terminal, or from SPEC as for --key
    ///
    /// Without SPEC it is asked for on the terminal (/dev/tty, never standard input), twice when
    /// sealing. With SPEC one trailing line end is removed. Only formats with a key derivation
    /// function take it; GFE takes it together with --salt.
    #[arg(
        short,
        long,
        value_name = "SPEC",
        num_args = 0..=1,
        require_equals = true,
        conflicts_with = "key"
    )]
    pub passphrase: Option<Option<OsString>>,

    /// Where the salt is that goes with a passphrase for GFE, as for --key
    ///
    /// GFE files hold no salt, so it must be kept beside them: at least 16 bytes, as they are.
    /// 'fetool keygen -o SALTFILE' makes a good one. It is no secret.
    #[arg(long, value_name = "SPEC", requires = "passphrase")]
    pub salt: Option<OsString>,

    /// How a passphrase and a salt become a GFE key
    ///
    /// The parameters are those of go-fileencrypt: Argon2id with 3 passes over 64 MiB in 4 lanes,
    /// or PBKDF2-HMAC-SHA256 with 600 000 iterations.
    #[arg(
        long,
        value_name = "KDF",
        requires = "salt",
        default_value = "argon2id"
    )]
    pub kdf: KdfArg,
}

/// The KDFs on the command line.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum KdfArg {
    /// 3 passes over 64 MiB in 4 lanes
    Argon2id,
    /// PBKDF2-HMAC-SHA256, 600 000 iterations
    Pbkdf2,
}

/// Where the data goes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Write to FILE, which appears whole or not at all
    ///
    /// The data goes to a temporary file in the same folder, which is renamed when it is complete.
    /// A new FILE has mode 0600, a replaced one keeps its mode. A symbolic link is replaced at its
    /// target; a device, fifo or socket is written straight to. '-o -' is standard output, even
    /// when that is a terminal.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// Overwrite FILE when it exists
    #[arg(long, requires = "output")]
    pub force: bool,

    /// Have FILE and its folder on disk before the end (fsync)
    ///
    /// Without it FILE is whole or not there even when fetool dies; with it also after a power cut.
    #[arg(long, requires = "output")]
    pub sync: bool,
}

/// How the work is done and talked about.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Work")]
pub struct WorkArgs {
    /// Worker threads; 0 is one for each core
    #[arg(short, long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=256))]
    pub jobs: u16,

    /// Say nothing but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say what was done
    #[arg(short, long)]
    pub verbose: bool,

    /// Show progress on standard error
    ///
    /// 'auto' shows it when standard error is a terminal and the work takes longer than half a
    /// second. 'always' prints plain lines where it is none.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub progress: When,
}

impl WorkArgs {
    pub fn jobs(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.jobs.into()).unwrap_or_else(fetool::all_cores)
    }
}

/// The value parser of `--format`.
pub fn format() -> impl clap::builder::TypedValueParser<Value = &'static dyn Format> {
    use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(
        FORMATS
            .iter()
            .map(|format| PossibleValue::new(format.name()).help(format.title())),
    )
    .map(|name| by_name(&name).expect("only names of formats are possible"))
}

/// The value parser of sizes.
pub fn bytes(text: &str) -> Result<u64, String> {
    size::parse(text)
}
