//! The names that a call has: the trace that it belongs to, and its correlation id.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::message::{Known, RequestHead};
use crate::random::Random;
/// The trace that a call belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceContext {
    /// 32 hexadecimal digits.
    pub(crate) trace_id: [u8; 32],
    /// Two hexadecimal digits.
    flags: [u8; 2],
}

/// `00-<trace id>-<span id>-<flags>`.
const TRACEPARENT: usize = 55;

impl TraceContext {
    pub(crate) fn of(head: RequestHead<'_>, random: &mut Random) -> Self {
        head.known(Known::Traceparent).and_then(Self::parse).unwrap_or_else(|| Self::start(random))
    }

    /// Of any version, for later ones only add to the end (W3C Trace Context §4.3).
    fn parse(value: &[u8]) -> Option<Self> {
        let [a, b, b'-', rest @ ..] = value else { return None };
        let (trace_id, rest) = rest.split_first_chunk::<32>()?;
        let (span, rest) = rest.strip_prefix(b"-")?.split_first_chunk::<16>()?;
        let (flags, rest) = rest.strip_prefix(b"-")?.split_first_chunk::<2>()?;
        let lower_hex =
            |digits: &[u8]| digits.iter().all(|d| matches!(d, b'0'..=b'9' | b'a'..=b'f'));
        let ended = rest.is_empty() || (rest.starts_with(b"-") && (*a, *b) != (b'0', b'0'));
        let valid = lower_hex(&[*a, *b])
            && (*a, *b) != (b'f', b'f')
            && lower_hex(trace_id)
            && lower_hex(span)
            && lower_hex(flags)
            && trace_id.iter().any(|&d| d != b'0')
            && span.iter().any(|&d| d != b'0');
        (ended && valid).then_some(Self { trace_id: *trace_id, flags: *flags })
    }

    /// A new trace, recorded (flag 01).
    fn start(random: &mut Random) -> Self {
        let halves = [hexadecimal(random.id()), hexadecimal(random.id() | 1)];
        let mut trace_id = [b'0'; 32];
        lay(&mut trace_id, [(0, &halves[0]), (16, &halves[1])]);
        Self { trace_id, flags: *b"01" }
    }

    /// `traceparent` of a new span in this trace.
    pub(crate) fn span(&self, random: &mut Random) -> [u8; TRACEPARENT] {
        let mut value = [b'-'; TRACEPARENT];
        let span = hexadecimal(random.id() | 1);
        lay(&mut value, [(0, b"00"), (3, &self.trace_id), (36, &span), (53, &self.flags)]);
        value
    }
}

/// Puts each part where it belongs.
#[inline]
fn lay<const PARTS: usize>(text: &mut [u8], parts: [(usize, &[u8]); PARTS]) {
    for (at, part) in parts {
        if let Some(slot) = text.get_mut(at..at + part.len()) {
            slot.copy_from_slice(part);
        }
    }
}

fn hexadecimal(number: u64) -> [u8; 16] {
    let mut digits = [b'0'; 16];
    let (high, low) = (eight_digits((number >> 32) as u32), eight_digits(number as u32));
    lay(&mut digits, [(0, &high), (8, &low)]);
    digits
}

/// All eight at once: every ID has thirty-two of them, and a call has three IDs.
const fn eight_digits(number: u32) -> [u8; 8] {
    let number = number as u64;
    let halves = (number | number << 16) & 0x0000_ffff_0000_ffff;
    let bytes = (halves | halves << 8) & 0x00ff_00ff_00ff_00ff;
    let nibbles = (bytes | bytes << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    // Ten to fifteen carry into the upper half of their byte; there are 39 characters from `:` to `a`.
    let letters = ((nibbles + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    (nibbles + 0x3030_3030_3030_3030 + letters * 39).to_be_bytes()
}

/// Milliseconds since 1970, then randomness, so that ids sort by time.
pub(crate) fn uuid_v7(wall: SystemTime, random: &mut Random) -> [u8; 36] {
    let millis = wall.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    let high = (millis << 16) | 0x7000 | (random.id() & 0x0fff);
    let low = (random.id() >> 2) | (0b10 << 62);
    let mut digits = [b'0'; 32];
    lay(&mut digits, [(0, &hexadecimal(high)), (16, &hexadecimal(low))]);
    let mut id = [b'-'; 36];
    for (at, group) in [0, 4, 9, 14, 19, 24, 28, 32].into_iter().zip(digits.as_chunks::<4>().0) {
        lay(&mut id, [(at, group)]);
    }
    id
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn uuids_carry_version_variant_and_time() {
        let wall = UNIX_EPOCH + Duration::from_millis(0x0123_4567_89ab);
        let id = uuid_v7(wall, &mut Random::from_seed(1));
        let text = std::str::from_utf8(&id).unwrap();
        assert!(text.starts_with("01234567-89ab-7"), "{text}");
        assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{text}");
        assert_ne!(id, uuid_v7(wall, &mut Random::from_seed(2)));
    }

    #[test]
    fn digits() {
        for number in [0, 1, 0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210, u64::MAX, 0x9a << 40] {
            assert_eq!(hexadecimal(number), format!("{number:016x}").as_bytes());
        }
    }

    #[test]
    fn traceparents() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let cases = [
            (good.to_owned(), true),
            (format!("01{}-more", &good[2..]), true),
            (format!("{good}-more"), false),
            (good.replace("00-4", "ff-4"), false),
            (good.to_uppercase(), false),
            (good.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)), false),
            (good.replace("00f067aa0ba902b7", &"0".repeat(16)), false),
            (good[..54].to_owned(), false),
            (String::new(), false),
        ];
        for (value, valid) in cases {
            assert_eq!(TraceContext::parse(value.as_bytes()).is_some(), valid, "{value}");
        }
        let context = TraceContext::parse(good.as_bytes()).unwrap();
        let span = context.span(&mut Random::from_seed(1));
        let again = TraceContext::parse(&span).unwrap();
        assert_eq!(again, context);
        assert_ne!(&span[..], good.as_bytes());
    }
}
