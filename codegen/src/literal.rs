//! Values as Rust literals, in the author's units.

use std::net::SocketAddr;
use std::time::Duration;

use amb_policy_lang::plan::{CodeRange, GrpcCode, Percent};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// `secs(90)`: the largest unit that keeps the number whole.
pub(crate) fn duration(value: Duration) -> TokenStream {
    let nanos = value.as_nanos();
    if !nanos.is_multiple_of(1_000_000) {
        let nanos = Literal::u64_unsuffixed(u64::try_from(nanos).unwrap_or(u64::MAX));
        return quote!(Duration::from_nanos(#nanos));
    }
    let millis = u64::try_from(nanos / 1_000_000).unwrap_or(u64::MAX);
    let whole =
        |unit: u64| (millis >= unit && millis.is_multiple_of(unit)).then(|| integer(millis / unit));
    if let Some(n) = whole(3_600_000) {
        quote!(hours(#n))
    } else if let Some(n) = whole(60_000) {
        quote!(mins(#n))
    } else if let Some(n) = whole(1_000) {
        quote!(secs(#n))
    } else {
        let n = integer(millis);
        quote!(millis(#n))
    }
}

/// `kib(64)`: the largest unit that keeps the number whole.
pub(crate) fn size(value: u64) -> TokenStream {
    let whole =
        |unit: u64| (value >= unit && value.is_multiple_of(unit)).then(|| integer(value / unit));
    if let Some(n) = whole(1 << 20) {
        quote!(mib(#n))
    } else if let Some(n) = whole(1 << 10) {
        quote!(kib(#n))
    } else {
        let n = integer(value);
        quote!(bytes(#n))
    }
}

/// `percent(20)`, or `per_million(1_500)` for a share that is not a whole number of percent.
pub(crate) fn percent(value: Percent) -> TokenStream {
    let ppm = value.parts_per_million();
    match ppm % 10_000 {
        0 => {
            let n = integer(u64::from(ppm / 10_000));
            quote!(percent(#n))
        }
        _ => {
            let n = integer(u64::from(ppm));
            quote!(per_million(#n))
        }
    }
}

/// `v4([127, 0, 0, 1], 15001)`.
pub(crate) fn address(value: SocketAddr) -> TokenStream {
    let port = Literal::u16_unsuffixed(value.port());
    match value {
        SocketAddr::V4(v4) => {
            let octets = v4.ip().octets().map(Literal::u8_unsuffixed);
            quote!(v4([#(#octets),*], #port))
        }
        SocketAddr::V6(v6) => {
            let segments = v6.ip().segments().map(Literal::u16_unsuffixed);
            quote!(v6([#(#segments),*], #port))
        }
    }
}

/// `429 | 500..=599`: a pattern. Ranges that overlap or touch are joined, lest an alternative be
/// unreachable.
pub(crate) fn statuses(ranges: &[CodeRange]) -> TokenStream {
    let patterns = disjoint(ranges).into_iter().map(|range| {
        let (first, last) =
            (Literal::u16_unsuffixed(range.first), Literal::u16_unsuffixed(range.last));
        match range.first == range.last {
            true => quote!(#first),
            false => quote!(#first..=#last),
        }
    });
    quote!(#(#patterns)|*)
}

/// `Grpc::Unavailable | Grpc::Aborted`: a pattern, each code once.
pub(crate) fn grpc_codes(codes: &[GrpcCode]) -> TokenStream {
    let mut sorted = codes.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let patterns = sorted.into_iter().map(grpc_code);
    quote!(#(#patterns)|*)
}

/// `Grpc::Unavailable`.
pub(crate) fn grpc_code(code: GrpcCode) -> TokenStream {
    let name = match code {
        GrpcCode::Ok => quote!(Ok),
        GrpcCode::Cancelled => quote!(Cancelled),
        GrpcCode::Unknown => quote!(Unknown),
        GrpcCode::InvalidArgument => quote!(InvalidArgument),
        GrpcCode::DeadlineExceeded => quote!(DeadlineExceeded),
        GrpcCode::NotFound => quote!(NotFound),
        GrpcCode::AlreadyExists => quote!(AlreadyExists),
        GrpcCode::PermissionDenied => quote!(PermissionDenied),
        GrpcCode::ResourceExhausted => quote!(ResourceExhausted),
        GrpcCode::FailedPrecondition => quote!(FailedPrecondition),
        GrpcCode::Aborted => quote!(Aborted),
        GrpcCode::OutOfRange => quote!(OutOfRange),
        GrpcCode::Unimplemented => quote!(Unimplemented),
        GrpcCode::Internal => quote!(Internal),
        GrpcCode::Unavailable => quote!(Unavailable),
        GrpcCode::DataLoss => quote!(DataLoss),
        GrpcCode::Unauthenticated => quote!(Unauthenticated),
    };
    quote!(Grpc::#name)
}

/// Sorted, with a gap between neighbours.
fn disjoint(ranges: &[CodeRange]) -> Vec<CodeRange> {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable();
    let mut joined: Vec<CodeRange> = Vec::new();
    for range in sorted {
        match joined.last_mut() {
            Some(last) if range.first <= last.last.saturating_add(1) => {
                last.last = last.last.max(range.last);
            }
            _ => joined.push(range),
        }
    }
    joined
}

/// `b"payment.shop.svc"`.
pub(crate) fn bytes(text: &str) -> Literal {
    Literal::byte_string(text.as_bytes())
}

/// Without a type suffix, digits of long numbers in groups: `10_000`.
pub(crate) fn integer(value: u64) -> TokenStream {
    let digits = value.to_string();
    if digits.len() < 5 {
        let plain = Literal::u64_unsuffixed(value);
        return quote!(#plain);
    }
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    grouped.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(tokens: &TokenStream) -> String {
        tokens.to_string().replace(' ', "")
    }

    #[test]
    fn durations_use_the_largest_whole_unit() {
        for (millis, expect) in [
            (0, "millis(0)"),
            (250, "millis(250)"),
            (1_000, "secs(1)"),
            (1_500, "millis(1500)"),
            (90_000, "secs(90)"),
            (300_000, "mins(5)"),
            (7_200_000, "hours(2)"),
        ] {
            assert_eq!(text(&duration(Duration::from_millis(millis))), expect);
        }
        assert_eq!(text(&duration(Duration::from_nanos(1_500))), "Duration::from_nanos(1500)");
    }

    #[test]
    fn sizes_use_the_largest_whole_unit() {
        for (size_of, expect) in [
            (512, "bytes(512)"),
            (65_536, "kib(64)"),
            (3 << 20, "mib(3)"),
            (100_000, "bytes(100_000)"),
        ] {
            assert_eq!(text(&size(size_of)), expect);
        }
    }

    #[test]
    fn shares_are_exact() {
        for (ppm, expect) in
            [(200_000, "percent(20)"), (1_000, "per_million(1000)"), (0, "percent(0)")]
        {
            assert_eq!(text(&percent(Percent(ppm))), expect);
        }
    }

    #[test]
    fn statuses_never_overlap() {
        let range = |first, last| CodeRange { first, last };
        let given = [range(503, 503), range(500, 599), range(429, 429), range(429, 429)];
        assert_eq!(text(&statuses(&given)), "429|500..=599");
        assert_eq!(text(&statuses(&[range(400, 499), range(500, 599)])), "400..=599");
    }

    #[test]
    fn addresses_of_both_families() {
        for (given, expect) in
            [("127.0.0.1:15001", "v4([127,0,0,1],15001)"), ("[::1]:80", "v6([0,0,0,0,0,0,0,1],80)")]
        {
            assert_eq!(text(&address(given.parse().unwrap())), expect);
        }
    }
}
