//! The settings of a route as a flat list: name, value as written, who set it.
//!
//! Every product that shows a plan starts from these rows, in this order: the
//! summary groups them, the explanation lists them, the difference compares them.

use crate::plan::{
    AccessLog, Breaker, BreakerScope, HeaderEdit, Layer, Observe, Origin, Place, Plan, Retry,
    Settings, Sourced, Timeout, Total, Upstream, display,
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

    /// `retry.attempts`, `trace`.
    pub fn path(&self) -> String {
        let group = self.group.replace(' ', ".");
        match self.key {
            "" => group,
            key => format!("{group}.{key}"),
        }
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
    let trace = settings.trace.iter();
    let mut rows: Vec<_> = trace.map(|trace| Row::new("trace", "", String::new(), trace)).collect();
    rows.extend(
        settings
            .correlation_id
            .iter()
            .map(|name| Row::new("correlation-id", "", display::quoted(&name.value), name)),
    );
    rows.extend(edits("headers request", &settings.request_headers));
    rows.extend(timeout(&settings.timeout));
    rows.extend(settings.retry.iter().flat_map(retry));
    rows.extend(settings.breaker.iter().flat_map(breaker));
    rows.extend(
        settings
            .fallback
            .iter()
            .map(|reply| Row::new("fallback", "", reply.value.to_string(), reply)),
    );
    rows.extend(edits("headers response", &settings.response_headers));
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

fn timeout(timeout: &Timeout) -> Vec<Row> {
    let group = "timeout";
    // Bytes have none, and nobody wrote that.
    let nothing = Sourced::language(Total::Off);
    let total = Some(&timeout.total).filter(|total| **total != nothing);
    let total = total.map(|total| Row::new(group, "total", total.value.to_string(), total));
    let mut rows: Vec<_> = total.into_iter().collect();
    let per_try = timeout.per_try.iter();
    rows.extend(
        per_try.map(|time| Row::new(group, "per-try", display::duration(time.value), time)),
    );
    for (key, time) in [("connect", &timeout.connect), ("idle", &timeout.idle)] {
        rows.push(Row::new(group, key, display::duration(time.value), time));
    }
    rows
}

fn retry(retry: &Retry) -> Vec<Row> {
    let row = |key, value: String, origin: &Origin| Row {
        group: "retry",
        key,
        value,
        origin: origin.clone(),
    };
    vec![
        row("attempts", retry.attempts.value.to_string(), &retry.attempts.origin),
        row("on", display::list(&retry.on.value), &retry.on.origin),
        row("methods", display::list(&retry.methods.value), &retry.methods.origin),
        row("non-idempotent", retry.non_idempotent.value.to_string(), &retry.non_idempotent.origin),
        row("backoff", retry.backoff.value.to_string(), &retry.backoff.origin),
        row("retry-after", retry.retry_after.value.to_string(), &retry.retry_after.origin),
        row("budget", retry.budget.value.to_string(), &retry.budget.origin),
        row("buffer", display::size(retry.buffer.value), &retry.buffer.origin),
    ]
}

fn breaker(breaker: &Breaker) -> Vec<Row> {
    let group = "breaker";
    let rules = breaker.rules.iter();
    let mut rows: Vec<_> =
        rules.map(|rule| Row::new(group, rule.value.key(), rule.value.arguments(), rule)).collect();
    rows.push(Row::new(group, "open-for", breaker.open_for.value.to_string(), &breaker.open_for));
    rows.push(Row::new(group, "probes", breaker.probes.value.to_string(), &breaker.probes));
    rows.push(Row::new(group, "counts", display::list(&breaker.counts.value), &breaker.counts));
    rows.push(scope(breaker));
    rows
}

/// The scope is not a written value: it follows from the place of the block.
fn scope(breaker: &Breaker) -> Row {
    let value = match breaker.scope {
        BreakerScope::Upstream => "upstream",
        BreakerScope::Route => "this route",
    };
    Row { group: "breaker", key: "scope", value: value.to_owned(), origin: block(breaker.place) }
}

fn block(place: Place) -> Origin {
    Origin::Written { layer: Layer::File, place }
}

fn edits(group: &'static str, edits: &[Sourced<HeaderEdit>]) -> Vec<Row> {
    let row = |edit: &Sourced<HeaderEdit>| {
        Row::new(group, edit.value.key(), edit.value.arguments(), edit)
    };
    edits.iter().map(row).collect()
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
