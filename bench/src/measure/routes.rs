//! What a request costs where the policy is large: routes that it does not take, filters that it does
//! not pass.

use crate::figures::Figure;
use crate::measure::{Bench, bodies};
use crate::ours::{build_text, policy_with};
use crate::peers::built;

pub(crate) const ROUTES: &str = "CPU by routes, 100 B";
pub(crate) const TEN: &str = "the last of 10 routes";
pub(crate) const THOUSAND: &str = "the last of 1,000 routes";
pub(crate) const FILTERS: &str = "CPU by unused filters, 100 B";
pub(crate) const ONE: &str = "beside 1 unused filter";
pub(crate) const TWENTY: &str = "beside 20 unused filters";

/// How the route begins that is measured, the last of the policy.
const MEASURED: &str = "    ## What is measured.\n";
/// How many routes the policy has.
const OWN: usize = 3;

pub(crate) fn measure(bench: &Bench) -> Vec<Figure> {
    let names = [ROUTES, "CPU in user mode by routes, 100 B"];
    let ten = (TEN, "bench-10-routes", routes(10));
    let thousand = (THOUSAND, "bench-1000-routes", routes(1000));
    let mut figures = beside(bench, names, [ten, thousand]);
    let names = [FILTERS, "CPU in user mode by unused filters, 100 B"];
    let one = (ONE, "bench-1-unused", unused(1));
    let twenty = (TWENTY, "bench-20-unused", unused(20));
    figures.extend(beside(bench, names, [one, twenty]));
    figures
}

/// Two policies: the row of each, the name of its file, and its text.
fn beside(
    bench: &Bench,
    names: [&'static str; 2],
    policies: [(&'static str, &str, String); 2],
) -> Vec<Figure> {
    let proxies =
        policies.map(|(row, file, text)| built(row, build_text(&text, file)).ready(bench.setup()));
    bodies::small_of(bench, &proxies, names)
}

/// The policy with so many routes, which differ in their literal segments and in three time-outs.
fn routes(count: usize) -> String {
    let route = |at: usize| {
        let (area, timeout) = (at / 10, ["1s", "2s", "3s"][at % 3]);
        format!(
            "    route r{at} {{\n        match   GET /v1/area{area:03}/thing{at:03}/{{id}}\n        \
             timeout {timeout}\n    }}\n\n"
        )
    };
    before_the_measured((0..count - OWN).map(route).collect())
}

/// The policy with filters on other routes, up to five on each.
fn unused(count: usize) -> String {
    let filter = |at: usize| match at % 5 {
        0 => format!("breaker {{ consecutive-failures {} }}", 6 + at),
        1 => format!("retry {{ backoff full-jitter {}ms..100ms }}", 10 + at),
        2 => format!("fallback {}", 200 + at),
        3 => format!("headers request {{ remove \"x-other-{at}\" }}"),
        _ => format!("rewrite path /v2/other{at}/{{id}}"),
    };
    let filters: Vec<_> = (0..count).map(filter).collect();
    let route = |(at, filters): (usize, &[String])| {
        let filters = filters.join("\n        ");
        format!(
            "    route other{at} {{\n        match GET /v1/other{at}/{{id}}\n        {filters}\n    }}\n\n"
        )
    };
    before_the_measured(filters.chunks(5).enumerate().map(route).collect())
}

fn before_the_measured(others: String) -> String {
    policy_with(MEASURED, &(others + MEASURED))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use amb_policy_lang::{MemoryLoader, compile};

    use super::*;
    use crate::folder::CHECKOUT;

    #[test]
    fn the_measured_route_is_the_last_of_so_many() {
        let baseline = fs::read_to_string(format!("{CHECKOUT}/examples/order/acme.amb")).unwrap();
        for (text, count) in
            [(routes(10), 10), (routes(1000), 1000), (unused(1), OWN + 1), (unused(20), OWN + 4)]
        {
            let files = [("examples/order/acme.amb", &baseline), ("bench/policies/it.amb", &text)];
            let loader = MemoryLoader::new(files.map(|(name, text)| (name, text.as_str())));
            let outcome = compile("bench/policies/it.amb", &loader);
            assert!(outcome.diagnostics.is_empty(), "{:?}", outcome.diagnostics);
            let plan = outcome.plan.unwrap();
            let routes: Vec<_> = plan.upstreams[0].routes.iter().map(|it| &*it.name).collect();
            assert_eq!((routes.len(), routes.last()), (count, Some(&"stock")));
        }
    }
}
