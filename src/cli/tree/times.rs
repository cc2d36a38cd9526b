//! Comparing the time of a result with that of its source.
//!
//! Times are equal or not; which one is later does not matter. So a clock that was set back, or a source that got an
//! old time, makes no difference. A file system may keep times less precisely than that of the source: its precision is
//! tested once, and only if that matters.

use crate::io::dir::Dir;
use crate::io::staged::Staged;
use crate::io::stat::{Stat, Time};
use std::fs::{FileTimes, Metadata};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

/// The units to which file systems round times down, in nanoseconds.
const GRANULARITIES: [i128; 6] = [
    100,
    1_000,
    1_000_000,
    10_000_000,
    1_000_000_000,
    2_000_000_000,
];

/// The precision of the file systems so far, by device.
#[derive(Default)]
pub struct Times(Mutex<Vec<(u64, i128)>>);

impl Times {
    /// Returns whether a result in `dir` has its source's time, within the precision of its file system. With
    /// `look_only`, nothing is written to test that, and the times count as equal.
    pub fn are_same(&self, source: &Stat, result: &Stat, dir: &Arc<Dir>, look_only: bool) -> bool {
        let (source, found) = (source.modified, result.modified);
        if source == found {
            return true;
        }
        let may_be_cut = GRANULARITIES
            .iter()
            .any(|unit| cut(source, *unit) == nanos(found));
        if !may_be_cut || look_only {
            return may_be_cut;
        }
        let unit = self.granularity(result.device, dir);
        unit > 0 && cut(source, unit) == nanos(found)
    }

    /// Returns the unit to which a file system rounds times down; 0 if it keeps no times.
    fn granularity(&self, device: u64, dir: &Arc<Dir>) -> i128 {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, unit)) = known.iter().find(|(known, _)| *known == device) {
            return *unit;
        }
        let unit = try_out(dir).unwrap_or(0);
        known.push((device, unit));
        unit
    }
}

/// Sets a time that is no multiple of any unit, and reads it back.
fn try_out(dir: &Arc<Dir>) -> std::io::Result<i128> {
    let staged = Staged::new(dir)?;
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_001, 987_654_321);
    staged.file.set_times(FileTimes::new().set_modified(time))?;
    let found = Stat::from(&staged.file.metadata()?).modified;
    let set = Time {
        seconds: 1_700_000_001,
        nanoseconds: 987_654_321,
    };
    let mut units = GRANULARITIES.into_iter();
    Ok(units
        .find(|unit| cut(set, *unit) == nanos(found))
        .unwrap_or(0))
}

fn nanos(time: Time) -> i128 {
    i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanoseconds)
}

fn cut(time: Time, unit: i128) -> i128 {
    let nanos = nanos(time);
    nanos - nanos.rem_euclid(unit)
}

/// Waits until a change of the file would change its time: a file that is read in the clock tick of its last
/// modification could be modified again without a trace. Returns whether it waited.
pub fn wait_for_tick(file: &Metadata) -> bool {
    let left = tick_left(Stat::from(file).modified, SystemTime::now());
    left.map(thread::sleep).is_some()
}

/// Returns how long the tick of a file's last modification still lasts.
fn tick_left(modified: Time, now: SystemTime) -> Option<Duration> {
    // Kernel clocks tick at least 100 times a second; some file systems keep whole seconds, or every other one.
    const TICK: Duration = Duration::from_millis(20);
    const WHOLE_SECONDS: Duration = Duration::from_secs(2);
    let tick = match modified.nanoseconds {
        0 => WHOLE_SECONDS,
        _ => TICK,
    };
    let seconds = u64::try_from(modified.seconds).ok()?;
    let nanoseconds = u32::try_from(modified.nanoseconds).ok()?;
    let modified = SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds))?;
    // A time in the future is not the current tick.
    let age = now.duration_since(modified).ok()?;
    tick.checked_sub(age).filter(|left| !left.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn time(seconds: i64, nanoseconds: i64) -> Time {
        Time {
            seconds,
            nanoseconds,
        }
    }

    #[test]
    fn times_are_cut_downwards() {
        assert_eq!(cut(time(3, 999_999_999), 2_000_000_000), 2_000_000_000);
        assert_eq!(cut(time(3, 123_456_789), 100), 3_123_456_700);
        // Also before 1970.
        assert_eq!(cut(time(-3, 500_000_000), 1_000_000_000), -3_000_000_000);
    }

    #[test]
    fn the_present_tick_is_waited_for() {
        let now = SystemTime::UNIX_EPOCH + Duration::new(1000, 500_000_000);
        let left = |time| tick_left(time, now);
        let millis = |ms| Some(Duration::from_millis(ms));
        assert_eq!(left(time(1000, 495_000_000)), millis(15));
        assert_eq!(left(time(1000, 480_000_000)), None);
        assert_eq!(left(time(999, 0)), millis(500));
        assert_eq!(left(time(998, 0)), None);
        assert_eq!(left(time(1001, 1)), None);
        assert_eq!(left(time(-1, 1)), None);
    }
}
