//! Keeps equal values once, with their names and users.

use proc_macro2::Ident;

/// Values that are types, and which calls use which.
pub(crate) struct Pool<V> {
    entries: Vec<Entry<V>>,
    /// By index of the calls: which entry.
    uses: Vec<Option<usize>>,
}

pub(crate) struct Entry<V> {
    pub(crate) value: V,
    pub(crate) name: Ident,
    pub(crate) home: Home,
    /// Indices of the calls, ascending.
    pub(crate) users: Vec<usize>,
}

/// Under which banner a type stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    Shared,
    /// Index of the upstream.
    Upstream(usize),
}

impl<V> Default for Pool<V> {
    fn default() -> Self {
        Self { entries: Vec::new(), uses: Vec::new() }
    }
}

impl<V: PartialEq> Pool<V> {
    /// Puts equal values together, then names each group in order of its first user.
    pub(crate) fn gather(
        values: Vec<Option<V>>,
        mut name: impl FnMut(&V, &[usize]) -> (Ident, Home),
    ) -> Self {
        let mut groups: Vec<(V, Vec<usize>)> = Vec::new();
        let mut uses = Vec::new();
        for (user, value) in values.into_iter().enumerate() {
            uses.push(value.map(|value| join(&mut groups, value, user)));
        }
        let entry = |(value, users): (V, Vec<usize>)| {
            let (name, home) = name(&value, &users);
            Entry { value, name, home, users }
        };
        Self { entries: groups.into_iter().map(entry).collect(), uses }
    }
}

/// The group of that value; a new one if there is none.
fn join<V: PartialEq>(groups: &mut Vec<(V, Vec<usize>)>, value: V, user: usize) -> usize {
    match groups.iter_mut().position(|(other, _)| *other == value) {
        Some(at) => {
            groups.iter_mut().skip(at).take(1).for_each(|(_, users)| users.push(user));
            at
        }
        None => {
            groups.push((value, vec![user]));
            groups.len() - 1
        }
    }
}

impl<V> Pool<V> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry<V>> {
        self.entries.iter()
    }

    /// Those that stand under that banner.
    pub(crate) fn of(&self, home: Home) -> impl Iterator<Item = &Entry<V>> {
        self.entries.iter().filter(move |entry| entry.home == home)
    }

    /// The type that those calls use.
    pub(crate) fn name(&self, user: usize) -> Option<&Ident> {
        let at = self.uses.get(user).copied().flatten()?;
        self.entries.get(at).map(|entry| &entry.name)
    }
}
