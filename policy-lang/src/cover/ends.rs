//! Lines with the same path.

use std::collections::BTreeMap;

use super::terms;
use crate::plan::{HeaderTerm, Match, Method};

/// Lines with their numbers, in order.
#[derive(Default)]
pub(super) struct Ends<'a> {
    all: Vec<(usize, &'a Match)>,
    by_terms: BTreeMap<Vec<&'a HeaderTerm>, Vec<(usize, &'a Match)>>,
}

impl<'a> Ends<'a> {
    pub(super) fn add(&mut self, number: usize, line: &'a Match) {
        self.all.push((number, line));
        self.by_terms.entry(terms(&[line])).or_default().push((number, line));
    }

    /// The first that asks for no other fields and takes that method; `None`: one that no line mentions.
    pub(super) fn taking(&self, method: Option<&Method>, terms: &[&HeaderTerm]) -> Option<usize> {
        let takes = |line: &Match| method.is_some_and(|method| line.methods.contains(method));
        self.first(terms, |line| line.methods.is_empty() || takes(line))
    }

    /// The first that asks for no other fields and takes all of these methods; none: any method.
    pub(super) fn covering(&self, methods: &[Method], terms: &[&HeaderTerm]) -> Option<usize> {
        let all = |line: &Match| methods.iter().all(|method| line.methods.contains(method));
        self.first(terms, |line| line.methods.is_empty() || !methods.is_empty() && all(line))
    }

    /// The numbers of those that could take a call of any of these methods, up to that one. Fields never
    /// contradict each other.
    pub(super) fn sharing(
        &self,
        methods: &[Method],
        last: usize,
    ) -> impl Iterator<Item = usize> + use<'_, 'a> {
        let methods = methods.to_vec();
        let until = self.all.iter().take_while(move |(number, _)| *number <= last);
        let shares = move |line: &Match| {
            methods.is_empty()
                || line.methods.is_empty()
                || methods.iter().any(|method| line.methods.contains(method))
        };
        until.filter(move |(_, line)| shares(line)).map(|(number, _)| *number)
    }

    fn first(&self, terms: &[&HeaderTerm], fits: impl Fn(&Match) -> bool) -> Option<usize> {
        let fitting = |lines: &[(usize, &Match)]| {
            lines.iter().find(|(_, line)| fits(line)).map(|(number, _)| *number)
        };
        // There are fewer lines than sets of fields that they could ask for.
        if 1_usize.checked_shl(number(terms.len())).is_none_or(|sets| self.all.len() <= sets) {
            let asks = |line: &Match| line.headers.iter().all(|term| terms.contains(&term));
            let mut lines = self.all.iter();
            return lines.find(|(_, line)| asks(line) && fits(line)).map(|(number, _)| *number);
        }
        let sets = (0..1_usize << terms.len()).map(|mask| -> Vec<&HeaderTerm> {
            let chosen = terms.iter().enumerate().filter(|(bit, _)| mask & (1 << bit) != 0);
            chosen.map(|(_, term)| *term).collect()
        });
        sets.filter_map(|set| fitting(self.by_terms.get(&set)?)).min()
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
