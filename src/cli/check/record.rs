//! Lists of checked files: one JSON object a line, with size, time, BLAKE3 and result.

use crate::cli::failure::{Failure, Subjects, shown};
use crate::cli::inspect::{hex_of, json_line};
use crate::io::output::{Content, Output, Refused, Target};
use crate::io::terminal_safe;
use fetool::{Error, status};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs::{File, Metadata, TryLockError};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The maximum length of a line in bytes. A path has at most 4096 bytes, and JSON needs up to six for each.
const LINE_MAX: u64 = 64 << 10;

/// A timestamp of a file system: seconds since 1970, and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    seconds: i64,
    nanoseconds: u32,
}

impl Time {
    /// Returns when a file was modified.
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            seconds: metadata.mtime(),
            nanoseconds: metadata.mtime_nsec() as u32,
        }
    }

    /// Parses a time as `stat -c %.9Y` prints it.
    fn parse(text: &str) -> Option<Self> {
        let (seconds, nanoseconds) = text.split_once('.')?;
        let digits = nanoseconds.len() == 9 && nanoseconds.bytes().all(|it| it.is_ascii_digit());
        Some(Self {
            seconds: seconds.parse().ok()?,
            nanoseconds: nanoseconds.parse().ok().filter(|_| digits)?,
        })
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.seconds, self.nanoseconds)
    }
}

/// The entry of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub size: u64,
    pub mtime: Time,
    pub blake3: blake3::Hash,
    pub result: String,
    pub status: u8,
    /// When it was checked last, in seconds since 1970.
    pub checked: u64,
}

impl Entry {
    /// Returns when it was checked last, for people.
    pub fn date(&self) -> String {
        date(self.checked)
    }
}

fn date(seconds: u64) -> String {
    let time = UNIX_EPOCH.checked_add(std::time::Duration::from_secs(seconds));
    let time = time.filter(|_| seconds <= LATEST).unwrap_or(UNIX_EPOCH);
    humantime::format_rfc3339_seconds(time).to_string()
}

/// The end of the year 9999, the last that RFC 3339 can express.
const LATEST: u64 = 253_402_300_799;

/// Returns the current time in seconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// A line of a list; documented in fetool-check(1).
#[derive(Serialize, Deserialize)]
struct Line {
    path: String,
    /// The bytes of a path that is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
    size: u64,
    mtime: String,
    blake3: String,
    result: String,
    status: u8,
    checked: String,
}

impl Line {
    fn of(path: &Path, entry: &Entry) -> Self {
        Self {
            path: path.to_string_lossy().into_owned(),
            path_hex: hex_of(path),
            size: entry.size,
            mtime: entry.mtime.to_string(),
            blake3: entry.blake3.to_hex().to_string(),
            result: entry.result.clone(),
            status: entry.status,
            checked: entry.date(),
        }
    }

    fn entry(self) -> Option<(PathBuf, Entry)> {
        let path = match &self.path_hex {
            None => self.path.into(),
            Some(hex) => {
                let mut bytes = vec![0; hex.len() / 2];
                base16ct::mixed::decode(hex, &mut bytes).ok()?;
                OsString::from_vec(bytes)
            }
        };
        let checked = humantime::parse_rfc3339(&self.checked).ok()?;
        let entry = Entry {
            size: self.size,
            mtime: Time::parse(&self.mtime)?,
            blake3: blake3::Hash::from_hex(&self.blake3).ok()?,
            result: self.result,
            status: self.status,
            checked: checked.duration_since(UNIX_EPOCH).ok()?.as_secs(),
        };
        Some((PathBuf::from(path), entry))
    }
}

/// The entries of a list, by path.
pub type Record = BTreeMap<PathBuf, Entry>;

/// Returns the path that lists use for a file: `a` for `./a`.
pub fn key(path: &Path) -> &Path {
    path.strip_prefix(".").unwrap_or(path)
}

/// Reads a list; `None` if there is no file.
pub fn read(path: &Path) -> Result<Option<Record>, Failure> {
    let system = |error: io::Error| Failure::system(shown(path), &error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(system(error)),
    };
    let mut input = BufReader::new(file);
    let mut record = Record::new();
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let mut part = (&mut input).take(LINE_MAX);
        if part.read_until(b'\n', &mut line).map_err(system)? == 0 {
            break;
        }
        let entry = serde_json::from_slice(&line).ok().and_then(Line::entry);
        let (path, entry) = entry.ok_or_else(|| {
            Failure::usage(format!(
                "line {number} is no entry of a list that 'fetool check --record' wrote"
            ))
            .with_status(status::FORMAT)
            .about(shown(path))
            .hint("name another FILE, or remove this one to begin a new list")
        })?;
        record.insert(path, entry);
    }
    Ok(Some(record))
}

/// Locks an existing list, so that no other run replaces it. Returns `None` if there is no list, or if the file system
/// does not support locks.
pub fn lock(path: &Path) -> Result<Option<File>, Failure> {
    let system = |error: io::Error| Failure::system(shown(path), &error);
    loop {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(system(error)),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(path)),
            Err(TryLockError::Error(_)) => return Ok(None),
        }
        // The previous owner of the lock may have replaced the file.
        let id = |metadata: &Metadata| (metadata.dev(), metadata.ino());
        let locked = file.metadata().map_err(system)?;
        if std::fs::metadata(path).is_ok_and(|there| id(&there) == id(&locked)) {
            return Ok(Some(file));
        }
    }
}

fn in_use(path: &Path) -> Failure {
    Failure::usage("another run of fetool writes this list")
        .with_status(status::SYSTEM)
        .about(shown(path))
        .hint("wait until it has ended, or give each run a list of its own")
}

/// Writes a whole list and replaces an earlier one if it `exists`. Returns the lock on the new file.
pub fn write<'e>(
    path: &Path,
    entries: impl Iterator<Item = (&'e PathBuf, &'e Entry)>,
    exists: bool,
) -> Result<Option<File>, Failure> {
    let subjects = Subjects {
        output: shown(path),
        ..Subjects::default()
    };
    let target = Target::File {
        path: path.to_owned(),
        force: exists,
        sync: true,
    };
    let output = match Output::open(&target, Content::Opened, &[]) {
        Err(Refused::Exists) if !exists => return Err(in_use(path)),
        output => output.map_err(|e| subjects.refused(e))?,
    };
    // The temporary file is locked from its creation on.
    let lock = output.as_file().and_then(|file| file.try_clone().ok());
    let mut output = BufWriter::new(output);
    let write = || {
        for (path, entry) in entries {
            let line = json_line(&Line::of(path, entry));
            output.write_all(terminal_safe::json(&line).as_bytes())?;
        }
        output.flush()
    };
    let written = write();
    let written = written.and_then(|()| match output.into_inner() {
        Ok(output) => output.commit(),
        Err(error) => Err(error.into_error()),
    });
    match written {
        Ok(()) => Ok(lock),
        Err(error) if !exists && error.kind() == io::ErrorKind::AlreadyExists => Err(in_use(path)),
        Err(error) => Err(subjects.attribute(&Error::Write(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    fn entry(seconds: i64) -> Entry {
        Entry {
            size: u64::MAX,
            mtime: Time {
                seconds,
                nanoseconds: 7,
            },
            blake3: blake3::hash(b"a"),
            result: "authentic".to_owned(),
            status: 0,
            checked: 1_764_321_720,
        }
    }

    #[test]
    fn lists_keep_every_path_and_time() {
        let dir = tempfile::tempdir().unwrap();
        let list = dir.path().join("list");
        assert_eq!(read(&list).unwrap(), None);
        let paths: [&[u8]; 4] = [b"a", b"a\xff\n\"b", "\u{202e}\u{9b}".as_bytes(), b"\\x"];
        let record: Record = paths
            .iter()
            .zip([-5, i64::MIN, 0, i64::MAX])
            .map(|(path, seconds)| (PathBuf::from(OsStr::from_bytes(path)), entry(seconds)))
            .collect();
        write(&list, record.iter(), false).unwrap();
        assert_eq!(read(&list).unwrap(), Some(record));
        let text = std::fs::read_to_string(&list).unwrap();
        assert!(text.starts_with(
            "{\"path\":\"\\\\x\",\"size\":18446744073709551615,\"mtime\":\"9223372036854775807.000000007\","
        ) || text.starts_with("{\"path\":\"\\\\x\""), "{text}");
    }

    #[test]
    fn times() {
        let time = |seconds, nanoseconds| {
            Some(Time {
                seconds,
                nanoseconds,
            })
        };
        assert_eq!(Time::parse("5.000000001"), time(5, 1));
        assert_eq!(Time::parse("-5.999999999"), time(-5, 999_999_999));
        for bad in ["", "5", "5.1", "5.+00000001", "a.000000001", "5.0000000001"] {
            assert_eq!(Time::parse(bad), None, "{bad}");
        }
        assert_eq!(date(1_764_321_720), "2025-11-28T09:22:00Z");
        assert_eq!(date(u64::MAX), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let list = dir.path().join("list");
        let good = json_line(&Line::of(Path::new("a"), &entry(1)));
        let longest = format!("{}{good}", " ".repeat(LINE_MAX as usize));
        for bad in [
            "x\n".to_owned(),
            "\n".to_owned(),
            good.replace("\"size\":1", "\"size\":-1"),
            good.replace("000000007", "7"),
            good.replace("Z\"", "\""),
            good[..good.len() - 3].to_owned(),
            longest,
        ] {
            std::fs::write(&list, format!("{good}{bad}")).unwrap();
            let failure = read(&list).unwrap_err();
            assert_eq!(failure.status(), status::FORMAT);
            let what = "line 2 is no entry of a list that 'fetool check --record' wrote";
            assert_eq!(failure.message(), what, "{bad}");
        }
    }
}
