//! Standard descriptors that were closed when fetool started: `<&-` and `>&-` in a shell.
//!
//! They must not behave like `/dev/null`: the output would be lost, or an empty input sealed, with status 0.

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout};
use std::io;

#[cfg(target_os = "linux")]
const UNUSABLE: OFlag = OFlag::O_PATH;
#[cfg(not(target_os = "linux"))]
const UNUSABLE: OFlag = OFlag::O_RDONLY;

/// Replaces the `/dev/null` that Rust's runtime opened for each closed descriptor with the root directory, which cannot
/// be read or written, by whatever name it is opened again (`/dev/stdout`, `fd:1`). The number stays in use, so that no
/// other file gets it.
pub fn plug() -> io::Result<()> {
    let [stdin, stdout, stderr] = fetool::closed_at_start();
    if !(stdin || stdout || stderr) {
        return Ok(());
    }
    let nothing = open("/", UNUSABLE | OFlag::O_CLOEXEC, Mode::empty())?;
    if stdin {
        dup2_stdin(&nothing)?;
    }
    if stdout {
        dup2_stdout(&nothing)?;
    }
    if stderr {
        dup2_stderr(&nothing)?;
    }
    Ok(())
}

/// Fails if standard input was closed.
pub fn check_stdin() -> io::Result<()> {
    let [stdin, _, _] = fetool::closed_at_start();
    check(stdin)
}

/// Fails if standard output was closed.
pub fn check_stdout() -> io::Result<()> {
    let [_, stdout, _] = fetool::closed_at_start();
    check(stdout)
}

fn check(closed: bool) -> io::Result<()> {
    if closed {
        return Err(io::Error::other("the file descriptor is closed"));
    }
    Ok(())
}
