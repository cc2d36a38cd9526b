//! Files in memory that misbehave: the `Read` and `Write` pair of every test of faults, at positions
//! as well as in order.

use fetool::{ReadAt, WriteAt};
use std::io::{self, ErrorKind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A file in memory, which can misbehave.
#[derive(Default)]
pub struct Store {
    bytes: Mutex<Vec<u8>>,
    /// What it says its length is, where that is not true any more.
    pub claims: Option<u64>,
    /// Reading fails from here on.
    pub bad: Option<u64>,
    /// No byte can be written from here on.
    pub full: Option<u64>,
    /// Reading this byte takes so long that others are done meanwhile.
    pub slow: Option<u64>,
    /// Reads and writes at most so many bytes at once, and is interrupted before each.
    pub ragged: Option<usize>,
    /// What cannot be asked of it.
    pub refuses: Option<Call>,
    /// From where to where it was told that it will be written.
    pub told: Mutex<Option<(u64, u64)>>,
    interrupts: Mutex<bool>,
    /// What happens at one byte of what is read, or written.
    pub fault: Option<Fault>,
}

/// What is asked of a file beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Size,
    Expect,
    Cut,
}

/// What happens at a byte. Whatever reaches it from before ends short of it, and the next attempt
/// begins at it; the bytes behind it are as good as those before.
pub struct Fault {
    at: u64,
    how: How,
    /// How often it happens still.
    times: Mutex<u32>,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Error(ErrorKind),
    /// `Ok(0)`: no more room.
    Nothing,
}

impl Fault {
    /// Happens so often, and then never again.
    pub fn new(at: u64, how: How, times: u32) -> Self {
        let times = Mutex::new(times);
        Self { at, how, times }
    }

    /// How many of `len` bytes from `position` on are read or written; or else it happens.
    fn meet(&self, position: u64, len: usize) -> Result<usize, io::Result<usize>> {
        match self.at.checked_sub(position) {
            Some(0) if len > 0 => {
                let mut times = self.times.lock().unwrap();
                if *times == 0 {
                    return Ok(len);
                }
                *times -= 1;
                Err(match self.how {
                    How::Error(kind) => Err(kind.into()),
                    How::Nothing => Ok(0),
                })
            }
            Some(before) if *self.times.lock().unwrap() > 0 => {
                Ok(len.min(usize::try_from(before).unwrap_or(usize::MAX)))
            }
            _ => Ok(len),
        }
    }
}

impl Store {
    pub fn new(bytes: &[u8]) -> Self {
        Self {
            bytes: Mutex::new(bytes.to_vec()),
            ..Self::default()
        }
    }

    pub fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse(&self, call: Call) -> io::Result<()> {
        match self.refuses == Some(call) {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }

    fn at_once(&self, len: usize) -> io::Result<usize> {
        let Some(most) = self.ragged else {
            return Ok(len);
        };
        let mut interrupts = self.interrupts.lock().unwrap();
        *interrupts = !*interrupts;
        if *interrupts {
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(len.min(most))
    }
}

impl ReadAt for Store {
    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        let mut len = self.at_once(into.len())?;
        if let Some(fault) = &self.fault {
            match fault.meet(position, len) {
                Ok(most) => len = most,
                Err(end) => return end,
            }
        }
        if let Some(bad) = self.bad {
            let good = bad.saturating_sub(position) as usize;
            if good == 0 && len > 0 {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            len = len.min(good);
        }
        if self
            .slow
            .is_some_and(|slow| (position..position + len as u64).contains(&slow))
        {
            std::thread::sleep(Duration::from_millis(30));
        }
        let bytes = self.bytes();
        let rest = bytes.get(position as usize..).unwrap_or_default();
        let len = len.min(rest.len());
        into[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }

    fn size(&self) -> io::Result<u64> {
        self.refuse(Call::Size)?;
        Ok(self.claims.unwrap_or(self.bytes().len() as u64))
    }
}

impl WriteAt for Store {
    fn write_at(&self, from: &[u8], position: u64) -> io::Result<usize> {
        let mut len = self.at_once(from.len())?;
        if let Some(fault) = &self.fault {
            match fault.meet(position, len) {
                Ok(most) => len = most,
                Err(end) => return end,
            }
        }
        if let Some(full) = self.full {
            let room = full.saturating_sub(position) as usize;
            if room == 0 && len > 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            len = len.min(room);
        }
        let mut bytes = self.bytes();
        let at = position as usize;
        let end = bytes.len().max(at + len);
        bytes.resize(end, 0xEE);
        bytes[at..at + len].copy_from_slice(&from[..len]);
        Ok(len)
    }

    fn truncate(&self, position: u64) -> io::Result<()> {
        self.refuse(Call::Cut)?;
        let mut bytes = self.bytes();
        assert!(position as usize <= bytes.len(), "nothing is made longer");
        bytes.truncate(position as usize);
        Ok(())
    }

    fn preallocate(&self, position: u64, len: u64) -> io::Result<()> {
        self.refuse(Call::Expect)?;
        *self.told.lock().unwrap() = Some((position, position + len));
        Ok(())
    }
}
