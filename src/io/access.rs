//! Who may do what with a file: mode, group and owner, carried over from one file to another without
//! giving anybody more than they had.

use super::stat::Stat;
use nix::errno::Errno;
use nix::sys::stat::{FileStat, Mode, umask};
use nix::unistd::{Gid, Uid, fchown, getegid, geteuid};
use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::OnceLock;

/// Permissions for user, group and others; set-user-ID and set-group-ID bits of a file are not carried
/// over.
const PERMISSIONS: u32 = 0o777;
const GROUP: u32 = 0o070;
/// The attribute that a file with an access control list has.
const ACCESS_LIST: &str = "system.posix_acl_access";
/// What a directory has besides: new files get its group, and belong to their owners alone.
const SET_GROUP_ID: u32 = 0o2000;
const STICKY: u32 = 0o1000;

/// What a file gets from another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    mode: u32,
    user: u32,
    group: u32,
}

impl Access {
    /// That of `file`, of which `metadata` is known. With `limited`, no more than the umask leaves.
    pub fn of(file: &File, metadata: &Metadata, limited: bool) -> Self {
        Self::known(metadata, limited).without_list(|| {
            let mut nothing = [0u8; 0];
            rustix::fs::fgetxattr(file, ACCESS_LIST, &mut nothing).is_ok()
        })
    }

    /// Whether a file that belongs to the effective user, or to anybody as root, has all that it can get
    /// of `source`, as far as that can be told without opening either.
    pub fn is_carried_over(source: &Stat, file: &Stat, limited: bool) -> bool {
        let owner = (source.user, source.group);
        Self::new(source.mode, owner, limited).is_given(file)
    }

    fn known(file: &Metadata, limited: bool) -> Self {
        Self::new(file.mode(), (file.uid(), file.gid()), limited)
    }

    /// An access control list is not carried over. With one, what the mode says of the group is the
    /// most that anybody in the list has, and not what the group has.
    fn without_list(mut self, has_list: impl FnOnce() -> bool) -> Self {
        if self.mode & GROUP != 0 && has_list() {
            self.mode = self.mode_for(false);
        }
        self
    }

    /// That of the directory at `path`, in which the user must be able to write.
    pub fn of_directory(path: &Path, directory: &Metadata, limited: bool) -> Self {
        let special = directory.mode() & (SET_GROUP_ID | STICKY);
        let mut access = Self::known(directory, limited).without_list(|| {
            let mut nothing = [0u8; 0];
            rustix::fs::getxattr(path, ACCESS_LIST, &mut nothing).is_ok()
        });
        access.mode |= special | 0o700;
        access
    }

    /// That of the directory at `path`, as it is.
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

    /// Whether a file has all of it.
    pub fn is_given(self, file: &Stat) -> bool {
        let has_owner = file.user == self.user || !geteuid().is_root();
        has_owner && file.group == self.group && file.permissions() == self.mode
    }

    /// That of a directory which is made as any other.
    pub fn of_new_directory() -> Self {
        Self {
            mode: PERMISSIONS & !current_umask(),
            user: geteuid().as_raw(),
            group: getegid().as_raw(),
        }
    }

    /// That of a file which is made as any other.
    pub fn of_new_file() -> Self {
        let directory = Self::of_new_directory();
        Self {
            mode: directory.mode & 0o666,
            ..directory
        }
    }

    /// That of a file that is replaced, which `open` opens. With `limited`, no more than the umask
    /// leaves. The file of another user says nothing about who may read the new one.
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

    /// Gives a new file, which belongs to the effective user, this owner (as root), this group (where
    /// the system allows that), and then this mode. Where the group stays another one, it gets no more
    /// than others have.
    ///
    /// # Errors
    /// Those of a file system that has no modes, too.
    pub fn give(self, file: &File) -> io::Result<()> {
        let now = file.metadata()?;
        if now.uid() != self.user && geteuid().is_root() {
            allowed(fchown(file, Some(Uid::from_raw(self.user)), None))?;
        }
        let is_same = now.gid() == self.group
            || allowed(fchown(file, None, Some(Gid::from_raw(self.group))))?;
        file.set_permissions(Permissions::from_mode(self.mode_for(is_same)))
    }

    /// Whether a file that was given this has the mode: not all file systems keep it.
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

/// Whether a file has another owner or group now. Some file systems refuse that, where a file has always the
/// same owner, and so does a namespace without that user.
fn allowed(changed: nix::Result<()>) -> io::Result<bool> {
    match changed.map_err(io::Error::from) {
        Ok(()) => Ok(true),
        Err(error) if is_unsupported(&error) => Ok(false),
        Err(error) if error.raw_os_error() == Some(Errno::EINVAL as i32) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether an error says that a file system keeps no modes or times, as it says of files that were
/// just made.
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

/// The process's umask. It is read once, by setting it, since not every system tells it otherwise; a
/// file that another thread makes in between is the more private for it.
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
