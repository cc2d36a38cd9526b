//! Sizes, rates and times on the command line and in messages.
//!
//! There is one rule for the whole program: output counts in powers of 1024, sizes in KiB, MiB and GiB, rates in MiB/s
//! and GiB/s. JSON has bytes and bytes per second. Powers of 1000 are accepted as input (64kB), but never shown.

/// Parses `65536`, `64KiB`, `64K` (the same) or `64kB` (64 000).
pub fn parse(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number
        .parse()
        .map_err(|_| "a size is a number of bytes, as 65536, 64KiB or 1MiB".to_owned())?;
    let factor = factor(&unit.to_ascii_lowercase())
        .ok_or_else(|| format!("unknown unit '{unit}'; use B, KiB, MiB, GiB or TiB"))?;
    number
        .checked_mul(factor)
        .ok_or_else(|| "more than 2^64 - 1 bytes".to_owned())
}

fn factor(unit: &str) -> Option<u64> {
    Some(match unit {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return None,
    })
}

/// Formats a size as `1.5 MiB`, with the exact number if it was rounded.
pub fn exact(bytes: u64) -> String {
    if bytes < 1024 {
        format!("{bytes} bytes")
    } else {
        format!("{bytes} bytes ({})", rounded(bytes))
    }
}

/// Formats a size as `1.5 MiB`.
pub fn rounded(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut number = bytes as f64;
    let mut name = "B";
    for unit in units {
        if number < 1024.0 {
            break;
        }
        number /= 1024.0;
        name = unit;
    }
    if bytes < 1024 {
        format!("{bytes} B")
    } else {
        format!("{number:.2} {name}")
    }
}

/// Formats a size as `64 KiB` if that is exact, and as `1.50 MiB` if not.
pub fn short(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let fits = units.iter().find(|(unit, _)| bytes >= *unit);
    match fits {
        Some((unit, name)) if bytes.is_multiple_of(*unit) => format!("{} {name}", bytes / unit),
        Some(_) => rounded(bytes),
        None => format!("{bytes} B"),
    }
}

/// The bytes of a GiB, for rates.
pub const GIB: f64 = (1_u64 << 30) as f64;

/// Formats a time as `12.3 ms`.
pub fn time(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s >= 1.0 => (s, "s"),
        s if s >= 1e-3 => (s * 1e3, "ms"),
        s if s >= 1e-6 => (s * 1e6, "µs"),
        s => (s * 1e9, "ns"),
    };
    format!("{} {unit:<2}", digits(value))
}

/// Formats a value with three significant digits, if it has that many.
pub fn digits(value: f64) -> String {
    let behind = match value {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 => 2,
        v if v >= 0.09995 => 3,
        _ => 4,
    };
    format!("{value:.behind$}")
}

/// Formats a count as `1 turn`, `2 turns`.
pub fn counted(number: usize, of: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {of}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_binary_unless_decimal_is_meant() {
        for (text, bytes) in [
            ("0", 0),
            ("65536", 65536),
            ("7B", 7),
            ("64KiB", 65536),
            ("64K", 65536),
            ("64k", 65536),
            ("64kB", 64000),
            ("10MiB", 10 << 20),
            ("3GiB", 3 << 30),
            ("1TiB", 1 << 40),
            ("2TB", 2_000_000_000_000),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn rounded_has_two_decimals() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (3 << 20, "3.00 MiB"),
            (u64::MAX, "16.00 EiB"),
        ] {
            assert_eq!(rounded(bytes), text);
        }
    }

    #[test]
    fn short_is_without_zeros() {
        for (bytes, text) in [
            (7, "7 B"),
            (4096, "4 KiB"),
            (1 << 20, "1 MiB"),
            (3 << 29, "1.50 GiB"),
        ] {
            assert_eq!(short(bytes), text);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "KiB",
            "-1",
            "1.5MiB",
            "1 MiB",
            "1XiB",
            "99999999999999999999",
            "17000000TiB",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_have_three_digits() {
        for (value, text) in [
            (123.4, "123"),
            (99.96, "100"),
            (12.34, "12.3"),
            (9.996, "10.0"),
            (1.234, "1.23"),
            (0.9996, "1.00"),
            (0.1234, "0.123"),
            (0.01234, "0.0123"),
            (0.0, "0.0000"),
        ] {
            assert_eq!(digits(value), text);
        }
        assert_eq!(time(1.234), "1.23 s ");
        assert_eq!(time(0.01234), "12.3 ms");
        assert_eq!(time(0.000_001_234), "1.23 µs");
        assert_eq!(time(0.000_000_123), "123 ns");
    }
}
