//! Values by name, old against new.

use super::Kind;
use super::values::{self, Grade, Grades};
use crate::plan::{Origin, Plan, SettingValue, Settings, Sourced, display, setting_path};
use crate::schema::{Scope, order};

/// A change, without whom it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    pub(super) setting: String,
    pub(super) kind: Kind,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
    pub(super) old_place: Option<String>,
    pub(super) new_place: Option<String>,
}

/// A value as written, and its place; `None`: it is not there.
pub(super) type Side = Option<(String, String)>;

impl Line {
    pub(super) fn new(kind: Kind, setting: &str, old: Side, new: Side) -> Self {
        let (old, old_place) = old.unzip();
        let (new, new_place) = new.unzip();
        Self { setting: setting.to_owned(), kind, old, new, old_place, new_place }
    }
}

/// A value that is in force.
pub(super) struct Item<'p> {
    /// `retry.attempts`.
    pub(super) path: String,
    /// Where the table of settings has it.
    pub(super) scope: Scope,
    pub(super) key: &'static str,
    /// As an author would write it; none if nobody did, and it means something all the same.
    pub(super) text: Option<String>,
    pub(super) says: Says<'p>,
    pub(super) origin: &'p Origin,
}

pub(super) enum Says<'p> {
    Setting(SettingValue<'p>),
    Grades(Grades),
}

impl<'p> Item<'p> {
    /// A value whose meaning is not that of a setting of a call.
    pub(super) fn of<T: ToString>(
        path: &str,
        (scope, key): (Scope, &'static str),
        value: &'p Sourced<T>,
        grade: Grade,
    ) -> Self {
        let text = Some(value.value.to_string());
        let says = Says::Grades(vec![("", grade)]);
        Self { path: path.to_owned(), scope, key, text, says, origin: &value.origin }
    }

    fn side(&self, plan: &Plan) -> Side {
        self.text.clone().map(|text| (text, plan.origin_text(self.origin)))
    }

    fn grades(&self) -> Grades {
        match &self.says {
            Says::Setting(value) => values::grades(value),
            Says::Grades(grades) => grades.clone(),
        }
    }
}

/// Two plans and what of them is compared.
pub(super) struct Pair<'p> {
    pub(super) old: &'p Plan,
    pub(super) new: &'p Plan,
}

impl Pair<'_> {
    /// The differences between two lists of values, by name.
    pub(super) fn compare(&self, old: &[Item<'_>], new: &[Item<'_>]) -> Vec<Line> {
        let find = |items: &[Item<'_>], path: &str| items.iter().position(|it| it.path == path);
        let gone = old.iter().filter(|item| find(new, &item.path).is_none());
        let gone = gone.map(|item| self.present(item, false));
        let before = |item: &Item<'_>| {
            let equal = old.iter().find(|it| (&it.path, &it.text) == (&item.path, &item.text));
            equal.or_else(|| find(old, &item.path).and_then(|at| old.get(at)))
        };
        let kept = new.iter().filter_map(|item| match before(item) {
            Some(before) => self.both(before, item),
            None => Some(self.present(item, true)),
        });
        kept.chain(gone).collect()
    }

    fn both(&self, old: &Item<'_>, new: &Item<'_>) -> Option<Line> {
        // What follows from other values on both sides is told with those.
        let unwritten = old.text.is_none() && new.text.is_none();
        if unwritten || matches!(new.says, Says::Setting(_)) && old.text == new.text {
            return None;
        }
        let order = |part: &str| order(new.scope, new.key, part);
        let kind = values::kind(&order, &old.grades(), &new.grades())?;
        // A bound that somebody wrote is more than one that follows from others.
        let kind = if old.text.is_some() && new.text.is_none() { Kind::Weakened } else { kind };
        Some(Line::new(kind, &new.path, old.side(self.old), new.side(self.new)))
    }

    fn present(&self, item: &Item<'_>, comes: bool) -> Line {
        let kind = values::presence(order(item.scope, item.key, ""), &item.grades(), comes);
        match comes {
            true => Line::new(kind, &item.path, None, item.side(self.new)),
            false => Line::new(kind, &item.path, item.side(self.old), None),
        }
    }
}

/// What a call goes by, apart from its headers; a block that only one side has stands as one.
pub(super) fn settings<'p>(of: &'p Settings, blocks: impl Fn(&str) -> bool) -> Vec<Item<'p>> {
    let fields = of.fields().into_iter();
    let fields = fields.filter(|field| !field.group.starts_with("headers"));
    let mut items: Vec<Item<'p>> = Vec::new();
    for field in fields.filter(|field| field.path() != "timeout.per-try") {
        let whole = matches!(field.group, "retry" | "breaker") && !blocks(field.group);
        let (scope, key) = match field.group {
            _ if whole => (Scope::Upstream, field.group),
            "timeout" => (Scope::Timeout, field.key),
            "retry" => (Scope::Retry, field.key),
            "breaker" => (Scope::Breaker, field.key),
            alone => (Scope::Upstream, alone),
        };
        if whole && items.iter().any(|item| item.path == field.group) {
            continue;
        }
        let statement = format!("{} {}", field.key, field.value);
        let (path, text) = match whole {
            true => (field.group.to_owned(), statement),
            false => (setting_path(field.group, field.key), field.value.to_string()),
        };
        let says = match whole {
            true => Says::Grades(vec![("", Grade::Word("on"))]),
            false => Says::Setting(field.value),
        };
        items.push(Item { path, scope, key, text: Some(text), says, origin: field.origin });
    }
    items.push(per_try(of));
    items
}

/// Without `per-try` a try may take as long as its call, or be silent for `idle` if that has no end.
fn per_try(of: &Settings) -> Item<'_> {
    let timeout = &of.timeout;
    let total = timeout.total.value.limit();
    let unwritten = if total == std::time::Duration::MAX { timeout.idle.value } else { total };
    let written = timeout.per_try.as_ref();
    let bound = written.map_or(unwritten, |it| it.value);
    Item {
        path: setting_path("timeout", "per-try"),
        scope: Scope::Timeout,
        key: "per-try",
        text: written.map(|it| display::duration(it.value)),
        says: Says::Grades(vec![("", Grade::Number(bound.as_nanos()))]),
        origin: written.map_or(&timeout.total.origin, |it| &it.origin),
    }
}
