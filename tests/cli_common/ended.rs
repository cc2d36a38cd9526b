//! What to demand of a process's end.

use nix::sys::signal::Signal;
use std::os::unix::process::ExitStatusExt;
use std::process::Output;

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    pub output: Output,
}

impl Ended {
    /// Status 0 and nothing on standard error; standard output.
    #[track_caller]
    pub fn succeeds(self) -> Vec<u8> {
        self.succeeds_saying("")
    }

    /// Status 0 and this on standard error; standard output.
    #[track_caller]
    pub fn succeeds_saying(self, stderr: &str) -> Vec<u8> {
        assert_eq!(self.stderr(), stderr);
        assert_eq!(
            self.output.status.code(),
            Some(0),
            "{:?}",
            self.output.status
        );
        self.output.stdout
    }

    /// This status, and just this on standard error; nothing on standard output.
    #[track_caller]
    pub fn fails(self, status: i32, stderr: &str) {
        let stdout = self.fails_after_output(status, stderr);
        assert_eq!(String::from_utf8_lossy(&stdout), "", "standard output");
    }

    /// This status, and just this on standard error; standard output.
    #[track_caller]
    pub fn fails_after_output(self, status: i32, stderr: &str) -> Vec<u8> {
        assert_eq!(self.stderr(), stderr);
        assert_eq!(
            self.output.status.code(),
            Some(status),
            "{:?}",
            self.output.status
        );
        self.output.stdout
    }

    /// Killed by this signal, in silence.
    #[track_caller]
    pub fn dies_of(self, signal: Signal) {
        assert_eq!(self.stderr(), "");
        assert_eq!(
            self.output.status.signal(),
            Some(signal as i32),
            "{:?}",
            self.output.status
        );
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub fn code(&self) -> Option<i32> {
        self.output.status.code()
    }
}
