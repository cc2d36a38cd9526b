//! The text of the manual pages that does not belong to single options.

mod age;
mod backups;
mod checking;
mod formats;
mod guarantees;
mod headers;
mod inspecting;
mod keys;
mod opening;
mod overview;
mod rekeying;
mod sealing;
mod trees;

pub use age::{AGE_EXAMPLES, AGE_KEYGEN_EXAMPLES, AGE_STATUSES, AS_AGE, DIFFERENCES};
pub use backups::BACKUPS;
pub use checking::{CHECK_JSON, CHECKING, LISTS};
pub use formats::{DETECTION, FORMATS, FORMATS_INTRODUCTION, STREAMS, WEAK};
pub use guarantees::{FILES, GUARANTEES};
pub use headers::HEADERS;
pub use inspecting::{JSON, REPORT};
pub use keys::KEYS;
pub use opening::{OPENING, RANGES, SALVAGE};
pub use overview::{ENVIRONMENT, EXTERNAL, SHORT_FORMATS};
pub use rekeying::{IN_PLACE, REKEYING};
pub use sealing::SEALING;
pub use trees::{TREES, TREES_EXAMPLES, TREES_INTRODUCTION, TREES_SYNOPSIS};

/// A part of a chapter.
pub enum Part {
    Text(&'static str),
    Item(&'static str, &'static str),
    /// Lines as they are.
    Lines(&'static str),
}
pub type Chapter = (&'static str, &'static [Part]);

pub const STATUSES: [(&str, &str); 6] = [
    ("0", "success"),
    ("1", "input, output or system error"),
    ("2", "usage error"),
    ("3", "wrong key, or tampered data"),
    ("4", "unknown, malformed or unsupported file"),
    ("5", "truncated file"),
];

pub const SHORT_EXAMPLES: &str = "\
Examples:
  fetool keygen --age -o identity
  tar c dir | fetool seal --to @identity > dir.tar.age
  fetool open -k @identity < dir.tar.age | tar x
  fetool help seal";

pub const SEAL_EXAMPLES: &str = "\
Examples:
  tar c dir | fetool seal -k @keyfile > dir.tar.gfe
  fetool seal -k @keyfile --new-key photo.jpg -o photo.jpg.gfe
  fetool seal --to age1... plans.pdf -o plans.pdf.age
  fetool seal -p notes.txt -o notes.txt.age
  fetool seal -f dexios -k @mine --add-key @yours plans.pdf -o plans.pdf.dexios
  fetool seal -r -k @keyfile photos -O backup";

pub const OPEN_EXAMPLES: &str = "\
Examples:
  fetool open -k @keyfile < dir.tar.gfe | tar x
  fetool open -k @keyfile photo.jpg.gfe -o photo.jpg
  fetool open -k @identity plans.pdf.age -o plans.pdf
  fetool open -k @keyfile --check backup.tar.gfe
  fetool open -k @keyfile --range 10GiB+64KiB disk.img.gfe | xxd
  fetool open -r -k @keyfile backup/ -O restored";

pub const REKEY_EXAMPLES: &str = "\
Examples:
  fetool rekey -k @old --new-key @new -i archive.dexios
  fetool rekey -k @mine --add --new-passphrase -i archive.dexios
  fetool rekey -k @lost --remove -i archive.dexios
  fetool rekey --list archive.dexios
  fetool rekey -k @identity --add --to age1... -i plans.pdf.age
  fetool rekey --reseal -k @old --new-key @new -i dir.tar.gfe";

pub const KEYGEN_EXAMPLES: &str = "\
Examples:
  fetool keygen -o keyfile
  fetool keygen --age -o identity
  fetool keygen --age --pq -o identity-pq
  fetool keygen --comment 'nightly backups, 2026' -o backup.key";

pub const INSPECT_EXAMPLES: &str = "\
Examples:
  fetool inspect dir.tar.gfe
  fetool inspect --json *.gfe
  fetool inspect --verify -k @keyfile dir.tar.gfe";

pub const HEADER_EXAMPLES: &str = "\
Examples:
  fetool header save archive.dexios -o archive.header
  fetool header restore -k @keyfile archive.header archive.dexios";

pub const CHECK_EXAMPLES: &str = "\
Examples:
  fetool check -k @keyfile backup.tar.gfe
  fetool check -r /mnt/nas
  fetool check -r -k @keyfile --record ~/nas.list --for 2h /mnt/nas
  fetool check -r --since ~/nas.list /mnt/nas";

pub const STATUS_NOTE: &str = "\
With several files, the status is the highest of theirs. If the reader of the output goes away, fetool \
ends by SIGPIPE, which a shell shows as 141. At SIGINT, SIGTERM and any other signal that can be \
caught, it removes its temporary file and ends by the signal. A key file that cannot be a key for the \
format is status 1: fetool made no attempt to open anything. Status 3 also means that check, --check, --strict or \
--verify found nothing in the file that is authenticated. Reading a closed stdin or writing a closed \
stdout (<&-, >&-) is status 1.";
