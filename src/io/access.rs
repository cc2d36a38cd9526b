//! Mode, group and owner of a file, copied to another without giving anybody more access than before.

use super::stat::Stat;
use nix::errno::Errno;
use nix::sys::stat::{FileStat, Mode, umask};
use nix::unistd::{Gid, Uid, fchown, getegid, geteuid};
use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::OnceLock;

/// Permissions for user, group and others. The set-user-ID and set-group-ID bits of a file are not copied.
const PERMISSIONS: u32 = 0o777;
const GROUP: u32 = 0o070;
/// The attribute of a file with an access control list.
const ACCESS_LIST: &str = "system.posix_acl_access";
/// A bit of directories only: new files get the directory's group.
const SET_GROUP_ID: u32 = 0o2000;
const STICKY: u32 = 0o1000;

/// The access rights that a file gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    mode: u32,
    user: u32,
    group: u32,
}

impl Access {
    /// Returns those of `file`, whose metadata is `metadata`. With `limited`, no more than the umask allows.
    pub fn of(file: &File, metadata: &Metadata, limited: bool) -> Self {
        Self::known(metadata, limited).without_list(|| {
            let mut nothing = [0u8; 0];
            rustix::fs::fgetxattr(file, ACCESS_LIST, &mut nothing).is_ok()
        })
    }

    /// Returns whether `file` has all that it can get of `source`, as far as that can be told without opening either.
    /// It belongs to the effective user, or to anybody if that is root.
    pub fn is_carried_over(source: &Stat, file: &Stat, limited: bool) -> bool {
        let owner = (source.user, source.group);
        Self::new(source.mode, owner, limited).is_given(file)
    }

    fn known(file: &Metadata, limited: bool) -> Self {
        Self::new(file.mode(), (file.uid(), file.gid()), limited)
    }

    /// An access control list is not copied. In a file with one, the group bits of the mode are the maximum for anybody
    /// in the list, not the rights of the group.
    fn without_list(mut self, has_list: impl FnOnce() -> bool) -> Self {
        if self.mode & GROUP != 0 && has_list() {
            self.mode = self.mode_for(false);
        }
        self
    }

    /// Returns those of the directory at `path`, with write permission for the user.
    pub fn of_directory(path: &Path, directory: &Metadata, limited: bool) -> Self {
        let special = directory.mode() & (SET_GROUP_ID | STICKY);
        let mut access = Self::known(directory, limited).without_list(|| {
            let mut nothing = [0u8; 0];
            rustix::fs::getxattr(path, ACCESS_LIST, &mut nothing).is_ok()
        });
        access.mode |= special | 0o700;
        access
    }

    /// Returns those of the directory at `path`, unchanged.
    pub fn of_source_directory(path: &Path, directory: &Stat, limited: bool) -> Self {
        let special = directory.mode & (SET_GROUP_ID | STICKY);
        let owner = (directory.user, directory.group);
        let mut access = Self::new(directory.mode, owner, limited).without_list(|| {
            let mut nothing = [0u8; 0];
            rustix::fs::getxattr(path, ACCESS_LIST, &mut nothing).is_ok()
        });
        access.mode |= special;
        access
    }

    /// Returns whether a file has all of them.
    pub fn is_given(self, file: &Stat) -> bool {
        let has_owner = file.user == self.user || !geteuid().is_root();
        has_owner && file.group == self.group && file.permissions() == self.mode
    }

    /// Returns those of an ordinary new directory.
    pub fn of_new_directory() -> Self {
        Self {
            mode: PERMISSIONS & !current_umask(),
            user: geteuid().as_raw(),
            group: getegid().as_raw(),
        }
    }

    /// Returns those of an ordinary new file.
    pub fn of_new_file() -> Self {
        let directory = Self::of_new_directory();
        Self {
            mode: directory.mode & 0o666,
            ..directory
        }
    }

    /// Returns those of a file that is replaced, which `open` opens. With `limited`, no more than the umask allows. A
    /// file of another user does not decide who may read the new one.
    pub fn of_replaced(
        file: &FileStat,
        limited: bool,
        open: impl FnOnce() -> Option<File>,
    ) -> Option<Self> {
        let ours = file.st_uid == geteuid().as_raw();
        let access = Self::new(file.st_mode, (file.st_uid, file.st_gid), limited);
        ours.then(|| {
            access.without_list(|| {
                let mut nothing = [0u8; 0];
                // One that cannot be read may have a list.
                open().is_none_or(|file| {
                    rustix::fs::fgetxattr(file, ACCESS_LIST, &mut nothing).is_ok()
                })
            })
        })
    }

    fn new(mode: u32, (user, group): (u32, u32), limited: bool) -> Self {
        let mask = if limited { current_umask() } else { 0 };
        Self {
            mode: mode & PERMISSIONS & !mask,
            user,
            group,
        }
    }

    /// Gives a new file, which belongs to the effective user, the owner (as root), the group (if the system allows
    /// that), and then the mode. If it keeps another group, that group gets no more than others.
    ///
    /// # Errors
    /// Those of the system, also if the file system has no modes.
    pub fn give(self, file: &File) -> io::Result<()> {
        let now = file.metadata()?;
        if now.uid() != self.user && geteuid().is_root() {
            allowed(fchown(file, Some(Uid::from_raw(self.user)), None))?;
        }
        let is_same = now.gid() == self.group
            || allowed(fchown(file, None, Some(Gid::from_raw(self.group))))?;
        file.set_permissions(Permissions::from_mode(self.mode_for(is_same)))
    }

    /// Returns whether a file has the mode after [`give`](Self::give): not all file systems keep it.
    pub fn is_kept_by(self, file: &Stat) -> bool {
        file.permissions() == self.mode_for(file.group == self.group)
    }

    fn mode_for(self, same_group: bool) -> u32 {
        if same_group {
            return self.mode;
        }
        let others = (self.mode & 0o007) << 3;
        self.mode & !SET_GROUP_ID & !(GROUP & !others)
    }
}

/// Returns whether a change of owner or group succeeded. File systems whose files all have one owner refuse it, and so
/// does a namespace without that user.
fn allowed(changed: nix::Result<()>) -> io::Result<bool> {
    match changed.map_err(io::Error::from) {
        Ok(()) => Ok(true),
        Err(error) if is_unsupported(&error) => Ok(false),
        Err(error) if error.raw_os_error() == Some(Errno::EINVAL as i32) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns whether an error means that the file system keeps no modes or times, not even of new files.
pub fn is_unsupported(error: &io::Error) -> bool {
    let unsupported = [
        Errno::EPERM,
        Errno::ENOSYS,
        Errno::EOPNOTSUPP,
        Errno::EACCES,
    ];
    let code = error.raw_os_error().map(Errno::from_raw);
    code.is_some_and(|code| unsupported.contains(&code))
}

/// Returns the process's umask. It is read once, by setting it, since not every system has another way. A file that
/// another thread creates meanwhile is only more private.
pub fn current_umask() -> u32 {
    static UMASK: OnceLock<u32> = OnceLock::new();
    *UMASK.get_or_init(|| {
        let mask = umask(Mode::from_bits_truncate(0o077));
        umask(mask);
        mask.bits()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_group_gets_no_more_than_others() {
        let access = |mode| Access {
            mode,
            user: 0,
            group: 0,
        };
        for (mode, other_group) in [
            (0o640, 0o600),
            (0o664, 0o644),
            (0o666, 0o666),
            (0o751, 0o711),
            (0o770, 0o700),
        ] {
            assert_eq!(access(mode).mode_for(true), mode);
            assert_eq!(access(mode).mode_for(false), other_group, "{mode:o}");
        }
    }
}
