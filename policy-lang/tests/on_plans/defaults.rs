//! The schema's defaults are what holds: writing one down changes no value.

use amb_policy_lang::plan::{Origin, Plan};
use amb_policy_lang::schema::{self, Row, Scope};
use amb_policy_lang::summary::rows;
use amb_policy_lang::{MemoryLoader, compile};

/// Values that have to do with a row, in a policy that says `written` in the row's block.
fn values(scope: Scope, protocol: &str, written: &str) -> Vec<(String, String)> {
    let of = |wanted: Scope| if wanted == scope { written } else { "" };
    let text = format!(
        "edition 2026\n\
         service web {{\n{}\n}}\n\
         {}\n\
         observe {{\nmetrics\n{}\naccess-log json {{\n{}\n}}\n}}\n\
         upstream shop {{\naddress \"shop.svc:80\"\nprotocol {protocol}\n\
         timeout {{\ntotal 9s\n{}\n}}\nretry {{\n{}\n}}\nbreaker {{\n{}\n}}\n}}\n\
         otherwise pass\n",
        of(Scope::Service),
        of(Scope::File),
        of(Scope::Observe),
        of(Scope::AccessLog),
        of(Scope::Timeout),
        of(Scope::Retry),
        of(Scope::Breaker),
    );
    let outcome = compile("web.amb", &MemoryLoader::new([("web.amb", &text)]));
    let plan = outcome.plan.unwrap_or_else(|| panic!("{text}: {:?}", outcome.diagnostics));
    all(&plan)
}

fn all(plan: &Plan) -> Vec<(String, String)> {
    let head = [
        ("listen".to_owned(), plan.listen.value.to_string()),
        ("workers".to_owned(), plan.service.workers.value.to_string()),
    ];
    let rows = rows::observe(&plan.observe).into_iter();
    let rows = rows.chain(rows::settings(&plan.upstreams[0].settings));
    head.into_iter().chain(rows.map(|row| (row.path(), row.value))).collect()
}

/// Its only scope, if a value of it can be seen in the plan.
fn scope(row: &Row) -> Option<Scope> {
    let &[scope] = row.scopes else { return None };
    let seen = [
        Scope::Service,
        Scope::File,
        Scope::Observe,
        Scope::AccessLog,
        Scope::Timeout,
        Scope::Retry,
        Scope::Breaker,
    ];
    seen.contains(&scope).then_some(scope)
}

#[test]
fn a_default_that_is_written_down_changes_nothing() {
    let mut seen = 0;
    for row in schema::rows().filter(|row| !row.default.value.is_empty()) {
        let Some(scope) = scope(row) else { continue };
        for (protocol, own) in [("http1", ""), ("grpc", row.default.grpc)] {
            let text = if own.is_empty() { row.default.value } else { own };
            let written = format!("{} {text}", row.key);
            assert_eq!(values(scope, protocol, &written), values(scope, protocol, ""), "{written}");
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} were compared");
}

#[test]
fn nobody_is_said_to_have_written_a_default() {
    let text = "edition 2026\nservice web\nupstream shop {\naddress \"shop.svc:80\"\n\
                timeout 9s\nretry\nbreaker\n}\notherwise pass\n";
    let plan = compile("web.amb", &MemoryLoader::new([("web.amb", text)])).plan.unwrap();
    let rows = rows::settings(&plan.upstreams[0].settings);
    let written: Vec<_> =
        rows.iter().filter(|row| row.origin != Origin::Language).map(|row| row.path()).collect();
    assert_eq!(written, ["timeout.total", "breaker.scope"]);
}
