//! The day on which exemptions are judged.

use std::time::{SystemTime, UNIX_EPOCH};

use amb_policy_lang::Date;

/// Today in UTC; none if the clock stands before 1970.
pub(crate) fn today() -> Option<Date> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    date(since.as_secs() / 86_400)
}

/// The day so many days after 1970-01-01, by counting in eras of 400 years that begin on the
/// first of March (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn date(days: u64) -> Option<Date> {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    Some(Date {
        year: year.try_into().ok()?,
        month: month.try_into().ok()?,
        day: day.try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        for (days, expect) in [
            (0, (1970, 1, 1)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (20_543, (2026, 3, 31)),
            (20_818, (2026, 12, 31)),
        ] {
            let (year, month, day) = expect;
            assert_eq!(date(days), Some(Date { year, month, day }), "{days}");
        }
    }
}
