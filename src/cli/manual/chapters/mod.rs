//! The words of the manual pages that are not about single options.

mod backups;
mod checking;
mod formats;
mod inspecting;
mod rekeying;
mod trees;
mod work;

pub use backups::BACKUPS;
pub use checking::{CHECK_JSON, CHECKING, LISTS};
pub use formats::{DETECTION, FORMATS, NEW_FORMATS, WEAK};
pub use inspecting::{JSON, REPORT};
pub use rekeying::{IN_PLACE, REKEYING};
pub use trees::TREES;
pub use work::{ENVIRONMENT, EXTERNAL, FILES, OPENING, RANGES, SECRETS, STREAMS};

/// A part of a chapter.
pub enum Part {
    Text(&'static str),
    Item(&'static str, &'static str),
    /// Lines as they are.
    Lines(&'static str),
}
pub type Chapter = (&'static str, &'static [Part]);

pub const STATUSES: [(&str, &str); 6] = [
    ("0", "all good"),
    ("1", "input, output or system"),
    ("2", "usage"),
    ("3", "wrong key, or data that was tampered with"),
    ("4", "not a file we know, malformed or unsupported"),
    ("5", "truncated"),
];

pub const SHORT_EXAMPLES: &str = "\
Examples:
  fetool keygen -o keyfile
  tar c dir | fetool seal -k @keyfile > dir.tar.gfe
  fetool open -k @keyfile < dir.tar.gfe | tar x";

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

pub const INSPECT_EXAMPLES: &str = "\
Examples:
  fetool inspect dir.tar.gfe
  fetool inspect --json *.gfe
  fetool inspect --verify -k @keyfile dir.tar.gfe";

pub const CHECK_EXAMPLES: &str = "\
Examples:
  fetool check -k @keyfile backup.tar.gfe
  fetool check -r /mnt/nas
  fetool check -r -k @keyfile --record ~/nas.list --for 2h /mnt/nas
  fetool check -r --since ~/nas.list /mnt/nas";

pub const STATUS_NOTE: &str = "\
Where several files are worked on, the status is the highest of theirs. When the reader of the \
output goes away, fetool ends as SIGPIPE ends a program, which a shell shows as 141; at SIGINT, \
SIGTERM and any other signal that can be caught it removes its temporary file and ends as the signal would have ended it. A \
key file that cannot be a key for the format is status 1: it is a wrong input, and no attempt to \
open anything was made with it. Status 3 also means that --check, --strict or --verify found nothing \
in the file that is authenticated. Reading standard input or writing standard output that is closed \
(<&-, >&-) is status 1.";
