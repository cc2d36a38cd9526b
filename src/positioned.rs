//! Reading and writing at positions, from several threads at a time.

use std::io::{self, Read, Write};
use std::sync::Arc;

/// Bytes that can be read at any position, such as those of a regular file.
///
/// ```
/// use fetool::ReadAt;
///
/// let mut word = [0; 4];
/// assert_eq!(b"for my eyes only".as_slice().read_at(&mut word, 7)?, 4);
/// assert_eq!(&word, b"eyes");
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait ReadAt: Sync {
    /// Reads at most as many bytes as fit into the buffer; none only at the end.
    ///
    /// # Errors
    /// Those of the system.
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize>;

    /// Returns the current number of bytes.
    ///
    /// # Errors
    /// Those of the system.
    fn size(&self) -> io::Result<u64>;
}

/// Something that can be written at any position, also behind its end.
///
/// A buffer in memory:
///
/// ```
/// use fetool::{Positioned, Seal, Secret, WriteAt};
/// use std::io;
/// use std::sync::{Mutex, MutexGuard};
///
/// struct Buffer(Mutex<Vec<u8>>);
///
/// impl Buffer {
///     fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
///         self.0.lock().expect("no thread panics")
///     }
/// }
///
/// impl WriteAt for Buffer {
///     fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<usize> {
///         let (start, mut buffer) = (position as usize, self.bytes());
///         let end = buffer.len().max(start + bytes.len());
///         buffer.resize(end, 0);
///         buffer[start..][..bytes.len()].copy_from_slice(bytes);
///         Ok(bytes.len())
///     }
///
///     fn truncate(&self, position: u64) -> io::Result<()> {
///         self.bytes().truncate(position as usize);
///         Ok(())
///     }
/// }
///
/// let (key, plaintext, sealed) = (Secret::key([7; 32]), vec![1; 5000], Buffer(Mutex::default()));
/// let sealing = Seal::new(&key).size(Some(5000)).start()?;
/// let done = sealing.run_at(
///     Positioned { file: &plaintext, position: 0 },
///     Positioned { file: &sealed, position: 0 },
/// )?;
/// assert_eq!(done.sealed_len, sealed.bytes().len() as u64);
/// # Ok::<(), fetool::Error>(())
/// ```
pub trait WriteAt: Sync {
    /// Writes bytes, possibly not all of them, and returns their number.
    ///
    /// # Errors
    /// Those of the system.
    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<usize>;

    /// Sets the end to `position`.
    ///
    /// # Errors
    /// Those of the system.
    fn truncate(&self, position: u64) -> io::Result<()>;

    /// Prepares for `len` bytes from `position` on, which will be written in any order.
    ///
    /// # Errors
    /// Only if there is no room for them.
    fn preallocate(&self, position: u64, len: u64) -> io::Result<()> {
        let _ = (position, len);
        Ok(())
    }
}

/// A position in a file, from which it is read or written.
///
/// ```
/// use fetool::Positioned;
/// use std::io::Read;
///
/// let mut rest = String::new();
/// let mut from = Positioned { file: b"for my eyes only".as_slice(), position: 7 };
/// from.read_to_string(&mut rest)?;
/// assert_eq!((rest.as_str(), from.position), ("eyes only", 16));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Positioned<'a, F: ?Sized> {
    /// The file.
    pub file: &'a F,
    /// The offset of the next byte.
    pub position: u64,
}

impl<F: ?Sized> Clone for Positioned<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: ?Sized> Copy for Positioned<'_, F> {}

impl<F: ?Sized> Positioned<'_, F> {
    pub(crate) fn moved(self, bytes: u64) -> Self {
        Self {
            position: self.position + bytes,
            ..self
        }
    }
}

impl Positioned<'_, dyn ReadAt + '_> {
    /// Fills the buffer; returns `false` if the file ends before.
    pub(crate) fn read_all(mut self, mut into: &mut [u8]) -> io::Result<bool> {
        while !into.is_empty() {
            match self.read(into) {
                Ok(0) => return Ok(false),
                Ok(read) => into = &mut into[read..],
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    }
}

impl<F: ReadAt + ?Sized> Read for Positioned<'_, F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(into, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl<F: WriteAt + ?Sized> Write for Positioned<'_, F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write_at(bytes, self.position)?;
        self.position += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The bytes from the position on, as a file of their own.
impl<F: ReadAt + ?Sized> ReadAt for Positioned<'_, F> {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        match self.position.checked_add(position) {
            Some(position) => self.file.read_at(into, position),
            None => Ok(0),
        }
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.file.size()?.saturating_sub(self.position))
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        (**self).read_at(into, position)
    }

    fn size(&self) -> io::Result<u64> {
        (**self).size()
    }
}

impl<T: ReadAt + Send + ?Sized> ReadAt for Arc<T> {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        (**self).read_at(into, position)
    }

    fn size(&self) -> io::Result<u64> {
        (**self).size()
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        let start = usize::try_from(position).unwrap_or(usize::MAX);
        let behind = self.get(start..).unwrap_or_default();
        let len = behind.len().min(into.len());
        into[..len].copy_from_slice(&behind[..len]);
        Ok(len)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        self.as_slice().read_at(into, position)
    }

    fn size(&self) -> io::Result<u64> {
        self.as_slice().size()
    }
}

#[cfg(unix)]
mod file {
    use super::{ReadAt, WriteAt};
    use std::fs::File;
    use std::io;
    use std::os::unix::fs::FileExt;

    /// For regular files.
    impl ReadAt for File {
        fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
            FileExt::read_at(self, into, position)
        }

        fn size(&self) -> io::Result<u64> {
            Ok(self.metadata()?.len())
        }
    }

    /// For regular files that were not opened for appending.
    impl WriteAt for File {
        fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<usize> {
            FileExt::write_at(self, bytes, position)
        }

        fn truncate(&self, position: u64) -> io::Result<()> {
            self.set_len(position)
        }

        #[cfg(target_os = "linux")]
        fn preallocate(&self, position: u64, len: u64) -> io::Result<()> {
            use nix::errno::Errno;
            use nix::fcntl::{FallocateFlags, fallocate};
            use nix::sys::statfs::{TMPFS_MAGIC, fstatfs};
            // In memory, the order of the pages does not matter, and they would only be touched twice.
            if fstatfs(self).is_ok_and(|fs| fs.filesystem_type() == TMPFS_MAGIC) {
                return Ok(());
            }
            // The length stays, so that bytes that are never written do not seem to exist.
            let flags = FallocateFlags::FALLOC_FL_KEEP_SIZE;
            let (Ok(position), Ok(len)) = (i64::try_from(position), i64::try_from(len)) else {
                return Ok(());
            };
            match fallocate(self, flags, position, len) {
                Err(full @ (Errno::ENOSPC | Errno::EDQUOT | Errno::EFBIG)) => Err(full.into()),
                // Not every file system supports it.
                _ => Ok(()),
            }
        }
    }
}
