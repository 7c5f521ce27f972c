//! Days, on which exemptions end.

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    pub year: u16,
    pub month: u8,
    pub day: u8,
}

impl Date {
    /// `2027-03-31`.
    pub(crate) fn read(written: &str) -> Option<Self> {
        let mut parts = written.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let sized = (year.len(), month.len(), day.len()) == (4, 2, 2) && parts.next().is_none();
        let plain = written.chars().all(|c| c.is_ascii_digit() || c == '-');
        let (year, month, day): (u16, u8, u8) =
            (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let last = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        (sized && plain && (1..=last).contains(&day)).then_some(Self { year, month, day })
    }
}
