//! Explanations, and what the request line may look like.

use amb_policy_lang::explain::{Request, explain};
use amb_policy_lang::plan::{Otherwise, Plan, Protocol};
use amb_policy_lang::{MemoryLoader, compile};

use crate::plans::{order, route_set};

fn request(line: &str, headers: &[&str]) -> Result<Request, String> {
    let headers: Vec<_> = headers.iter().map(|header| (*header).to_owned()).collect();
    Request::parse(line, &headers)
}

pub(crate) fn explained(line: &str, headers: &[&str]) -> String {
    explain(&order(), &request(line, headers).unwrap())
}

#[test]
fn the_unmatched_and_the_unknown_are_explained_too() {
    let text = explained("GET http://payment.shop.svc/", &[]);
    assert!(text.contains("none matches: the settings of payment"), "{text}");
    let text = explained("GET http://example.com", &[]);
    assert!(text.contains("none has the name example.com"), "{text}");
    assert!(text.contains("pass: forwarded as it is"), "{text}");
    let mut plan = order();
    plan.otherwise.value = Otherwise::Reject;
    let text = explain(&plan, &request("GET http://example.com", &[]).unwrap());
    assert!(text.contains("reject: 404"), "{text}");
}

#[test]
fn an_own_port_leads_to_its_upstream() {
    let mut plan = order();
    plan.upstreams[0].listen = Some(route_set("127.0.0.1:9001".parse().unwrap(), 19));
    let text = explain(&plan, &request("POST http://127.0.0.1:9001/v1/charges", &[]).unwrap());
    assert!(text.contains("payment (by its own port 127.0.0.1:9001)"), "{text}");
    assert!(text.contains("charge (match POST /v1/charges)"), "{text}");
}

#[test]
fn a_connection_of_bytes_is_asked_for_by_its_name_and_port() {
    let mut plan = order();
    plan.upstreams[0].protocol.value = Protocol::Tcp;
    // However wide the screen is.
    let ask = |line: &str| {
        let text = explain(&plan, &request(line, &[]).unwrap());
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let advice = "payment gets bytes (tcp), and no requests: ask with `TCP payment.shop.svc:8080`";
    let refused = ask("GET http://payment.shop.svc/");
    assert!(refused.contains(advice), "{refused}");
    let text = ask("TCP payment.shop.svc:8080");
    assert!(text.contains("payment (by its name and port payment.shop.svc:8080)"), "{text}");
    assert!(text.contains("connect"), "{text}");
    let other = ask("TCP payment.shop.svc:8081");
    assert!(other.contains("none is at payment.shop.svc:8081 otherwise pass: a tunnel"), "{other}");
}

fn compiled(upstreams: &str) -> Plan {
    let text = format!(
        "edition 2026\nservice web\ndefaults {{ timeout {{ total 2s; connect 500ms }} }}\n{upstreams}\n\
         otherwise pass\n"
    );
    let outcome = compile("web.amb", &MemoryLoader::new([("web.amb", text)]));
    assert_eq!(outcome.diagnostics, []);
    outcome.plan.unwrap()
}

#[test]
fn an_address_is_a_name_beside_others_where_it_tells_something() {
    let route = "route closed { match /admin/**; respond 403 }";
    let upstream = |name: &str, address: &str, more: &str| {
        format!("upstream {name} {{ address \"{address}\"; {more}; {route} }}\n")
    };
    for (policy, host, found) in [
        (upstream("u", "10.0.0.5:8080", "hosts \"u\""), "10.0.0.5:8080", true),
        (upstream("u", "10.0.0.5:8080", "listen \"127.0.0.1:9001\""), "10.0.0.5:8080", true),
        (upstream("u", "[fd00::5]:8080", "hosts \"u\""), "[fd00::5]:8080", true),
        (upstream("u", "10.0.0.5:80", "hosts \"u\", \"10.0.0.5\""), "10.0.0.5", true),
        (upstream("u", "127.0.0.1:80", "hosts \"u\""), "127.0.0.1", false),
        (
            upstream("u", "10.0.0.5:80", "hosts \"u\"")
                + &upstream("v", "10.0.0.5:81", "hosts \"v\""),
            "10.0.0.5",
            false,
        ),
    ] {
        let line = format!("GET http://{host}/admin/x");
        let text = explain(&compiled(&policy), &request(&line, &[]).unwrap());
        assert_eq!(text.contains("closed (match /admin/**)"), found, "{policy}{text}");
    }
}

#[test]
fn an_exact_name_of_a_connection_wins_over_wildcards() {
    let upstream = |name: &str, host: &str| {
        format!(
            "upstream {name} {{ address \"{name}.db:5432\"; protocol tcp; hosts \"{host}\" }}\n"
        )
    };
    let all = [("far", "*.svc"), ("near", "*.c.svc"), ("exact", "c.svc")];
    let plan = compiled(&all.map(|(name, host)| upstream(name, host)).concat());
    for (dialled, found) in [("c.svc", "exact"), ("b.c.svc", "near"), ("b.svc", "far")] {
        let text = explain(&plan, &request(&format!("TCP {dialled}:5432"), &[]).unwrap());
        assert!(text.contains(&format!("{found} (by its name and port")), "{dialled}: {text}");
    }
}

#[test]
fn no_line_is_wider_than_the_screen() {
    let text = explained("POST http://payment.shop.svc/v1/charges", &[]);
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn requests_are_read_as_people_write_them() {
    let read = request("GET http://Payment.shop.svc:80?a=1#top", &["X-A: b:c "]).unwrap();
    assert_eq!(read.host, "Payment.shop.svc:80");
    assert_eq!(read.target, "/?a=1");
    assert_eq!(read.headers, [("x-a".to_owned(), "b:c".to_owned())]);
    assert_eq!(request("GET http://[::1]:8080/x", &[]).unwrap().host, "[::1]:8080");
}

#[test]
fn what_is_wrong_is_said_with_what_is_right() {
    let cases = [
        ("GET", "is not a method and a URL"),
        ("get http://a/", "write `GET`"),
        ("G(T http://a/", "is not a method"),
        ("GET a.b/c", "write `http://a.b/c`"),
        ("GET /a/b", "no host: write `http://HOST/a/b`"),
        ("GET //a.b/c", "write `http://a.b/c`"),
        ("GET ftp://a/", "`ftp` is not a scheme"),
        ("GET https://a/", "is encrypted, and no route sees it"),
        ("GET http:///x", "names no host"),
        ("GET http://a:0/x", "`0` is not a port"),
        ("GET http://a:b@c/x", "user information"),
        ("TCP ledger.svc", "write `TCP HOST:PORT`"),
        ("TCP http://ledger.svc:1/", "write `TCP HOST:PORT`"),
        ("TCP ledger.svc:0", "`0` is not a port"),
    ];
    for (line, expected) in cases {
        let error = request(line, &[]).unwrap_err();
        assert!(error.contains(expected), "{line}: {error}");
    }
    assert!(request("GET http://a/", &["no-colon"]).unwrap_err().contains("`name:value`"));
    assert!(request("GET http://a/", &["a b:c"]).unwrap_err().contains("name of a header"));
}
