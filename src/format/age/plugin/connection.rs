//! A plugin's process, and what both protocols share.

use super::super::strict_base64::unpadded;
use super::Plugin;
use super::messages::{Fault, Messages};
use crate::{Error, Stanza, plain};
use base64::Engine;
use command_fds::{CommandFdExt, FdMapping};
use std::env;
use std::fs::File;
use std::io::Write;
use std::os::fd::RawFd;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// After a silence this long, the caller gets a notice (`PluginInteraction::waiting`).
const NOTICE: Duration = Duration::from_secs(5);
/// How often to ask the caller whether it still waits for the plugin.
const LOOK: Duration = Duration::from_millis(100);
/// The time that a plugin that has finished has to exit.
const GRACE: Duration = Duration::from_secs(2);
/// The maximum number of messages of a plugin that concern no file.
const MESSAGES_MAX: usize = 1000;
/// The maximum length of a text that is shown, in bytes.
const TEXT_MAX: usize = 4096;

/// What was read from the plugin.
type Received = Result<Stanza, Fault>;

/// A running plugin.
pub(super) struct Connection<'a> {
    plugin: &'a Plugin,
    child: Child,
    /// The thread that writes: a plugin that does not read must not block the caller.
    to: Option<Sender<Zeroizing<Vec<u8>>>>,
    from: Receiver<Received>,
    messages_left: usize,
}

/// How to handle a message of the plugin.
pub(super) enum Next {
    /// It belongs to the current protocol.
    Message(Stanza),
    /// It was answered already.
    Answered,
    /// The plugin has finished.
    Done,
}

impl<'a> Connection<'a> {
    /// Starts a plugin, which may send some messages for each of this many items.
    pub fn start(plugin: &'a Plugin, protocol: &str, things: usize) -> Result<Self, Error> {
        let mut child = spawn(plugin, protocol)
            .map_err(|error| plugin.failed(format!("cannot be started: {}", plain(&error))))?;
        let input = child.stdin.take().expect("it is a pipe");
        let output = child.stdout.take().expect("it is a pipe");
        let (to, texts) = channel();
        let (messages, from) = sync_channel(1);
        let mut connection = Self {
            plugin,
            child,
            to: Some(to),
            from,
            messages_left: MESSAGES_MAX.saturating_add(things.saturating_mul(16)),
        };
        // From here on the process is always ended. The threads end when its pipes close; nobody waits for them, since
        // a process that the plugin leaves behind may keep the pipes open.
        let started = thread::Builder::new()
            .name("plugin input".to_owned())
            .spawn(move || write(input, &texts))
            .and_then(|_| {
                thread::Builder::new()
                    .name("plugin output".to_owned())
                    .spawn(move || {
                        let mut output = Messages::new(output);
                        loop {
                            let message = output.next();
                            let ends = message.is_err();
                            if messages.send(message).is_err() || ends {
                                return;
                            }
                        }
                    })
            });
        match started {
            Ok(_) => Ok(connection),
            Err(error) => {
                connection.to = None;
                Err(Error::Thread(error))
            }
        }
    }

    /// Sends a message that gets no answer.
    pub fn send(&self, kind: &str, args: &[&str], body: &[u8]) {
        // Allocated at once: a vector that grows leaves copies behind.
        let len = 256 + 2 * body.len() + args.iter().map(|arg| arg.len() + 1).sum::<usize>();
        let mut texts = Zeroizing::new(Vec::with_capacity(len));
        let stanza = Stanza {
            kind: kind.to_owned(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            body: body.to_vec(),
        };
        stanza.encode(&mut texts);
        wipe(stanza);
        if let Some(to) = &self.to {
            // A plugin that has gone is noticed when it does not answer.
            let _ = to.send(texts);
        }
    }

    /// Sends `ok`, or the answer to a question.
    pub fn ok(&self, args: &[&str], body: &[u8]) {
        self.send("ok", args, body);
    }

    /// Waits for the next message. Answers it if it is unknown, or one that both protocols share.
    pub fn next(&mut self, known: &[&str]) -> Result<Next, Error> {
        let message = self.receive()?;
        let text = || text(&message.body);
        let Plugin {
            name, interaction, ..
        } = self.plugin;
        match (message.kind.as_str(), &message.args[..]) {
            ("done", _) => return Ok(Next::Done),
            (kind, _) if known.contains(&kind) => return Ok(Next::Message(message)),
            ("msg", _) => match interaction.message(name, &text()) {
                true => self.ok(&[], b""),
                false => self.send("fail", &[], b""),
            },
            ("confirm", args @ ([_] | [_, _])) => {
                let choices: Option<Vec<_>> = args.iter().map(|arg| choice(arg)).collect();
                let choices = choices
                    .ok_or_else(|| self.broke("the choices of a question are not in base64"))?;
                let no = choices.get(1).map(String::as_str);
                match interaction.confirm(name, &text(), &choices[0], no) {
                    Some(true) => self.ok(&["yes"], b""),
                    Some(false) => self.ok(&["no"], b""),
                    None => self.send("fail", &[], b""),
                }
            }
            ("confirm", _) => return Err(self.broke("a question without choices")),
            (kind @ ("request-public" | "request-secret"), _) => {
                match interaction.request(name, &text(), kind == "request-secret") {
                    Some(answer) => self.ok(&[], answer.as_bytes()),
                    None => self.send("fail", &[], b""),
                }
            }
            _ => self.send("unsupported", &[], b""),
        }
        Ok(Next::Answered)
    }

    fn receive(&mut self) -> Result<Stanza, Error> {
        self.messages_left = self
            .messages_left
            .checked_sub(1)
            .ok_or_else(|| self.broke("it sends messages without end"))?;
        match self.wait_for_message()? {
            Ok(Ok(message)) => Ok(message),
            Ok(Err(Fault::Invalid(what))) => Err(self.broke(what)),
            Ok(Err(Fault::Read(error))) => Err(self.plugin.failed(plain(&error))),
            Ok(Err(Fault::Closed)) | Err(RecvTimeoutError::Disconnected) => {
                let status = self.wait();
                let how = status.map_or("closed its output".to_owned(), |status| {
                    format!("ended with {status}")
                });
                Err(self.plugin.failed(format!("{how} before it was done")))
            }
            Err(RecvTimeoutError::Timeout) => Err(self.plugin.failed(format!(
                "does not answer: it was silent for {} seconds",
                self.plugin.patience.as_secs()
            ))),
        }
    }

    /// Waits as long as the plugin may be silent, or until the caller no longer waits.
    fn wait_for_message(&mut self) -> Result<Result<Received, RecvTimeoutError>, Error> {
        let Plugin {
            name,
            interaction,
            patience,
            ..
        } = self.plugin;
        let begin = Instant::now();
        let (mut told, mut has_ended) = (false, false);
        loop {
            let left = patience.saturating_sub(begin.elapsed());
            match self.from.recv_timeout(left.min(LOOK)) {
                // A child of the plugin may keep its output open: nothing more will come.
                Err(RecvTimeoutError::Timeout) if has_ended => {
                    return Ok(Err(RecvTimeoutError::Disconnected));
                }
                Err(RecvTimeoutError::Timeout) if !left.is_zero() => {}
                received => return Ok(received),
            }
            has_ended = matches!(self.child.try_wait(), Ok(Some(_)));
            if interaction.is_stopped() {
                return Err(Error::Stopped);
            }
            if !told && begin.elapsed() >= NOTICE {
                interaction.waiting(name);
                told = true;
            }
        }
    }

    /// Returns the error for a plugin that breaks a rule of the protocol.
    pub fn broke(&self, what: &str) -> Error {
        self.plugin
            .failed(format!("broke the plugin protocol: {what}"))
    }

    /// Returns an error that the plugin itself reports.
    pub fn told(&self, text: &str) -> Error {
        self.plugin.failed(text)
    }

    /// Closes the pipe to the plugin, and waits a short time for it to exit.
    fn wait(&mut self) -> Option<ExitStatus> {
        self.to = None;
        let until = Instant::now() + GRACE;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(2)),
                _ => return None,
            }
        }
    }

    /// Ends the process, which has finished.
    pub fn finish(mut self) {
        self.wait();
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        // This does nothing to a process that has exited. One that waits for hardware may not exit even now.
        let _ = self.child.kill();
        self.wait();
    }
}

/// Starts the process with only what it needs.
fn spawn(plugin: &Plugin, protocol: &str) -> std::io::Result<Child> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the variables that secrets came from are taken out of its environment"
    )]
    let mut command = Command::new(&plugin.program);
    for name in &plugin.without_variables {
        command.env_remove(name);
    }
    // Never the current directory, which anybody may control.
    let directory = env::temp_dir();
    let directory = match directory.is_absolute() && directory.is_dir() {
        true => directory,
        false => "/".into(),
    };
    let debug = env::var_os("AGEDEBUG").is_some_and(|value| value == "plugin");
    command
        .arg(format!("--age-plugin={protocol}"))
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(match debug {
            true => Stdio::inherit(),
            false => Stdio::null(),
        });
    hide(&mut command, plugin.without_descriptors.clone())?;
    command.spawn()
}

/// Gives the process `/dev/null` for these descriptors, which are open here.
fn hide(command: &mut Command, mut numbers: Vec<RawFd>) -> std::io::Result<()> {
    // The standard ones are its own.
    numbers.retain(|number| *number > 2);
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.is_empty() {
        return Ok(());
    }
    let nothing = File::open("/dev/null")?;
    let mappings = numbers.into_iter().map(|child_fd| {
        let parent_fd = nothing.try_clone()?.into();
        Ok(FdMapping {
            parent_fd,
            child_fd,
        })
    });
    let mappings = mappings.collect::<std::io::Result<_>>()?;
    let set = command.fd_mappings(mappings);
    set.map(drop).map_err(std::io::Error::other)
}

fn write(mut input: ChildStdin, texts: &Receiver<Zeroizing<Vec<u8>>>) {
    for text in texts {
        if input.write_all(&text).is_err() {
            return;
        }
    }
}

/// Returns a plugin's text for display: with bounded length, and without control characters.
pub(super) fn text(body: &[u8]) -> String {
    let body = &body[..body.len().min(TEXT_MAX)];
    let text = String::from_utf8_lossy(body);
    let shown = |character: char| match character {
        '\n' => '\n',
        _ if character.is_control() => '\u{FFFD}',
        _ => character,
    };
    text.chars()
        .map(shown)
        .collect::<String>()
        .trim_end()
        .to_owned()
}

/// Like [`text`], on one line.
pub(super) fn line(body: &[u8]) -> String {
    match text(body) {
        text if text.is_empty() => "it failed, and does not say why".to_owned(),
        text => text.replace('\n', " "),
    }
}

fn choice(arg: &str) -> Option<String> {
    unpadded().decode(arg).ok().map(|bytes| line(&bytes))
}

/// Parses an index as the protocol writes it, if it is below `count`.
pub(super) fn index(arg: &str, count: usize) -> Option<usize> {
    let index: usize = arg.parse().ok()?;
    (index < count && index.to_string() == arg).then_some(index)
}

/// Drops and wipes a message that may have a secret in its arguments or its body.
pub(super) fn wipe(stanza: Stanza) {
    drop(Zeroizing::new(stanza.args));
    drop(Zeroizing::new(stanza.body));
}
