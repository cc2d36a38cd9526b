//! Extended attributes and access control lists.

use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fremovexattr, fsetxattr};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;

/// Attributes that users set. Everything else belongs to the system.
const PREFIX: &[u8] = b"user.";
const LISTS: [&[u8]; 2] = [b"system.posix_acl_access", b"system.posix_acl_default"];

/// Gives a file the attributes of another one, and removes all others.
///
/// # Errors
/// Those of the system, also if the file system has no attributes.
pub fn carry_over(from: &File, to: &File) -> io::Result<()> {
    let (wanted, there) = (names(from)?, names(to));
    for name in there.into_iter().flatten() {
        if !wanted.contains(&name) {
            fremovexattr(to, &name)?;
        }
    }
    for name in wanted {
        let value = read(|into| fgetxattr(from, &name, into))?;
        fsetxattr(to, &name, &value, XattrFlags::empty())?;
    }
    Ok(())
}

/// Returns the names of the attributes that are copied; none if the file system has none.
fn names(file: &File) -> io::Result<Vec<CString>> {
    let list = match read(|into| flistxattr(file, into)) {
        Err(error) if error.raw_os_error() == Some(Errno::OPNOTSUPP.raw_os_error()) => Vec::new(),
        list => list?,
    };
    let names = list.split_inclusive(|byte| *byte == 0);
    let names = names.filter_map(|name| CStr::from_bytes_with_nul(name).ok());
    let is_wanted = |name: &&CStr| {
        let name = name.to_bytes();
        name.starts_with(PREFIX) || LISTS.contains(&name)
    };
    Ok(names.filter(is_wanted).map(CStr::to_owned).collect())
}

/// Reads something of unknown length.
fn read(get: impl Fn(&mut [u8]) -> Result<usize, Errno>) -> io::Result<Vec<u8>> {
    /// The maximum on Linux.
    const MOST: usize = 64 << 10;
    let mut bytes = vec![0; 1024];
    loop {
        match get(&mut bytes) {
            Err(Errno::RANGE) if bytes.len() < MOST => bytes = vec![0; MOST],
            got => {
                bytes.truncate(got?);
                return Ok(bytes);
            }
        }
    }
}
