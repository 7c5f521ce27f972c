//! What strings, names and paths must look like.

use std::net::{IpAddr, SocketAddr};

use crate::date::Date;
use crate::plan::Cidr;
use crate::schema::Text;

/// What is wrong with `written` as a `text`.
pub(super) fn problem(text: Text, written: &str) -> Option<&'static str> {
    if matches!(text, Text::Host | Text::Authority) && odd_address(host_of(written)) {
        return Some("an address is written in its shortest form, as in `[::1]`");
    }
    let (right, problem) = match text {
        Text::Any => (!written.trim().is_empty(), "must say something"),
        Text::Host => (
            host_pattern(written),
            "a host name, an IP address, or `*.` and a domain is needed, without a port",
        ),
        Text::HostPort => {
            (host_port(written), "a host and a port are needed, as in `payment.shop.svc:8080`")
        }
        Text::Authority => {
            (host(written) || host_port(written), "a host is needed, perhaps with a port")
        }
        Text::Socket => {
            (socket(written), "an IP address and a port are needed, as in `127.0.0.1:15001`")
        }
        Text::Cidr => (
            Cidr::parse(written).is_some(),
            "an IP address and a prefix are needed, as in `10.0.0.0/8`, and no bit behind it set",
        ),
        Text::HeaderName => return header_name_problem(written),
        Text::HeaderValue => (
            header_value(written),
            "a header's value has no control characters and no space at its ends",
        ),
        Text::GrpcMethod => (
            grpc_method(written, &[]),
            "a service and a method are needed, as in `shop.v1.Pricing/Quote`",
        ),
        Text::GrpcMethods => (
            grpc_method(written, &["*"]),
            "a service and a method are needed, as in `shop.v1.Pricing/Quote` or `shop.v1.Pricing/*`",
        ),
        Text::Date => (Date::read(written).is_some(), "a date is needed, as in `2027-03-31`"),
    };
    (!right).then_some(problem)
}

/// RFC 9110 §5.1: a token; ours are lower case, as they are compared and on HTTP/2.
pub(super) fn header_name_problem(name: &str) -> Option<&'static str> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.starts_with(':') {
        return Some("pseudo headers belong to the connection");
    }
    let right = !name.is_empty() && name.chars().all(token);
    (!right).then_some("a header's name has letters, digits and `-`, and no spaces")
}

/// RFC 9110 §5.5.
fn header_value(value: &str) -> bool {
    !value.chars().any(|c| c.is_control() && c != '\t') && value.trim() == value
}

/// `package.Service/Method`, in the identifiers of Protocol Buffers; or another word for all methods.
fn grpc_method(written: &str, others: &[&str]) -> bool {
    let identifier = |name: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(inner)
    };
    written.split_once('/').is_some_and(|(service, method)| {
        service.split('.').all(identifier) && (identifier(method) || others.contains(&method))
    })
}

/// A DNS label in lower case.
pub(super) fn label(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let first = name.starts_with(|c: char| c.is_ascii_lowercase());
    first && name.len() <= 63 && !name.ends_with('-') && name.chars().all(inner)
}

fn host(name: &str) -> bool {
    let bracketed = bracketed(name).filter(|inner| inner.contains(':'));
    bracketed.unwrap_or(name).parse::<IpAddr>().is_ok() || domain(name)
}

/// An address in another spelling than RFC 5952 recommends, or IPv4 in the notation of IPv6. Requests with
/// such a host are refused, so that an address has one name.
fn odd_address(name: &str) -> bool {
    let ip = bracketed(name).unwrap_or(name).parse::<IpAddr>().ok();
    let odd = |ip: IpAddr| {
        let plain = bracketed(name).unwrap_or(name).eq_ignore_ascii_case(&ip.to_string());
        !plain || ip.to_canonical() != ip
    };
    ip.is_some_and(odd)
}

/// Without a port.
fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((name, port)) if name.ends_with(']') && !port.contains(']') => name,
        Some((name, _)) if !name.contains(':') => name,
        _ => authority,
    }
}

fn bracketed(name: &str) -> Option<&str> {
    name.strip_prefix('[')?.strip_suffix(']')
}

fn host_pattern(name: &str) -> bool {
    name.strip_prefix("*.").map_or_else(|| host(name), domain)
}

fn domain(name: &str) -> bool {
    let part = |part: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        (1..=63).contains(&part.len())
            && part.chars().all(inner)
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let numeric =
        name.rsplit('.').next().is_some_and(|last| last.chars().all(|c| c.is_ascii_digit()));
    name.len() <= 253 && !numeric && name.split('.').all(part)
}

fn host_port(written: &str) -> bool {
    if socket(written) {
        return true;
    }
    let Some((name, port)) = written.rsplit_once(':') else { return false };
    domain(name) && port.parse::<u16>().is_ok_and(|port| port > 0) && !port.starts_with('+')
}

fn socket(written: &str) -> bool {
    written.parse::<SocketAddr>().is_ok()
}

/// The most parts of a pattern, but for `**`. The proxy cuts a path behind its 32nd part, and what is cut
/// must match nothing but what ends in `**`.
const MOST_PARTS: usize = 31;

/// What is wrong with a path pattern.
pub(super) fn pattern_problem(path: &str) -> Option<String> {
    let mut names = Vec::new();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let parts = segments.iter().filter(|segment| **segment != "**").count();
    if parts > MOST_PARTS {
        return Some(format!("a pattern has at most {MOST_PARTS} parts; end it with `**`"));
    }
    for (index, segment) in segments.iter().enumerate() {
        let last = index + 1 == segments.len();
        if *segment == "**" && !last {
            return Some("`**` can only be the last part".to_owned());
        }
        if *segment == "**" {
            continue;
        }
        match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some("") => return Some("a capture needs a name".to_owned()),
            Some(name)
                if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || name.contains('*') =>
            {
                return Some(format!("`{name}` cannot be the name of a capture"));
            }
            Some(name) if names.contains(&name) => {
                return Some(format!("the capture `{name}` is there twice"));
            }
            Some(name) => names.push(name),
            None => {
                if let Some(problem) = literal_problem(segment) {
                    return Some(problem);
                }
            }
        }
    }
    None
}

fn literal_problem(segment: &str) -> Option<String> {
    if segment.contains(['{', '}']) {
        return Some("a capture is a whole part between slashes".to_owned());
    }
    if segment.contains('*') {
        return Some(
            "`*` is not known; write a capture such as `{name}`, or `**` at the end".to_owned(),
        );
    }
    if segment.contains('?') {
        return Some("patterns see the path only, never the query".to_owned());
    }
    segment
        .chars()
        .any(|c| !c.is_ascii_graphic())
        .then(|| "write other characters in percent form, as they are sent".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (text, good, bad) in [
            (Text::HostPort, "payment.shop.svc:8080", "payment.shop.svc"),
            (Text::HostPort, "127.0.0.1:80", "127.0.0.300:80"),
            (Text::HostPort, "[::1]:80", "::1:80:"),
            (Text::HostPort, "a:1", "a:0"),
            (Text::Host, "*.shop.svc", "a.*.svc"),
            (Text::Host, "payment", "payment:80"),
            (Text::Host, "::1", "0::1"),
            (Text::Host, "[2001:db8::1]", "[2001:DB8:0::1]"),
            (Text::Host, "127.0.0.1", "::ffff:127.0.0.1"),
            (Text::Host, "127.0.0.1", "[127.0.0.1]"),
            (Text::Authority, "[::1]:80", "[0::1]:80"),
            (Text::Socket, "127.0.0.1:0", "localhost:80"),
            (Text::Cidr, "10.0.0.0/8", "10.0.0.1/8"),
            (Text::HeaderName, "x-a", "x a"),
            (Text::HeaderName, "X-A", ":path"),
            (Text::HeaderValue, "a b", " a"),
            (Text::HeaderValue, "", "a\nb"),
            (Text::Date, "2028-02-29", "2027-02-29"),
            (Text::Date, "2027-12-31", "27-1-1"),
            (Text::Authority, "payment.shop.svc", "pay ment"),
            (Text::GrpcMethod, "shop.v1.Pricing/Quote", "shop.v1.Pricing/*"),
            (Text::GrpcMethods, "Pricing/*", "/shop.v1.Pricing/Quote"),
            (Text::GrpcMethods, "_a.B_2/c", "shop..Pricing/Quote"),
        ] {
            assert_eq!(problem(text, good), None, "{good}");
            assert!(problem(text, bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn patterns() {
        for good in ["/", "/v1/stock/{sku}", "/static/**", "/**", "/a/", "/a.b~c/%20"] {
            assert_eq!(pattern_problem(good), None, "{good}");
        }
        for bad in ["/{a}/{a}", "/a{b}", "/*", "/**/a", "/{}", "/{*}", "/a?b", "/ä", "/{1}"] {
            assert!(pattern_problem(bad).is_some(), "{bad}");
        }
    }
}
