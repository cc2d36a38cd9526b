//! The mount points in /etc/fstab, which has the file systems that should be mounted.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// Returns the mount points in the order of the file; none if it cannot be read.
pub fn mount_points() -> Vec<PathBuf> {
    let table = fs::read("/etc/fstab").unwrap_or_default();
    parsed(&table)
}

fn parsed(table: &[u8]) -> Vec<PathBuf> {
    let lines = table.split(|byte| *byte == b'\n');
    lines.filter_map(mount_point).collect()
}

/// Returns the second field of a line, unless the line is about swap space.
fn mount_point(line: &[u8]) -> Option<PathBuf> {
    let mut fields = line
        .split(u8::is_ascii_whitespace)
        .filter(|field| !field.is_empty());
    let device = fields.next()?;
    let path = PathBuf::from(OsString::from_vec(unescaped(fields.next()?)));
    let is_comment = device.starts_with(b"#");
    (!is_comment && path.is_absolute() && path != Path::new("/")).then_some(path)
}

/// Decodes blanks, which are written as a backslash and three octal digits.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let octal = after.get(..3).filter(|_| *first == b'\\');
        let octal = octal.and_then(|octal| u8::from_str_radix(str::from_utf8(octal).ok()?, 8).ok());
        bytes.push(octal.unwrap_or(*first));
        rest = &after[if octal.is_some() { 3 } else { 0 }..];
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_of_a_table() {
        let table = b"# a comment\n\
                      /dev/sda1 / ext4 defaults 0 1\n\
                      UUID=1-2\t/home/x/my\\040disk\\134 ext4 nofail 0 2\n\
                      \n  LABEL=a   /mnt\\9 \n\
                      /dev/sda2 none swap sw 0 0\n\
                      broken";
        let found = parsed(table);
        assert_eq!(found, ["/home/x/my disk\\", "/mnt\\9"].map(PathBuf::from));
    }
}
