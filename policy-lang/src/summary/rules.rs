//! `amb rules`: what the proxy asks of the kernel, as text that `nft` reads.
//!
//! The proxy sends the same rules as messages. It adds what the text cannot say: the table belongs to
//! the process, so that it ends, or stays, with it.

use std::net::{IpAddr, SocketAddr};

use crate::plan::{Cidr, Intercept, OnExit, Plan, PortRange};

/// The rules; none if nothing is redirected.
pub fn rules(plan: &Plan) -> Option<String> {
    let intercept = plan.intercept.as_ref()?;
    let (v4, v6): (Vec<_>, Vec<_>) =
        intercept.left_alone().into_iter().partition(|cidr| cidr.address.is_ipv4());
    let mut text = head(plan, intercept);
    text += &set("ports", "inet_service", &elements(&intercept.redirected(), port_range));
    text += &set("except-v4", "ipv4_addr", &elements(&v4, cidr));
    text += &set("except-v6", "ipv6_addr", &elements(&v6, cidr));
    text += &uids(plan, intercept);
    text += &chain(plan);
    Some(text + "}\n")
}

fn head(plan: &Plan, intercept: &Intercept) -> String {
    let (flags, then) = match intercept.on_exit.value {
        OnExit::Open => ("owner", "goes when the proxy ends"),
        OnExit::Closed => ("owner, persist", "stays when the proxy ends, until it is back"),
    };
    let name = &plan.service.name;
    format!(
        "# flags {flags}: held by the proxy's socket; the table {then}\ntable inet amb-{name} {{\n"
    )
}

fn set(name: &str, kind: &str, elements: &str) -> String {
    let elements = match elements {
        "" => String::new(),
        elements => format!("        elements = {{ {elements} }}\n"),
    };
    format!("    set {name} {{\n        type {kind}\n        flags interval\n{elements}    }}\n")
}

/// In the chain, the first rule that fits decides.
fn chain(plan: &Plan) -> String {
    let port = plan.listen.value.port();
    let mut lines = vec![
        "type nat hook output priority -100; policy accept;".to_owned(),
        // Connections that were made before are left alone.
        "tcp flags & (fin | syn | rst | ack) != syn return".to_owned(),
        "meta skuid @uids return".to_owned(),
    ];
    lines.extend(plan.redirected_loopback().iter().map(|upstream| on_purpose(*upstream, port)));
    lines.push("ip daddr @except-v4 return".to_owned());
    lines.push("ip6 daddr @except-v6 return".to_owned());
    lines.push(format!("tcp dport @ports redirect to :{port}"));
    let lines: String = lines.iter().map(|line| format!("        {line}\n")).collect();
    format!("    chain output {{\n{lines}    }}\n")
}

fn on_purpose(upstream: SocketAddr, port: u16) -> String {
    let family = if upstream.is_ipv4() { "ip" } else { "ip6" };
    let (ip, own) = (upstream.ip(), upstream.port());
    format!("{family} daddr {ip} tcp dport {own} redirect to :{port}")
}

fn uids(plan: &Plan, intercept: &Intercept) -> String {
    let own = plan.service.user.iter().map(|user| user.value);
    let uids: Vec<u32> = own.chain(intercept.left_alone_uids()).collect();
    let elements = match uids.is_empty() {
        true => String::new(),
        false => format!("        elements = {{ {} }}\n", elements(&uids, |uid| uid.to_string())),
    };
    let more = match plan.service.user {
        Some(_) => "",
        None => "        # and the uid that the proxy is started under\n",
    };
    format!("    set uids {{\n        type uid\n{elements}{more}    }}\n")
}

fn elements<T: Copy>(values: &[T], show: impl Fn(T) -> String) -> String {
    values.iter().map(|value| show(*value)).collect::<Vec<_>>().join(", ")
}

fn port_range(PortRange { first, last }: PortRange) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

/// A single address stands without its prefix.
fn cidr(Cidr { address, prefix }: Cidr) -> String {
    let whole = if matches!(address, IpAddr::V4(_)) { 32 } else { 128 };
    if prefix == whole { address.to_string() } else { format!("{address}/{prefix}") }
}
