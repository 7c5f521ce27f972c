//! `amb explain FILE 'POST http://payment.shop.svc:8080/v1/charges' --header name:value`, and
//! `'GRPC http://pricing.shop.svc/shop.v1.Pricing/Quote'`. A connection of bytes has no URL: `'TCP ledger.shop.svc:5432'`.
//!
//! The request is written as one would say it. Host and target are the two things
//! that policies look at; the scheme is written, because people paste URLs.

/// A call that somebody asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// With its port, if one was written.
    pub host: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// Reads `METHOD URL`, with `GRPC` for a call of gRPC, or `TCP HOST:PORT`, and header fields written as `name:value`.
    ///
    /// # Errors
    /// One sentence that says what is wrong and how it is written right.
    pub fn parse(line: &str, headers: &[String]) -> Result<Self, String> {
        let words: Vec<_> = line.split_whitespace().collect();
        let [method, url] = words.as_slice() else {
            return Err(format!("`{line}` is not a method and a URL: write `{EXAMPLE}`"));
        };
        if *method == TCP {
            return Self::tcp(url, headers);
        }
        let (host, target) = url_parts(url)?;
        let headers = headers.iter().map(|header| field(header)).collect::<Result<_, _>>()?;
        Ok(match method_name(method)?.as_str() {
            "GRPC" => Self::grpc(host, target, headers),
            method => Self { method: method.to_owned(), host, target, headers },
        })
    }

    /// A connection whose bytes nobody looks at.
    fn tcp(destination: &str, headers: &[String]) -> Result<Self, String> {
        let host = destination.strip_prefix("tcp://").unwrap_or(destination);
        if host.contains(['/', '?', '#']) || port(host).is_none() {
            return Err(format!(
                "`{destination}` is no destination of bytes: write `{TCP} HOST:PORT`"
            ));
        }
        if !headers.is_empty() {
            return Err("a connection of bytes has no header fields".to_owned());
        }
        check_host(host)?;
        let (method, host) = (TCP.to_owned(), host.to_owned());
        Ok(Self { method, host, target: String::new(), headers: Vec::new() })
    }

    pub(super) fn is_tcp(&self) -> bool {
        self.method == TCP
    }

    /// gRPC over HTTP/2: a call is a POST to `/Service/Method`.
    fn grpc(host: String, target: String, mut headers: Vec<(String, String)>) -> Self {
        headers.insert(0, (CONTENT_TYPE.to_owned(), GRPC_TYPE.to_owned()));
        Self { method: "POST".to_owned(), host, target, headers }
    }

    pub(super) fn is_grpc(&self) -> bool {
        let kind = self.headers.iter().find(|(name, _)| name == CONTENT_TYPE);
        kind.is_some_and(|(_, kind)| kind.starts_with(GRPC_TYPE))
    }
}

/// What stands in the place of a method where there is none.
const TCP: &str = "TCP";

const CONTENT_TYPE: &str = "content-type";
const GRPC_TYPE: &str = "application/grpc";

const EXAMPLE: &str = "GET http://payment.shop.svc/v1/charges";

fn method_name(text: &str) -> Result<String, String> {
    if !is_token(text) {
        return Err(format!("`{text}` is not a method: write `{EXAMPLE}`"));
    }
    if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return Err(format!("methods are upper case: write `{}`", text.to_ascii_uppercase()));
    }
    Ok(text.to_owned())
}

fn url_parts(url: &str) -> Result<(String, String), String> {
    let rest = match url.split_once("://") {
        Some(("http", rest)) => rest,
        Some(("https", rest)) => {
            return Err(format!(
                "a call of `https` is encrypted, and no route sees it: write `http://{rest}` if the application \
                 speaks HTTP to the proxy"
            ));
        }
        Some((scheme, _)) => {
            return Err(format!("`{scheme}` is not a scheme that amb carries: write `http`"));
        }
        None => return Err(incomplete(url)),
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, target) = rest.split_at(end);
    if host.contains('@') {
        return Err("user information has no place in a call: write the host alone".to_owned());
    }
    check_host(host)?;
    let slash = if target.starts_with('/') { "" } else { "/" };
    Ok((host.to_owned(), format!("{slash}{target}")))
}

/// What a text without a scheme lacks.
fn incomplete(url: &str) -> String {
    match url.strip_prefix("//") {
        Some(rest) => format!("`{url}` has no scheme: write `http://{rest}`"),
        None if url.starts_with('/') => {
            format!("`{url}` has no host: write `http://HOST{url}`, with a host of the policy")
        }
        None => format!("`{url}` has no scheme: write `http://{url}`"),
    }
}

/// What stands behind the last colon of `HOST:PORT`.
fn port(host: &str) -> Option<&str> {
    host.rsplit_once(':').filter(|_| !host.ends_with(']')).map(|(_, port)| port)
}

fn check_host(host: &str) -> Result<(), String> {
    let port = port(host);
    let name = port.map_or(host, |port| &host[..host.len() - port.len() - 1]);
    if name.is_empty() {
        return Err(format!("the URL names no host: write `{EXAMPLE}`"));
    }
    match port.map(str::parse::<u16>) {
        Some(Err(_) | Ok(0)) => {
            Err(format!("`{}` is not a port: write 1 to 65535", port.unwrap_or_default()))
        }
        _ => Ok(()),
    }
}

fn field(text: &str) -> Result<(String, String), String> {
    let Some((name, value)) = text.split_once(':') else {
        return Err(format!("`{text}` is not a header field: write `name:value`"));
    };
    if !is_token(name.trim()) {
        return Err(format!("`{name}` is not the name of a header field: write `name:value`"));
    }
    if value.chars().any(char::is_control) {
        return Err(format!("the value of `{name}` has a control character"));
    }
    Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    let is_char = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_char)
}
