//! The settings of a route as a flat list: name, value as written, who set it.
//!
//! Every product that shows a plan starts from these rows, in this order: the
//! summary groups them, the explanation lists them, the difference compares them.

use crate::plan::{
    AccessLog, Block, Breaker, BreakerScope, Layer, Mark, Observe, Origin, Plan, Setting, Settings,
    Sourced, Upstream, Whose, display, setting_path,
};

/// One effective setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The block it stands in, or its own name when it has none: `retry`, `trace`.
    pub group: &'static str,
    /// Its name within the block; empty for a setting without a block.
    pub key: &'static str,
    /// As an author would write it.
    pub value: String,
    pub origin: Origin,
}

impl Row {
    fn new<T>(group: &'static str, key: &'static str, value: String, source: &Sourced<T>) -> Self {
        Self { group, key, value, origin: source.origin.clone() }
    }

    fn marked(mark: &Mark) -> Self {
        let Mark { group, value, origin } = mark.clone();
        Self { group, key: "", value, origin }
    }

    fn of(setting: &Setting<'_>) -> Self {
        let Setting { group, key, value, origin } = *setting;
        Self { group, key, value: value.to_string(), origin: origin.clone() }
    }

    /// `retry.attempts`, `trace`.
    pub fn path(&self) -> String {
        setting_path(self.group, self.key)
    }

    /// `attempts 3`: the statement inside its block.
    pub fn statement(&self) -> String {
        [self.key, &self.value].join(" ").trim().to_owned()
    }
}

/// How many connections an upstream may have.
pub fn limits(upstream: &Upstream) -> Vec<Row> {
    let most = upstream.connections.iter();
    most.map(|most| Row::new("limits", "connections", most.value.to_string(), most)).collect()
}

/// All settings in force, in the order in which the filters run.
pub fn settings(settings: &Settings) -> Vec<Row> {
    let mut rows: Vec<_> = settings.fields().iter().map(Row::of).collect();
    if let Some(breaker) = &settings.breaker {
        let last = rows.iter().rposition(|row| row.group == "breaker");
        rows.insert(last.map_or(rows.len(), |last| last + 1), scope(breaker));
    }
    rows
}

/// The groups of settings in the order in which a block shows them.
const GROUPS: [&str; 10] = [
    "extends",
    "use",
    "trace",
    "correlation-id",
    "headers request",
    "timeout",
    "retry",
    "breaker",
    "fallback",
    "headers response",
];

/// What a block says itself: of each group first what it says about the group as a whole.
pub(crate) fn of_block(block: &Block) -> Vec<Row> {
    let fields = block.fields();
    let rows = GROUPS.into_iter().flat_map(|group| {
        let marks = block.marks.iter().filter(move |mark| mark.group == group).map(Row::marked);
        let fields = fields.iter().filter(move |field| field.group == group).map(Row::of);
        marks.chain(fields)
    });
    let mut rows: Vec<_> = rows.collect();
    let last = rows.iter().rposition(|row| row.group == "breaker" && row.value != "off");
    let scope = match block.whose {
        Whose::Language => Some("upstream"),
        Whose::Route(..) => Some("this route"),
        _ => None,
    };
    if let (Some(last), Some(scope)) = (last, scope)
        && let Some(row) = rows.get(last).cloned()
    {
        rows.insert(last + 1, Row { key: "scope", value: scope.to_owned(), ..row });
    }
    rows
}

/// The settings that matter to a route that answers by itself: there are no tries to govern.
pub(crate) fn answering(of: &Settings) -> Vec<Row> {
    let mut rows = settings(of);
    rows.retain(|row| matches!(row.group, "correlation-id" | "trace" | "headers response"));
    rows
}

/// What is recorded about calls, and where it can be read.
pub fn observe(observe: &Observe) -> Vec<Row> {
    let metrics = observe.metrics.iter();
    let mut rows: Vec<_> = metrics.map(|on| Row::new("metrics", "", "on".to_owned(), on)).collect();
    rows.extend(observe.access_log.iter().flat_map(access_log));
    rows.extend(
        observe
            .admin
            .iter()
            .map(|address| Row::new("admin", "", address.value.to_string(), address)),
    );
    rows
}

/// What is redirected, and the uid that is not.
pub fn intercept(plan: &Plan) -> Vec<Row> {
    let user = plan.service.user.iter();
    let mut rows: Vec<_> =
        user.map(|user| Row::new("user", "", user.value.to_string(), user)).collect();
    if let Some(intercept) = &plan.intercept {
        let group = "intercept";
        let ports = &intercept.ports;
        rows.push(Row::new(group, "ports", display::list(&ports.value), ports));
        let except = intercept.except.iter();
        rows.extend(except.map(|it| Row::new(group, "except", it.value.to_string(), it)));
        let on_exit = &intercept.on_exit;
        rows.push(Row::new(group, "on-exit", on_exit.value.to_string(), on_exit));
    }
    rows
}

/// The scope is not a written value: it follows from the place of the block.
fn scope(breaker: &Breaker) -> Row {
    let value = match breaker.scope {
        BreakerScope::Upstream => "upstream",
        BreakerScope::Route => "this route",
    };
    Row { group: "breaker", key: "scope", value: value.to_owned(), origin: block(breaker) }
}

/// The block that switched it on.
fn block(breaker: &Breaker) -> Origin {
    let layer = breaker.overlays.last().map_or(Layer::File, |overlay| overlay.layer.clone());
    Origin::Written { layer, place: breaker.place }
}

fn access_log(log: &AccessLog) -> Vec<Row> {
    let group = "access-log";
    let mut rows = vec![Row::new(group, "sample", log.sample.value.to_string(), &log.sample)];
    rows.extend(
        log.when_status
            .iter()
            .map(|codes| Row::new(group, "when status in", display::list(&codes.value), codes)),
    );
    for (key, names) in [("headers", &log.headers), ("redact", &log.redact)] {
        let quoted: Vec<_> = names.value.iter().map(|name| display::quoted(name)).collect();
        rows.extend((!quoted.is_empty()).then(|| Row::new(group, key, quoted.join(", "), names)));
    }
    rows
}
