//! Arguments that several subcommands share.

use super::failure::{Failure, shown};
use crate::progress::When;
use crate::size;
use clap::{Args, ValueHint};
use fetool::format::{FORMATS, Format, HEADER_MAX, Limits, by_name};
use fetool::kdf::Kdf;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The sources of the secrets.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Secrets")]
pub struct SecretArgs {
    /// Source of the key: @FILE, env:NAME or fd:N
    ///
    /// @FILE is the content of FILE; '@~/FILE' is in the home directory. @- is standard input, when the
    /// data comes from a PATH. env:NAME is an environment variable, fd:N a file descriptor that the
    /// caller opened. Never give the key itself: every user of the machine can read what is typed here.
    /// Without -k and -p, fetool uses the environment variable FETOOL_KEY, which holds a SPEC.
    ///
    /// A GFE key is 32 raw bytes, 64 hexadecimal digits or 44 base64 characters; text may have a line
    /// end, and comment lines ('#') above. 'fetool keygen' makes one. For age the key is an identity
    /// file, as 'fetool keygen --age' and age-keygen write it; it may be encrypted. Other formats take
    /// any bytes. Can be repeated: the first key that fits opens the file, keys before passphrases.
    #[arg(short, long, value_name = "SPEC")]
    pub key: Vec<OsString>,

    /// Use the plugin age-plugin-NAME without an identity file (age)
    ///
    /// For plugins that find their keys themselves. It replaces an identity file with the line AGE-PLUGIN-NAME-1…: it
    /// opens files, and 'fetool seal' seals for the keys of the plugin. fetool looks the plugin up in PATH. Can be
    /// repeated.
    #[arg(long, value_name = "NAME")]
    pub plugin: Vec<String>,

    /// Use a passphrase: ask for it, or take it from SPEC as for --key
    ///
    /// Without SPEC, fetool asks for it on the terminal (/dev/tty, never standard input), twice when
    /// sealing. With SPEC, one trailing line end is removed. GFE requires --salt with it; files of the
    /// other formats hold their salts.
    #[arg(
        short,
        long,
        value_name = "SPEC",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ASK
    )]
    pub passphrase: Vec<OsString>,

    /// Source of an identity file's passphrase [default: ask]
    ///
    /// SPEC is as for --key. fetool asks for the passphrase, or reads it, only if a file needs one of the identities.
    #[arg(long, value_name = "SPEC")]
    pub identity_passphrase: Option<OsString>,

    /// Source of the salt for a GFE passphrase, as for --key
    ///
    /// GFE files hold no salt, so keep it beside them: at least 16 bytes, as they are. 'fetool keygen -o
    /// SALTFILE' makes one. A salt is not secret.
    #[arg(long, value_name = "SPEC")]
    pub salt: Option<OsString>,

    /// How a passphrase becomes a key
    ///
    /// With --salt (GFE), the parameters are those of go-fileencrypt: argon2id (the default, 3 passes
    /// over 64 MiB in 4 lanes) or pbkdf2 (HMAC-SHA256, 600 000 iterations). A Dexios key slot is hashed
    /// with argon2id (the default, 10 passes over 256 MiB in 4 lanes) or balloon (BLAKE3-Balloon, about 9
    /// MiB). The file says which, so opening needs no --kdf.
    #[arg(long, value_name = "KDF")]
    pub kdf: Option<KdfArg>,
}

impl SecretArgs {
    /// Returns whether an option names a secret.
    pub fn is_given(&self) -> bool {
        !(self.key.is_empty() && self.plugin.is_empty() && self.passphrase.is_empty())
    }
}

/// The value that clap stores for an option without one. Nobody can type it.
pub const ASK: &str = "\u{1}";

/// The KDFs on the command line.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum KdfArg {
    /// Argon2id
    Argon2id,
    /// PBKDF2-HMAC-SHA256, for GFE
    Pbkdf2,
    /// BLAKE3-Balloon, for Dexios
    Balloon,
}

impl From<KdfArg> for Kdf {
    fn from(kdf: KdfArg) -> Self {
        match kdf {
            KdfArg::Argon2id => Self::Argon2id,
            KdfArg::Pbkdf2 => Self::Pbkdf2,
            KdfArg::Balloon => Self::Balloon,
        }
    }
}

/// The nonce rules on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum GfeNonce {
    /// Counter suffix, or additive in a file of known length
    Auto,
    /// Also additive
    Additive,
}

/// How to read a sealed file, and what it may demand.
#[derive(Args, Clone)]
#[command(next_help_heading = "Format")]
pub struct ReadArgs {
    /// The format to read [default: auto-detect]
    #[arg(short, long, value_name = "NAME", value_parser = format())]
    pub format: Option<&'static dyn Format>,

    /// Which nonce rules to accept (GFE)
    ///
    /// 'auto' reads files with a counter suffix, as go-fileencrypt and fetool write them. The format's document
    /// describes an additive nonce instead. Such a file can lose its first chunks unnoticed, so 'auto' reads it only if
    /// its length is known and holds as many bytes as its header declares. 'additive' reads an additive nonce in any
    /// file, also from a pipe. Use it only if you trust the source of the file.
    #[arg(long, value_name = "RULE", default_value = "auto")]
    pub gfe_nonce: GfeNonce,

    /// The file with the detached header (Dexios)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub header: Option<PathBuf>,

    /// Open with a Dexios key slot that may be forged
    ///
    /// Anyone who has an old file of the same secret, and knows 32 bytes of its plaintext, can make a
    /// version 5 key slot with a hash of version 1 or 2. No Dexios writes such slots.
    #[arg(long)]
    pub allow_legacy_slots: bool,

    /// The highest work factor of a passphrase that an age file may ask for [default: 22]
    ///
    /// A work factor of N needs 2^N KiB of memory, which --max-memory also bounds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=30))]
    pub max_work_factor: Option<u8>,

    /// Memory that a file's chunks may need
    ///
    /// A chunk must be authenticated whole before any of it is written. Dexios up to 8.6 sealed small
    /// files in one piece ("memory mode"), and chunks of the AES-GCM File Encryptor have the size that
    /// their header says. If several chunks do not fit, fewer are worked on at a time.
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = bytes)]
    pub max_memory: u64,
}

/// Files to refuse although they could be opened.
#[derive(clap::Args)]
pub struct RefuseArgs {
    /// Refuse what would be accepted with a warning
    ///
    /// That is a file whose length is not authenticated, so that its end may be missing.
    #[arg(long, help_heading = "Format")]
    pub strict: bool,
}

impl ReadArgs {
    /// Returns the format that the user chose.
    pub fn format(&self) -> Option<&'static dyn Format> {
        self.format.map(|format| match self.gfe_nonce {
            GfeNonce::Auto => format,
            GfeNonce::Additive => additive(format),
        })
    }

    /// Returns the formats to detect.
    pub fn formats(&self) -> &'static [&'static dyn Format] {
        match self.gfe_nonce {
            GfeNonce::Auto => FORMATS,
            GfeNonce::Additive => &WITH_ADDITIVE,
        }
    }

    /// Returns the bytes of a detached header.
    pub fn detached(&self) -> Result<Option<Vec<u8>>, Failure> {
        self.header.as_deref().map(read_header).transpose()
    }

    /// Returns the limits for a file with this many bytes behind its header, if known.
    pub fn limits(&self, body: Option<u64>) -> Limits {
        Limits {
            memory: self.max_memory,
            input_len: body,
        }
    }
}

/// All formats, with GFE's additive nonce.
static WITH_ADDITIVE: LazyLock<Vec<&'static dyn Format>> = LazyLock::new(|| {
    let formats = FORMATS.iter().copied();
    formats.map(additive).collect()
});

fn additive(format: &'static dyn Format) -> &'static dyn Format {
    format.with_additive_nonce().unwrap_or(format)
}

/// Reads a detached header.
fn read_header(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut header = Vec::new();
    File::open(path)
        .and_then(|file| file.take(HEADER_MAX as u64).read_to_end(&mut header))
        .map_err(|error| Failure::system(shown(path), &error))?;
    Ok(header)
}

/// The target of the data.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Write to FILE, which appears whole or not at all
    ///
    /// The data goes to a temporary file in the same directory, which is renamed when it is complete. A
    /// new FILE has mode 0600, a replaced one keeps its mode. A symbolic link is replaced at its target;
    /// a device, FIFO or socket is written directly. '-o -' is standard output, even if that is a
    /// terminal.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// Overwrite FILE when it exists
    #[arg(long)]
    pub force: bool,

    /// fsync FILE and its directory before exiting
    ///
    /// Without --sync, FILE is whole or not there even if fetool dies; with it, also after a power cut.
    #[arg(long)]
    pub sync: bool,
}

/// How to work, and what to print.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Work")]
pub struct WorkArgs {
    /// Worker threads; 0 is one for each core
    #[arg(short, long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=256))]
    pub jobs: u16,

    /// Print errors only
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Print what was done
    #[arg(short, long)]
    pub verbose: bool,

    /// Show progress on standard error
    ///
    /// 'auto' draws a line when standard error is a terminal, no data goes to a terminal, and the
    /// work takes longer than half a second. 'always' also prints, as plain lines, when standard error
    /// is no terminal or TERM is 'dumb'. Nothing is drawn while another program has the terminal: a
    /// pager, a passphrase prompt, or a job in the foreground while fetool is in the background.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub progress: When,
}

impl WorkArgs {
    /// Creates the options for work that is part of other work.
    pub fn quiet() -> Self {
        Self {
            jobs: 0,
            quiet: true,
            verbose: false,
            progress: When::Never,
        }
    }

    pub fn jobs(&self) -> Option<NonZeroUsize> {
        NonZeroUsize::new(self.jobs.into())
    }
}

/// Returns the value parser of `--format` for reading.
pub fn format() -> impl clap::builder::TypedValueParser<Value = &'static dyn Format> {
    formats(|_| true)
}

/// Returns the value parser of `--format` for writing.
pub fn written_format() -> impl clap::builder::TypedValueParser<Value = &'static dyn Format> {
    formats(|format| format.can_seal())
}

fn formats(
    which: impl Fn(&dyn Format) -> bool,
) -> impl clap::builder::TypedValueParser<Value = &'static dyn Format> {
    use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(
        FORMATS
            .iter()
            .filter(|format| which(**format))
            .map(|format| PossibleValue::new(format.name()).help(format.title())),
    )
    .map(|name| by_name(&name).expect("only names of formats are possible"))
}

/// Returns a parser that takes the names of `all` in lowercase.
pub fn named<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl clap::builder::TypedValueParser<Value = T> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    let names = all.iter().map(|it| name(*it).to_lowercase());
    PossibleValuesParser::new(names).map(move |given| {
        let mut all = all.iter().copied();
        let found = all.find(|it| name(*it).eq_ignore_ascii_case(&given));
        found.expect("only their names are possible")
    })
}

/// The value parser of sizes.
pub fn bytes(text: &str) -> Result<u64, String> {
    size::parse(text)
}
