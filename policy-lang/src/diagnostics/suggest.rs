//! The nearest known name, for "did you mean".

/// The longest word that is looked at, in bytes. No name and no key is longer.
const LONGEST: usize = 64;

/// The closest of `known` to `written`, if it is close enough to be a slip of the hand.
pub(crate) fn nearest<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if written.len() > LONGEST {
        return None;
    }
    let length = written.chars().count();
    let limit = (length / 3).max(1);
    // A letter too many or too few is a step each.
    let alike =
        |name: &&str| name.len() <= 4 * LONGEST && name.chars().count().abs_diff(length) <= limit;
    let close = known.into_iter().filter(alike).map(|name| (distance(written, name), name));
    close
        .filter(|(steps, name)| *steps <= limit && *name != written)
        .min_by_key(|(steps, _)| *steps)
        .map(|(_, name)| name)
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut older: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut before = None;
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let at =
                |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX - 1);
            let replaced = at(&row, j) + usize::from(from != *to);
            let mut best = replaced.min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let swapped = j > 0 && before == Some(*to) && b.get(j - 1) == Some(&from);
            if swapped {
                best = best.min(at(&older, j - 1) + 1);
            }
            next.push(best);
        }
        older = std::mem::replace(&mut row, next);
        before = Some(from);
    }
    row.last().copied().unwrap_or(usize::MAX)
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
        ] {
            assert_eq!(nearest(written, known), expect, "{written}");
        }
    }
}
