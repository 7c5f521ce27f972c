//! Keeps equal values once, with their names and users.

use proc_macro2::Ident;

use super::owner::Home;

/// Values that are types.
pub(crate) struct Pool<V> {
    entries: Vec<Entry<V>>,
}

pub(crate) struct Entry<V> {
    pub(crate) value: V,
    pub(crate) name: Ident,
    pub(crate) home: Home,
    /// Indices of the calls, ascending.
    pub(crate) users: Vec<usize>,
}

impl<V> Default for Pool<V> {
    fn default() -> Self {
        Self { entries: Vec::new() }
    }
}

impl<V: PartialEq> Pool<V> {
    /// Puts equal values together, then names each group in order of its first user.
    pub(crate) fn gather(
        values: Vec<Option<V>>,
        mut name: impl FnMut(&[usize]) -> (Ident, Home),
    ) -> Self {
        let mut groups: Vec<(V, Vec<usize>)> = Vec::new();
        for (user, value) in values.into_iter().enumerate() {
            let Some(value) = value else { continue };
            match groups.iter_mut().find(|(other, _)| *other == value) {
                Some((_, users)) => users.push(user),
                None => groups.push((value, vec![user])),
            }
        }
        let entry = |(value, users): (V, Vec<usize>)| {
            let (name, home) = name(&users);
            Entry { value, name, home, users }
        };
        Self { entries: groups.into_iter().map(entry).collect() }
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
}
