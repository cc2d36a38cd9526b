//! Plugins of age wrap and unwrap the keys of many files at once: one process, one PIN and one touch a batch.

use super::keys::{Key, Keys};
use super::recipients::SealFor;
use crossbeam::channel::{Receiver, Sender};
use fetool::format::age::Age;
use fetool::{Error, FileKey, Identity, Open, Stanza, UnwrapKey};
use nix::fcntl::OFlag;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// So many files are waited for before a plugin is started.
pub const BATCH: usize = 1000;

/// What the keys of files are needed for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum For {
    Opening,
    /// It matters which of the stanzas an identity opens.
    Rekeying,
}

impl Keys {
    /// Whether a plugin is needed, so that files are better handed over in batches.
    pub fn have_plugins(&self) -> bool {
        self.all().any(|key| matches!(key, Key::Plugin(_)))
    }

    /// Passes items on after the plugins have unwrapped the keys of the files at their paths.
    pub fn pass_on<T>(
        &self,
        items: &Receiver<T>,
        to: &Sender<T>,
        path: impl Fn(&T) -> Option<&Path>,
    ) {
        in_batches(items, to, |batch| {
            self.prepare_files(batch.iter().filter_map(&path), For::Opening);
        });
    }

    /// Has the plugins unwrap the keys of files. Errors appear when the files are opened.
    pub fn prepare_files<'p>(&self, paths: impl IntoIterator<Item = &'p Path>, purpose: For) {
        if !self.have_plugins() {
            return;
        }
        // As they are tried: the plugins last.
        let opens_without = |stanzas: &Vec<Stanza>| {
            self.all().any(|key| match key {
                Key::Identities(list) => list
                    .iter()
                    .any(|identity| matches!(identity.unwrap_key(stanzas), Ok(Some(_)))),
                _ => false,
            })
        };
        let files = paths.into_iter().filter_map(stanzas);
        let mut files: Vec<_> = match purpose {
            For::Opening => files.filter(|file| !opens_without(file)).collect(),
            For::Rekeying => files.collect(),
        };
        if purpose == For::Rekeying {
            let several = files.iter().filter(|stanzas| stanzas.len() > 1);
            let each: Vec<_> = several
                .flatten()
                .map(|stanza| vec![stanza.clone()])
                .collect();
            files.extend(each);
        }
        for key in self.all() {
            if let Key::Plugin(plugin) = key {
                let _ = plugin.identities.prepare(&files);
            }
        }
    }
}

/// Passes items on after plugins have wrapped keys for as many new files.
pub fn pass_on_to_seal<T>(recipients: &[SealFor], items: &Receiver<T>, to: &Sender<T>) {
    in_batches(items, to, |batch| stock(recipients, batch.len()));
}

/// Has plugins wrap keys for the first files: so many that a small tree takes one process of each.
pub fn stock_first(recipients: &[SealFor]) {
    stock(recipients, 64);
}

fn stock(recipients: &[SealFor], files: usize) {
    let mut plugins = recipients.iter().filter_map(SealFor::as_plugin);
    // Each file tells what went wrong.
    if let Some(Ok(keys)) = plugins.next().map(|first| first.stock(files))
        && !keys.is_empty()
    {
        plugins.for_each(|plugin| drop(plugin.prepare(&keys)));
    }
}

fn in_batches<T>(items: &Receiver<T>, to: &Sender<T>, prepare: impl Fn(&[T])) {
    loop {
        let batch: Vec<T> = items.iter().take(BATCH).collect();
        if batch.is_empty() {
            return;
        }
        prepare(&batch);
        for item in batch {
            if to.send(item).is_err() {
                return;
            }
        }
    }
}

/// The stanzas of an age file.
fn stanzas(path: &Path) -> Option<Vec<Stanza>> {
    let found = Recorder::default();
    // It ends with the error that this identity opens nothing.
    let _ = Open::new(Identity::unwrapping(&found))
        .among(&[&Age])
        .start(open(path).ok()?);
    let stanzas = found.0.into_inner();
    stanzas.unwrap_or_else(PoisonError::into_inner)
}

/// Opens a regular file, and waits for nobody.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NONBLOCK.bits();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::from(io::ErrorKind::InvalidInput)),
    }
}

/// Notes what it is asked for, and opens nothing.
#[derive(Default)]
struct Recorder(Mutex<Option<Vec<Stanza>>>);

impl UnwrapKey for Recorder {
    fn unwrap_key(&self, stanzas: &[Stanza]) -> Result<Option<FileKey>, Error> {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.get_or_insert_with(|| stanzas.to_vec());
        Ok(None)
    }
}
