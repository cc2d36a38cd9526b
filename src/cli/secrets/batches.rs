//! age plugins wrap and unwrap the keys of many files at once: one process, one PIN and one touch for each batch.

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

/// This many files are collected before a plugin is started,
pub const BATCH: usize = 1000;

/// and no more bytes of stanzas than this, except for the last file's.
const BATCH_LEN: usize = 8 << 20;

/// The purpose of the keys of files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum For {
    Opening,
    /// Rekeying must know which of the stanzas an identity opens.
    Rekeying,
}

impl Keys {
    /// Returns whether a plugin may be needed: then files should come in batches.
    pub fn may_need_plugins(&self) -> bool {
        self.pool.may_be_needed()
    }

    /// Passes items on after plugins have unwrapped the keys of the files at their paths.
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

    /// Makes the plugins unwrap the keys of files. Errors appear when the files are opened.
    pub fn prepare_files<'p>(&self, paths: impl IntoIterator<Item = &'p Path>, purpose: For) {
        let (mut files, mut len) = (Vec::new(), 0);
        for path in paths {
            // An encrypted identity file that was opened for an earlier file may contain no plugin identities.
            if !self.may_need_plugins() {
                return;
            }
            if let Some(stanzas) = stanzas(path)
                && (!self.opens_without_plugins(&stanzas) || purpose == For::Rekeying)
            {
                len += stanzas.iter().map(length).sum::<usize>();
                files.push(stanzas);
            }
            if len > BATCH_LEN {
                self.prepare_stanzas(std::mem::take(&mut files), purpose);
                len = 0;
            }
        }
        self.prepare_stanzas(files, purpose);
    }

    fn prepare_stanzas(&self, mut files: Vec<Vec<Stanza>>, purpose: For) {
        if purpose == For::Rekeying {
            let several = files.iter().filter(|stanzas| stanzas.len() > 1);
            let each: Vec<_> = several
                .flatten()
                .map(|stanza| vec![stanza.clone()])
                .collect();
            files.extend(each);
        }
        self.pool.prepare(&files);
    }

    /// Returns whether a key that is tried before the plugins opens a file. As when the file is opened, the user may be
    /// asked for the passphrase of an identity.
    fn opens_without_plugins(&self, stanzas: &[Stanza]) -> bool {
        let opens = |key: &dyn UnwrapKey| matches!(key.unwrap_key(stanzas), Ok(Some(_)));
        self.all().any(|key| match key {
            Key::Identities(list) => list.iter().any(|identity| opens(identity)),
            Key::Encrypted(key) => opens(&*key.file),
            #[cfg(feature = "age-ssh")]
            Key::Ssh { identity, .. } => opens(&**identity),
            Key::Secret(_) | Key::Asked(_) | Key::Plugin(_) => false,
        })
    }
}

/// Passes items on after plugins have wrapped keys for as many new files.
pub fn pass_on_to_seal<T>(recipients: &[SealFor], items: &Receiver<T>, to: &Sender<T>) {
    in_batches(items, to, |batch| stock(recipients, batch.len()));
}

/// Makes plugins wrap keys for the first files: enough that a small tree takes one process of each.
pub fn stock_first(recipients: &[SealFor]) {
    stock(recipients, 64);
}

fn stock(recipients: &[SealFor], files: usize) {
    let mut plugins = recipients.iter().filter_map(SealFor::as_plugin);
    // Each file reports the error.
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

/// Returns the stanzas of an age file.
fn stanzas(path: &Path) -> Option<Vec<Stanza>> {
    let found = Recorder::default();
    // It ends with the error that this identity opens nothing.
    let _ = Open::new(Identity::unwrapping(&found))
        .among(&[&Age])
        .start(open(path).ok()?);
    let stanzas = found.0.into_inner();
    stanzas.unwrap_or_else(PoisonError::into_inner)
}

/// Returns about the memory that a stanza takes.
fn length(stanza: &Stanza) -> usize {
    let words = stanza
        .args
        .iter()
        .map(|arg| size_of::<String>() + arg.len());
    size_of::<Stanza>() + stanza.kind.len() + words.sum::<usize>() + stanza.body.len()
}

/// Opens a regular file without blocking.
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

/// An identity that records the stanzas, and opens nothing.
#[derive(Default)]
struct Recorder(Mutex<Option<Vec<Stanza>>>);

impl UnwrapKey for Recorder {
    fn unwrap_key(&self, stanzas: &[Stanza]) -> Result<Option<FileKey>, Error> {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.get_or_insert_with(|| stanzas.to_vec());
        Ok(None)
    }
}
