//! Reads typed values out of sound arguments. `None` never reaches the user: the shape
//! of a sound statement is what its row asks for.

use std::time::Duration;

use crate::plan::{
    Cause, CodeRange, GrpcCode, HeaderValue, Method, PathPattern, Percent, Rate, Segment,
};
use crate::syntax::ast::{Arg, Number, Value};

pub(super) fn duration(value: &Value) -> Option<Duration> {
    match value {
        Value::Number(Number::Duration(duration)) => Some(*duration),
        _ => None,
    }
}

pub(super) fn durations(value: &Value) -> Option<(Duration, Duration)> {
    match value {
        Value::Range(Number::Duration(first), Number::Duration(last)) => Some((*first, *last)),
        _ => None,
    }
}

pub(super) fn integer(value: &Value) -> Option<u64> {
    match value {
        Value::Number(Number::Integer(integer)) => Some(*integer),
        _ => None,
    }
}

pub(super) fn count(value: &Value) -> Option<u32> {
    integer(value).and_then(|integer| u32::try_from(integer).ok())
}

pub(super) fn size(value: &Value) -> Option<u64> {
    match value {
        Value::Number(Number::Size(size)) => Some(*size),
        _ => None,
    }
}

pub(super) fn percent(value: &Value) -> Option<Percent> {
    match value {
        Value::Number(Number::Percent(parts)) => Some(Percent(*parts)),
        _ => None,
    }
}

pub(super) fn rate(value: &Value) -> Option<Rate> {
    match value {
        Value::Number(Number::Rate { count, per }) => Some(Rate { count: *count, per: *per }),
        _ => None,
    }
}

pub(crate) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

pub(super) fn word(value: &Value) -> Option<&str> {
    match value {
        Value::Name(name) => Some(name),
        _ => None,
    }
}

/// A status, a range of them, or a class.
pub(crate) fn codes(value: &Value) -> Option<CodeRange> {
    let code = |code: u64| u16::try_from(code).ok();
    match value {
        Value::Number(Number::Integer(only)) => {
            code(*only).map(|only| CodeRange { first: only, last: only })
        }
        Value::Number(Number::Class(class)) => {
            Some(CodeRange { first: class * 100, last: class * 100 + 99 })
        }
        Value::Range(Number::Integer(first), Number::Integer(last)) => {
            Some(CodeRange { first: code(*first)?, last: code(*last)? })
        }
        _ => None,
    }
}

pub(super) fn all_codes(values: &[&Value]) -> Option<Vec<CodeRange>> {
    values.iter().map(|value| codes(value)).collect()
}

pub(super) fn causes(values: &[&Value]) -> Option<Vec<Cause>> {
    let mut causes = Vec::new();
    for value in values {
        match word(value) {
            Some("connect-failure") => causes.push(Cause::ConnectFailure),
            Some("reset") => causes.push(Cause::Reset),
            Some("timeout") => causes.push(Cause::Timeout),
            Some("refused-stream") => causes.push(Cause::RefusedStream),
            _ => match grpc_codes(value) {
                Some(codes) => causes.extend(codes.into_iter().map(Cause::Grpc)),
                None => causes.push(codes(value).map(Cause::Status)?),
            },
        }
    }
    Some(causes)
}

/// The codes in `grpc(unavailable, aborted)`.
pub(crate) fn grpc_codes(value: &Value) -> Option<Vec<GrpcCode>> {
    match value {
        Value::Call { name, inputs } if name == "grpc" => {
            let code = |input: &Arg| word(&input.value).and_then(GrpcCode::of_name);
            inputs.iter().map(code).collect()
        }
        _ => None,
    }
}

/// Methods in order, each once.
pub(super) fn methods(values: &[&Value]) -> Option<Vec<Method>> {
    let mut methods = Vec::new();
    for value in values {
        let Value::Methods(names) = value else { return None };
        for name in names {
            let method = method(name);
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
    }
    Some(methods)
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "OPTIONS" => Method::Options,
        "TRACE" => Method::Trace,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "POST" => Method::Post,
        "PATCH" => Method::Patch,
        "CONNECT" => Method::Connect,
        other => Method::Other(other.to_owned()),
    }
}

/// Header names, lower case, each once.
pub(super) fn header_names(values: &[&Value]) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for value in values {
        let name = text(value)?.to_ascii_lowercase();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Some(names)
}

/// The name in `header("x")`, lower case.
pub(super) fn header_call(value: &Value) -> Option<String> {
    match value {
        Value::Call { inputs, .. } => {
            inputs.first().and_then(|input| text(&input.value)).map(str::to_ascii_lowercase)
        }
        _ => None,
    }
}

pub(super) fn header_value(value: &Value) -> Option<HeaderValue> {
    match word(value) {
        Some("request.id") => Some(HeaderValue::RequestId),
        Some("upstream.name") => Some(HeaderValue::UpstreamName),
        Some("service.name") => Some(HeaderValue::ServiceName),
        Some(_) => None,
        None => match value {
            Value::Text(text) => Some(HeaderValue::Text(text.clone())),
            other => header_call(other).map(HeaderValue::Header),
        },
    }
}

/// The path of `shop.v1.Pricing/Quote`. What `*` stands for is called `method`, so that `rewrite`
/// can use it.
pub(super) fn grpc_pattern(written: &str) -> Option<PathPattern> {
    let (service, method) = written.split_once('/')?;
    let method = match method {
        "*" => Segment::Capture("method".to_owned()),
        method => Segment::Literal(method.to_owned()),
    };
    Some(PathPattern { segments: vec![Segment::Literal(service.to_owned()), method], rest: false })
}

/// `/v1/stock/{sku}`; the path `/` is one empty part.
pub(super) fn pattern(value: &Value) -> Option<PathPattern> {
    let Value::Path(path) = value else { return None };
    let mut segments: Vec<Segment> = path.split('/').skip(1).map(segment).collect();
    let rest = segments.last() == Some(&Segment::Literal("**".to_owned()));
    if rest {
        segments.pop();
    }
    Some(PathPattern { segments, rest })
}

fn segment(part: &str) -> Segment {
    match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        Some(name) => Segment::Capture(name.to_owned()),
        None => Segment::Literal(part.to_owned()),
    }
}
