//! Date and time as logs write them: RFC 3339, UTC, milliseconds.

use std::time::{Duration, SystemTime};

const DAY: u64 = 24 * 3600;

/// `2026-11-23T22:26:31.042Z`
#[derive(Clone, Copy, Debug)]
pub(super) struct Rfc3339(Duration);

impl Rfc3339 {
    /// Times before 1970 are shown as its first moment.
    pub(super) fn of(wall: SystemTime) -> Self {
        Self(wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
    }

    pub(super) fn text(self) -> [u8; 24] {
        let seconds = self.0.as_secs();
        let (year, month, day) = civil(seconds / DAY);
        let (hour, minute, second) = (seconds % DAY / 3600, seconds % 3600 / 60, seconds % 60);
        let millis = self.0.subsec_millis().into();
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let parts = [(0, 4, year), (5, 2, month), (8, 2, day), (11, 2, hour), (14, 2, minute)];
        for (at, width, number) in parts.into_iter().chain([(17, 2, second), (20, 3, millis)]) {
            digits(text.get_mut(at..at + width).unwrap_or_default(), number);
        }
        text
    }
}

/// Fills the place with a number's last decimal digits.
pub(super) fn digits(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Year, month and day of a day since 1970-01-01, for years that begin in March: then the leap day
/// is a year's last, and no table is needed (Neri, Schneider: "Euclidean affine functions", 2022).
const fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    if month < 10 {
        (year + era * 400, month + 3, day)
    } else {
        (year + era * 400 + 1, month - 9, day)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::Rfc3339;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let rows = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_001, "2024-02-29T23:59:59.001Z"),
            (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
            (1_795_472_791_042, "2026-11-23T22:26:31.042Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ];
        for (millis, expect) in rows {
            let wall = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
            assert_eq!(Rfc3339::of(wall).text(), expect.as_bytes());
        }
    }

    #[test]
    fn days_are_those_of_another_calendar() {
        for day in (0..60_000).step_by(13) {
            let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(day * super::DAY);
            let ours = String::from_utf8(Rfc3339::of(wall).text().to_vec()).unwrap();
            let theirs = httpdate::fmt_http_date(wall);
            let year = theirs.split(' ').nth(3).unwrap();
            let day_of_month = theirs.split(' ').nth(1).unwrap();
            assert_eq!((&ours[..4], &ours[8..10]), (year, day_of_month));
        }
    }
}
