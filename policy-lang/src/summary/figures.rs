//! The table of costs: one line a route, before any detail.

use super::ANY_OTHER;
use crate::plan::{Action, Match, Plan, Settings, Upstream, derived, display};

const HEADS: [&str; 4] = ["tries", "worst latency", "amplification", "replay memory"];

/// The table; `None` if the plan calls no upstream.
pub(super) fn table(plan: &Plan) -> Option<String> {
    // Bytes are not tried again, and cost what they are.
    let speaks_http = |upstream: &&Upstream| !upstream.protocol.value.is_opaque();
    let rows: Vec<_> = plan.upstreams.iter().filter(speaks_http).flat_map(upstream).collect();
    let name = rows.iter().map(|(name, _)| name.chars().count()).max()?;
    let name = name.clamp(24, 44);
    let mut text = line("", HEADS.map(str::to_owned), name);
    for (label, figures) in rows {
        text.push_str(&line(&label, figures, name));
    }
    Some(text)
}

fn upstream(upstream: &Upstream) -> Vec<(String, [String; 4])> {
    let routes = upstream.routes.iter().map(|route| {
        let figures = match route.action {
            Action::Forward { .. } => figures(&route.settings, &route.matches),
            Action::Respond(_) => ["0", "0ms", "0x", "0B"].map(str::to_owned),
        };
        (format!("{}/{}", upstream.name, route.name), figures)
    });
    let name = match upstream.routes.is_empty() {
        true => upstream.name.clone(),
        false => format!("{}, {ANY_OTHER}", upstream.name),
    };
    let other = (name, figures(&upstream.settings, &[]));
    routes.chain([other]).collect()
}

/// Of tries that each take all of `per-try`, not all may have time: `2 of 4 tries fit into 6s`.
pub(super) fn slow(settings: &Settings) -> Option<String> {
    let (tries, fit) = (derived::tries(settings), derived::slow_tries(settings));
    let total = display::duration(settings.timeout.total.value.limit());
    (fit < tries).then(|| format!("{fit} of {tries} tries fit into {total}"))
}

fn figures(settings: &Settings, matches: &[Match]) -> [String; 4] {
    [
        derived::tries(settings).to_string(),
        display::duration(derived::worst_latency(settings)),
        format!("{}x", derived::amplification(settings, matches)),
        display::size(derived::replay_memory(settings)),
    ]
}

fn line(name: &str, figures: [String; 4], width: usize) -> String {
    let name: String = name.chars().take(width).collect();
    let mut text = format!("{name:<width$}");
    for (figure, head) in figures.iter().zip(HEADS) {
        text.push_str(&format!("  {figure:>0$}", head.len()));
    }
    text + "\n"
}
