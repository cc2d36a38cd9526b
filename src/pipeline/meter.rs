//! Progress: the workers count bytes, and another thread shows them.
//!
//! The reports go through a ring channel. If nobody reads them in time, new ones overwrite the oldest, so that a slow
//! terminal never slows the work. Each report is a running total, so losing one does no harm.

#[cfg(feature = "cli")]
use ring_channel::{RingReceiver, RingSender, TryRecvError, ring_channel};
#[cfg(feature = "cli")]
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(feature = "cli")]
/// Reports that may wait before the oldest is overwritten.
const WAITING: NonZeroUsize = NonZeroUsize::new(8).unwrap();

/// The workers' end: counts plaintext bytes.
///
/// ```
/// use fetool::{Meter, Seal, Secret};
///
/// let (key, meter) = (Secret::key([7; 32]), Meter::unwatched());
/// Seal::new(&key).meter(meter.clone()).run(&[1; 1000][..], std::io::sink())?;
/// assert_eq!(meter.total(), 1000);
/// # Ok::<(), fetool::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Meter {
    total: Arc<AtomicU64>,
    #[cfg(feature = "cli")]
    reports: Option<RingSender<u64>>,
    /// The expected total; 0 if unknown.
    expected: Arc<AtomicU64>,
}

/// The reading end.
#[cfg(feature = "cli")]
pub struct Reports {
    totals: RingReceiver<u64>,
    expected: Arc<AtomicU64>,
}

impl Meter {
    /// Creates a meter whose reports nobody reads.
    pub fn unwatched() -> Self {
        Self::default()
    }

    /// Creates a meter that adds to a shared count.
    pub fn counting(total: Arc<AtomicU64>) -> Self {
        Self {
            total,
            ..Self::default()
        }
    }

    /// Returns the bytes counted so far.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Creates a meter, and the end that reads its reports.
    #[cfg(feature = "cli")]
    pub fn watched() -> (Self, Reports) {
        let (sender, receiver) = ring_channel(WAITING);
        let meter = Self {
            reports: Some(sender),
            ..Self::default()
        };
        let reports = Reports {
            totals: receiver,
            expected: meter.expected.clone(),
        };
        (meter, reports)
    }

    /// Sets the expected total, for progress bars.
    pub(crate) fn expect(&self, total: u64) {
        self.expected.store(total, Ordering::Relaxed);
    }

    /// Counts `bytes` more. Never blocks.
    pub(crate) fn add(&self, bytes: u64) {
        let total = self.total.fetch_add(bytes, Ordering::Relaxed) + bytes;
        #[cfg(not(feature = "cli"))]
        let _ = total;
        #[cfg(feature = "cli")]
        if let Some(reports) = &self.reports {
            // A reader that has gone is no reason to stop the work.
            let _ = reports.send(total);
        }
    }
}

#[cfg(feature = "cli")]
impl Reports {
    /// Returns the expected total, if it is known and not 0. It is not authenticated.
    pub fn expected(&self) -> Option<u64> {
        match self.expected.load(Ordering::Relaxed) {
            0 => None,
            total => Some(total),
        }
    }

    /// Returns the highest total reported since the last call, or `before` if there is none. Returns `None` once the
    /// work has ended.
    pub fn latest(&self, before: u64) -> Option<u64> {
        let mut latest = before;
        loop {
            match self.totals.try_recv() {
                // Two workers can report in another order than they counted.
                Ok(total) => latest = latest.max(total),
                Err(TryRecvError::Empty) => return Some(latest),
                Err(TryRecvError::Disconnected) if latest > before => return Some(latest),
                Err(TryRecvError::Disconnected) => return None,
            }
        }
    }
}

#[cfg(all(test, feature = "cli"))]
mod tests {
    use super::*;

    #[test]
    fn a_watcher_that_sleeps_loses_reports_but_not_the_total() {
        let (meter, reports) = Meter::watched();
        for _ in 0..1000 {
            meter.add(3);
        }
        assert_eq!(reports.latest(0), Some(3000));
        assert_eq!(reports.latest(3000), Some(3000));
        meter.add(1);
        drop(meter);
        assert_eq!(reports.latest(3000), Some(3001), "before the end");
        assert_eq!(reports.latest(3001), None);
    }
}
