//! Extended attributes and access control lists.

use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fremovexattr, fsetxattr};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;

/// Attributes that users set. Everything else belongs to the system.
const PREFIX: &[u8] = b"user.";
const LISTS: [&[u8]; 2] = [b"system.posix_acl_access", b"system.posix_acl_default"];

/// The kind of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Extended attributes of users. Only who may write to the file can set them, so the mode must come later.
    User,
    /// Access control lists. They change the mode, and a mode changes them, so the mode must come first.
    List,
}

impl Kind {
    fn has(self, name: &[u8]) -> bool {
        match self {
            Self::User => name.starts_with(PREFIX),
            Self::List => LISTS.contains(&name),
        }
    }
}

/// Gives a file the attributes of this kind of another one, and removes all others of this kind.
///
/// # Errors
/// Those of the system, also if the file system has no attributes.
pub fn carry_over(from: &File, to: &File, kind: Kind) -> io::Result<()> {
    let (wanted, there) = (names(from, kind)?, names(to, kind));
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

/// Returns the names of the attributes of a kind; none if the file system has none.
fn names(file: &File, kind: Kind) -> io::Result<Vec<CString>> {
    let list = match read(|into| flistxattr(file, into)) {
        Err(error) if error.raw_os_error() == Some(Errno::OPNOTSUPP.raw_os_error()) => Vec::new(),
        list => list?,
    };
    let names = list.split_inclusive(|byte| *byte == 0);
    let names = names.filter_map(|name| CStr::from_bytes_with_nul(name).ok());
    let is_wanted = |name: &&CStr| kind.has(name.to_bytes());
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
