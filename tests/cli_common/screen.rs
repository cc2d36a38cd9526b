//! A pseudo-terminal for `fetool`, with somebody in front of it.

use super::{Ended, Fetool, Job, default_signals, spawning, until};
use nix::sys::termios::{LocalFlags, tcgetattr};
use pty_process::blocking::{Command, Pty, open};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// A process on a terminal.
pub struct Screen {
    pty: Pty,
    /// Kept open: without any descriptor on that side, reading ends.
    pub other_side: OwnedFd,
    seen: Arc<Mutex<Vec<u8>>>,
    reading: JoinHandle<()>,
    pub job: Job,
}

impl Fetool {
    /// Starts it on a terminal, which is its standard input, output and error except where
    /// something else was said.
    pub fn on_terminal(mut self) -> Screen {
        let spawning = spawning();
        let (pty, pts) = open().expect("the system has pseudo-terminals");
        pty.resize(pty_process::Size::new(24, 80))
            .expect("it has a size");
        let mut command = Command::from(self.command);
        if self.input.is_some() {
            command = command.stdin(Stdio::piped());
        } else if let Some(stdin) = self.stdin.take() {
            command = command.stdin(stdin);
        }
        if let Some(stdout) = self.stdout.take() {
            command = command.stdout(stdout);
        }
        if let Some(stderr) = self.stderr.take() {
            command = command.stderr(stderr);
        }
        // SAFETY: what is called between fork and exec is async-signal-safe.
        let command = unsafe { command.pre_exec(default_signals) };
        let other_side = pts
            .as_fd()
            .try_clone_to_owned()
            .expect("one more descriptor");
        let child = command.spawn(pts).expect("the program starts");
        drop(spawning);
        let job = Job::new(child, self.input);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let reading = thread::spawn({
            let seen = seen.clone();
            let mut from = File::from(
                pty.as_fd()
                    .try_clone_to_owned()
                    .expect("one more descriptor"),
            );
            move || {
                let mut bytes = [0; 4096];
                // At the end Linux has an error (EIO) in place of an end of file.
                while let Ok(read @ 1..) = from.read(&mut bytes) {
                    seen.lock().unwrap().extend(&bytes[..read]);
                }
            }
        });
        Screen {
            pty,
            other_side,
            seen,
            reading,
            job,
        }
    }
}

impl Screen {
    /// What was shown so far.
    pub fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }

    /// Waits until this is shown.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        until(&format!("{text:?} is shown"), || self.seen().contains(text));
    }

    /// Makes it so many columns wide.
    pub fn resize(&self, columns: u16) {
        self.pty
            .resize(pty_process::Size::new(24, columns))
            .expect("it has a size");
    }

    /// Whether what is typed is shown.
    pub fn echoes(&self) -> bool {
        let settings = tcgetattr(&self.pty).expect("it is a terminal");
        settings.local_flags.contains(LocalFlags::ECHO)
    }

    pub fn types(&self, text: impl AsRef<[u8]>) {
        (&self.pty).write_all(text.as_ref()).expect("it is open");
    }

    /// Waits for a prompt that does not echo, and answers it.
    #[track_caller]
    pub fn answers(&self, prompt: &str, answer: impl AsRef<[u8]>) {
        self.shows(prompt);
        until("there is no echo", || !self.echoes());
        self.types(answer);
    }

    /// Waits for the process's end: how it ended, and all that was shown.
    #[track_caller]
    pub fn end(self) -> (Ended, String) {
        let ended = self.job.end();
        drop(self.other_side);
        self.reading.join().expect("reading works");
        let seen = self.seen.lock().unwrap();
        (ended, String::from_utf8_lossy(&seen).into_owned())
    }
}
