//! Files of recipients or identities, line by line.

/// The maximum length of such a file in bytes.
pub const FILE_MAX: usize = 16 << 20;
/// The maximum length of a line in bytes, without its end.
const LINE_MAX: usize = 8 << 10;

/// A line that is neither empty nor a comment.
pub(super) struct Line<'a> {
    /// Its number, from 1.
    pub number: usize,
    /// Its text without the end.
    pub text: &'a str,
}

/// Returns the lines that are neither empty nor a comment, or the error in one. Lines end with LF or CR LF. No error
/// contains text of the file.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = Result<Line<'_>, String>> {
    let too_long = (bytes.len() > FILE_MAX)
        .then(|| Err(format!("the file is longer than {} MiB", FILE_MAX >> 20)));
    let whole = match too_long {
        Some(_) => &[],
        None => bytes,
    };
    let lines = whole.split(|&byte| byte == b'\n').enumerate();
    let lines = lines.filter_map(|(index, line)| {
        let number = index + 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > LINE_MAX {
            return Some(Err(format!(
                "line {number} is longer than {LINE_MAX} bytes"
            )));
        }
        match std::str::from_utf8(line) {
            Ok(text) if text.is_empty() || text.starts_with('#') => None,
            Ok(text) => Some(Ok(Line { number, text })),
            Err(_) => Some(Err(format!("line {number} is not UTF-8"))),
        }
    });
    too_long.into_iter().chain(lines)
}
