//! The nearest known name, for "did you mean".

/// The longest word that is looked at, in bytes. No name and no key is longer.
const LONGEST: usize = 64;
/// The most slips in one word.
const SLIPS: usize = 4;
/// The most names of a fitting length that a word is compared with.
const CANDIDATES: usize = 256;

/// The closest of `known` to `written`, if it is close enough to be a slip of the hand.
pub(crate) fn nearest<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    nearest_of(written, known, |_| true)
}

/// The closest one that `can_be` meant, which is asked of close ones only.
pub(crate) fn nearest_of<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
    can_be: impl Fn(&str) -> bool,
) -> Option<&'a str> {
    if written.len() > LONGEST {
        return None;
    }
    let length = written.chars().count();
    let limit = (length / 3).clamp(1, SLIPS);
    // A letter too many or too few is a step each.
    let alike =
        |name: &&str| name.len() <= 4 * LONGEST && name.chars().count().abs_diff(length) <= limit;
    let candidates = known.into_iter().filter(alike).take(CANDIDATES);
    candidates
        .filter_map(|name| Some((distance(written, name, limit)?, name)))
        .filter(|(_, name)| *name != written && can_be(name))
        .min_by_key(|(steps, _)| *steps)
        .map(|(_, name)| name)
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment); `None`: more
/// than `limit`. Cells further than `limit` from the diagonal cannot be part of the answer.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let b: Vec<char> = b.chars().collect();
    let far = limit + 1;
    let mut older = vec![far; b.len() + 1];
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut next = vec![far; b.len() + 1];
    let mut before = None;
    for (i, from) in a.chars().enumerate() {
        let (first, end) = (i.saturating_sub(limit), b.len().min(i + limit + 1));
        let mut left = if first == 0 { i + 1 } else { far };
        set(&mut next, first, left);
        set(&mut next, end + 1, far);
        let columns = b.iter().enumerate().take(end).skip(first);
        for (j, to) in columns {
            let replaced = at(&row, j) + usize::from(from != *to);
            left = replaced.min(at(&row, j + 1) + 1).min(left + 1);
            if j > 0 && before == Some(*to) && b.get(j - 1) == Some(&from) {
                left = left.min(at(&older, j - 1) + 1);
            }
            set(&mut next, j + 1, left);
        }
        std::mem::swap(&mut older, &mut row);
        std::mem::swap(&mut row, &mut next);
        before = Some(from);
    }
    row.last().copied().filter(|steps| *steps <= limit)
}

fn at(row: &[usize], index: usize) -> usize {
    row.get(index).copied().unwrap_or(usize::MAX - 1)
}

fn set(row: &mut [usize], index: usize, steps: usize) {
    if let Some(cell) = row.get_mut(index) {
        *cell = steps;
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let known = ["attempts", "backoff", "budget", "on", "retry", "timeout"];
        for (written, expect) in [
            ("atempts", Some("attempts")),
            ("attemtps", Some("attempts")),
            ("bugdet", Some("budget")),
            ("no", Some("on")),
            ("mirror", None),
            ("retry", None),
            (&"retry".repeat(100_000), None),
            ("tiemuot", Some("timeout")),
            ("teimuto", None),
        ] {
            assert_eq!(nearest(written, known), expect, "{written}");
        }
    }
}
