//! Asking for a passphrase on the terminal: never on standard input, which carries data.

use super::cleanup::{Silenced, die_of};
use signal_hook::consts::SIGINT;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use zeroize::Zeroizing;

const TERMINAL: &str = "/dev/tty";

/// Asks once, without echo, and takes the prompt off the screen again.
///
/// `None` when there is no terminal.
pub fn passphrase(prompt: &str) -> Option<io::Result<Zeroizing<String>>> {
    let mut terminal = OpenOptions::new()
        .read(true)
        .write(true)
        .open(TERMINAL)
        .ok()?;
    Some(ask(&mut terminal, prompt))
}

fn ask(terminal: &mut File, prompt: &str) -> io::Result<Zeroizing<String>> {
    // Before the prompt is there, so that nothing typed fast is shown.
    let silenced = Silenced::new(terminal.try_clone()?)?;
    let config = rpassword::ConfigBuilder::new().build();
    let asked = rpassword::prompt_password_with_config(prompt, config);
    if let Err(error) = &asked
        && error.kind() == io::ErrorKind::Interrupted
    {
        // Ctrl-C came as a character, since the terminal does not make signals meanwhile.
        die_of(SIGINT);
    }
    drop(silenced);
    let typed = Zeroizing::new(asked?);
    // Up a line, and clear it.
    terminal.write_all(b"\x1b[A\r\x1b[K")?;
    Ok(typed)
}
