//! The settings of a call one by one. Whatever shows or compares them starts from these lists, so a
//! new setting of a block is one line here.

use std::fmt::{Display, Formatter, Result};
use std::time::Duration;

use super::display::{duration, list, quoted, size};
use super::{
    Backoff, Breaker, Budget, Cause, HeaderEdit, Method, NonIdempotent, OpenFor, Origin, Reply,
    Retry, RetryAfter, Settings, Sourced, Timeout, Total, TripRule,
};

/// One setting that is in force.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'p> {
    /// The block it stands in, or its own name when it has none: `retry`, `trace`.
    pub group: &'static str,
    /// Its name within the block; empty for a setting without a block.
    pub key: &'static str,
    pub value: SettingValue<'p>,
    pub origin: &'p Origin,
}

/// What it is set to. Shown as an author would write it.
#[derive(Clone, Copy, Debug)]
pub enum SettingValue<'p> {
    /// It is there, and that is all.
    Present,
    Name(&'p str),
    Count(u32),
    /// Bytes.
    Size(u64),
    Time(Duration),
    Total(Total),
    Causes(&'p [Cause]),
    Methods(&'p [Method]),
    NonIdempotent(&'p NonIdempotent),
    Backoff(Backoff),
    RetryAfter(RetryAfter),
    Budget(Budget),
    Rule(TripRule),
    OpenFor(OpenFor),
    Edit(&'p HeaderEdit),
    Reply(&'p Reply),
}

impl Setting<'_> {
    /// `retry.attempts`, `trace`.
    pub fn path(&self) -> String {
        setting_path(self.group, self.key)
    }
}

/// The name of a setting as guardrails and differences have it: `headers.request.set`.
pub fn setting_path(group: &str, key: &str) -> String {
    let group = group.replace(' ', ".");
    match key {
        "" => group,
        key => format!("{group}.{key}"),
    }
}

impl Display for SettingValue<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Present => Ok(()),
            Self::Name(name) => f.write_str(&quoted(name)),
            Self::Count(count) => count.fmt(f),
            Self::Size(bytes) => f.write_str(&size(*bytes)),
            Self::Time(time) => f.write_str(&duration(*time)),
            Self::Total(total) => total.fmt(f),
            Self::Causes(causes) => f.write_str(&list(causes)),
            Self::Methods(methods) => f.write_str(&list(methods)),
            Self::NonIdempotent(rule) => rule.fmt(f),
            Self::Backoff(backoff) => backoff.fmt(f),
            Self::RetryAfter(rule) => rule.fmt(f),
            Self::Budget(budget) => budget.fmt(f),
            Self::Rule(rule) => f.write_str(&rule.arguments()),
            Self::OpenFor(open) => open.fmt(f),
            Self::Edit(edit) => f.write_str(&edit.arguments()),
            Self::Reply(reply) => reply.fmt(f),
        }
    }
}

impl Settings {
    /// All settings in force, in the order in which the filters run.
    pub fn fields(&self) -> Vec<Setting<'_>> {
        let alone = |group| Block(group);
        let mut fields: Vec<_> = self
            .trace
            .iter()
            .map(|on| alone("trace").field("", SettingValue::Present, on))
            .collect();
        fields.extend(
            self.correlation_id.iter().map(|name| {
                alone("correlation-id").field("", SettingValue::Name(&name.value), name)
            }),
        );
        fields.extend(edits("headers request", &self.request_headers));
        fields.extend(self.timeout.fields());
        fields.extend(self.retry.iter().flat_map(Retry::fields));
        fields.extend(self.breaker.iter().flat_map(Breaker::fields));
        fields.extend(
            self.fallback
                .iter()
                .map(|reply| alone("fallback").field("", SettingValue::Reply(&reply.value), reply)),
        );
        fields.extend(edits("headers response", &self.response_headers));
        fields
    }
}

impl Timeout {
    /// Without `total` where nobody wrote one: bytes have none.
    pub fn fields(&self) -> Vec<Setting<'_>> {
        let block = Block("timeout");
        let nobodys = Sourced::language(Total::Off);
        let total = Some(&self.total).filter(|total| **total != nobodys);
        let total = total.map(|it| block.field("total", SettingValue::Total(it.value), it));
        let per_try = self.per_try.as_ref().map(|it| block.time("per-try", it));
        let always = [block.time("connect", &self.connect), block.time("idle", &self.idle)];
        total.into_iter().chain(per_try).chain(always).collect()
    }
}

impl Retry {
    /// In the order in which the reference has them.
    pub fn fields(&self) -> Vec<Setting<'_>> {
        let block = Block("retry");
        let rule = SettingValue::NonIdempotent(&self.non_idempotent.value);
        vec![
            block.field("attempts", SettingValue::Count(self.attempts.value), &self.attempts),
            block.field("on", SettingValue::Causes(&self.on.value), &self.on),
            block.field("methods", SettingValue::Methods(&self.methods.value), &self.methods),
            block.field("non-idempotent", rule, &self.non_idempotent),
            block.field("backoff", SettingValue::Backoff(self.backoff.value), &self.backoff),
            block.field(
                "retry-after",
                SettingValue::RetryAfter(self.retry_after.value),
                &self.retry_after,
            ),
            block.field("budget", SettingValue::Budget(self.budget.value), &self.budget),
            block.field("buffer", SettingValue::Size(self.buffer.value), &self.buffer),
        ]
    }
}

impl Breaker {
    /// Its rules first. Its scope is no setting: it follows from where the block stands.
    pub fn fields(&self) -> Vec<Setting<'_>> {
        let block = Block("breaker");
        let rules = self.rules.iter();
        let rules =
            rules.map(|rule| block.field(rule.value.key(), SettingValue::Rule(rule.value), rule));
        let rest = [
            block.field("open-for", SettingValue::OpenFor(self.open_for.value), &self.open_for),
            block.field("probes", SettingValue::Count(self.probes.value), &self.probes),
            block.field("counts", SettingValue::Causes(&self.counts.value), &self.counts),
        ];
        rules.chain(rest).collect()
    }
}

fn edits<'p>(
    group: &'static str,
    edits: &'p [Sourced<HeaderEdit>],
) -> impl Iterator<Item = Setting<'p>> {
    edits
        .iter()
        .map(move |it| Block(group).field(it.value.key(), SettingValue::Edit(&it.value), it))
}

/// The name of a group of fields.
#[derive(Clone, Copy)]
struct Block(&'static str);

impl Block {
    fn time<'p>(self, key: &'static str, time: &'p Sourced<Duration>) -> Setting<'p> {
        self.field(key, SettingValue::Time(time.value), time)
    }

    fn field<'p, T>(
        self,
        key: &'static str,
        value: SettingValue<'p>,
        source: &'p Sourced<T>,
    ) -> Setting<'p> {
        Setting { group: self.0, key, value, origin: &source.origin }
    }
}
