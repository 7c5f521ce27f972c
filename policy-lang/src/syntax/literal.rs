//! Numbers and their units. A number that has none, or a wrong one, is an error that
//! says what to write instead.

use std::time::Duration;

use super::ast::{Number, Value};
use crate::diagnostics::syntax::Problem;

const DURATIONS: [(&str, u64); 4] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
const SIZES: [(&str, u64); 4] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
const PER: [(&str, u64); 3] = [("/s", 1), ("/m", 60), ("/h", 3600)];
/// The longest duration. No call needs a longer one, and sums of durations stay in range.
const MAX_MILLIS: u64 = 365 * 24 * 3_600_000;

/// Reads `written`: digits, a fraction, a unit.
pub(super) fn number(written: &str) -> Result<Number, Problem> {
    let digits_end =
        written.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(written.len());
    let (digits, rest) = written.split_at(digits_end);
    let unit_start = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (fraction, unit) = rest.split_at(unit_start);
    let whole: u64 = digits.replace('_', "").parse().map_err(|_| too_large(written))?;
    match fraction.strip_prefix('.') {
        Some(fraction) => fractional(written, whole, fraction, unit),
        None => unit_of(written, whole, unit),
    }
}

fn unit_of(written: &str, whole: u64, unit: &str) -> Result<Number, Problem> {
    let factor = |table: &[(&str, u64)]| {
        table.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor)
    };
    if let Some(factor) = factor(&DURATIONS) {
        let millis = whole.checked_mul(factor).filter(|millis| *millis <= MAX_MILLIS);
        return millis
            .map(Duration::from_millis)
            .map(Number::Duration)
            .ok_or_else(|| too_large(written));
    }
    if let Some(factor) = factor(&SIZES) {
        return whole.checked_mul(factor).map(Number::Size).ok_or_else(|| too_large(written));
    }
    let small = |value: u64| u32::try_from(value).map_err(|_| too_large(written));
    if let Some(seconds) = factor(&PER) {
        return Ok(Number::Rate { count: small(whole)?, per: Duration::from_secs(seconds) });
    }
    match unit {
        "" => Ok(Number::Integer(whole)),
        "x" => small(whole).map(Number::Factor),
        "xx" => class(written, whole),
        "%" if whole <= 100 => small(whole * 10_000).map(Number::Percent),
        "%" => Err(Problem::new("a share cannot exceed 100%", Some("100%".to_owned()))),
        _ => Err(unknown_unit(whole, unit)),
    }
}

fn class(written: &str, whole: u64) -> Result<Number, Problem> {
    match u16::try_from(whole) {
        Ok(class @ 1..=5) => Ok(Number::Class(class)),
        _ => Err(Problem::new(format!("there are no statuses `{written}`"), None)),
    }
}

/// Only a percentage may have a fraction; for a duration or a size there is a smaller unit.
fn fractional(written: &str, whole: u64, fraction: &str, unit: &str) -> Result<Number, Problem> {
    if unit == "%" {
        return percent(whole, fraction);
    }
    if unit.is_empty() {
        let share = percent_text(whole, fraction);
        return Err(Problem::new("a share is written in percent", share));
    }
    let smaller = |table: &[(&str, u64)]| {
        let (_, factor) = table.iter().find(|(name, _)| *name == unit)?;
        let places = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let parts =
            whole.checked_mul(places)?.checked_add(fraction.parse().ok()?)?.checked_mul(*factor)?;
        let exact = parts.is_multiple_of(places).then_some(parts / places)?;
        let (name, factor) =
            table.iter().rev().find(|(_, factor)| exact.is_multiple_of(*factor))?;
        Some(format!("{}{name}", exact / factor))
    };
    let write = smaller(&DURATIONS).or_else(|| smaller(&SIZES));
    Err(Problem::new(format!("`{written}` has a fraction"), write))
}

fn percent(whole: u64, fraction: &str) -> Result<Number, Problem> {
    let digits = fraction.trim_end_matches('0');
    let finer = Problem::new("a share has at most four places behind the point", None);
    if digits.len() > 4 {
        return Err(finer);
    }
    let parts: u64 = format!("{digits:0<4}").parse().map_err(|_| finer)?;
    let total = whole.saturating_mul(10_000).saturating_add(parts);
    match u32::try_from(total) {
        Ok(total) if total <= 1_000_000 => Ok(Number::Percent(total)),
        _ => Err(Problem::new("a share cannot exceed 100%", Some("100%".to_owned()))),
    }
}

/// `0.2` as `20%`.
fn percent_text(whole: u64, fraction: &str) -> Option<String> {
    let thousandths: u64 = format!("{fraction:0<4}").get(..4)?.parse().ok()?;
    let hundredths = whole.checked_mul(10_000)?.checked_add(thousandths)?;
    let (percent, rest) = (hundredths / 100, hundredths % 100);
    let fraction = format!("{rest:02}");
    match fraction.trim_end_matches('0') {
        _ if percent > 100 => None,
        "" => Some(format!("{percent}%")),
        places => Some(format!("{percent}.{places}%")),
    }
}

fn unknown_unit(whole: u64, unit: &str) -> Problem {
    let message = format!("there is no unit `{unit}`");
    let lower = unit.to_ascii_lowercase();
    let meant = match lower.as_str() {
        "kb" | "k" | "kib" => "KiB",
        "mb" | "mib" => "MiB",
        "gb" | "g" | "gib" => "GiB",
        "b" | "byte" | "bytes" => "B",
        "sec" | "secs" | "second" | "seconds" => "s",
        "msec" | "millis" | "milliseconds" => "ms",
        "min" | "mins" | "minute" | "minutes" => "m",
        "hour" | "hours" | "hr" => "h",
        "/sec" | "/second" => "/s",
        "/min" | "/minute" => "/m",
        _ if lower != unit => return Problem { message, ..unknown_unit(whole, &lower) },
        _ => return Problem::new(message, None),
    };
    Problem::new(message, Some(format!("{whole}{meant}")))
}

fn too_large(written: &str) -> Problem {
    Problem::new(format!("`{written}` is too large"), None)
}

/// One number, or two as a range: of one kind, in order.
pub(super) fn joined(written: &str, ends: &[Number]) -> Result<Value, Problem> {
    match *ends {
        [only] => Ok(Value::Number(only)),
        [first, last] => ordered(written, first, last),
        _ => Err(Problem::new("a range has two ends", None)),
    }
}

fn ordered(written: &str, first: Number, last: Number) -> Result<Value, Problem> {
    let inverted = match (first, last) {
        (Number::Integer(a), Number::Integer(b)) | (Number::Size(a), Number::Size(b)) => a > b,
        (Number::Duration(a), Number::Duration(b)) => a > b,
        (Number::Percent(a), Number::Percent(b)) => a > b,
        (Number::Class(_), _) | (_, Number::Class(_)) => {
            return Err(Problem::new("a class of statuses has no ends; write a list", None));
        }
        _ => return Err(Problem::new("both ends need the same kind of unit", None)),
    };
    if !inverted {
        return Ok(Value::Range(first, last));
    }
    let swapped = written.split_once("..").map(|(first, last)| format!("{last}..{first}"));
    Err(Problem::new("the larger end comes first", swapped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_what_to_write_instead() {
        let write = |text: &str| number(text).err().and_then(|problem| problem.write);
        assert_eq!(number("100ms"), Ok(Number::Duration(Duration::from_millis(100))));
        assert_eq!(number("10_000"), Ok(Number::Integer(10_000)));
        assert_eq!(number("0.1%"), Ok(Number::Percent(1000)));
        assert_eq!(number("64KiB"), Ok(Number::Size(65_536)));
        assert_eq!(
            number("6000/m"),
            Ok(Number::Rate { count: 6000, per: Duration::from_secs(60) })
        );
        assert_eq!(number("5xx"), Ok(Number::Class(5)));
        assert_eq!(number("4x"), Ok(Number::Factor(4)));
        for (text, expect) in [
            ("0.5s", Some("500ms")),
            ("1.5m", Some("90s")),
            ("0.5KiB", Some("512B")),
            ("64KB", Some("64KiB")),
            ("64k", Some("64KiB")),
            ("0.2", Some("20%")),
            ("0.005", Some("0.5%")),
            ("120%", Some("100%")),
            ("5sec", Some("5s")),
            ("5S", None),
            ("9xx", None),
            ("99999999999999999999", None),
            ("400000d", None),
        ] {
            assert!(number(text).is_err(), "{text}");
            assert_eq!(write(text).as_deref(), expect, "{text}");
        }
    }
}
