//! A body that breaks its framing comes to the same, however the packets fall.

use crate::testing::pieces::{Between, with_proxy};

const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
/// What is in order, and what is not.
const BODIES: [(&[u8], &[u8]); 6] = [
    (b"", b"zz\r\n\r\n"),
    (b"", b"8000000000000000\r\na"),
    (b"3\r\nabc\r\n", b"zz\r\n\r\n"),
    (b"3\r\nabc", b"d\r\n0\r\n\r\n"),
    (b"3\r\nabc\r\n0\r\n", b"content-length: 3\r\n\r\n"),
    (b"1;x=y\r\na\r\n1\r\nb\r\n0\r\n", b"x y: 3\r\n\r\n"),
];

/// The message whole, cut in two at every place, and in three around the end of its head.
fn splits(message: &[u8], head: usize) -> Vec<Vec<&[u8]>> {
    let mut splits = vec![vec![message], message.chunks(1).collect()];
    splits.extend((1..message.len()).map(|cut| {
        let (first, rest) = message.split_at(cut);
        vec![first, rest]
    }));
    splits.extend((head + 1..message.len()).map(|cut| {
        let (first, rest) = message.split_at(head);
        let (second, third) = rest.split_at(cut - head);
        vec![first, second, third]
    }));
    splits
}

/// Without chunk extensions.
fn kept(body: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(body).replace(";x=y", "").into_bytes()
}

#[test]
fn a_request_with_a_broken_body_is_a_call_that_gets_a_400() {
    with_proxy(async |between| {
        for (body, broken) in BODIES {
            let request = [REQUEST, body, broken].concat();
            let expect = [REQUEST, &kept(body)].concat();
            for split in splits(&request, REQUEST.len()) {
                let (seen, got) = between.carry(&split, (usize::MAX, &[]));
                assert_eq!(seen.escape_ascii().to_string(), expect.escape_ascii().to_string());
                let got = String::from_utf8_lossy(&got);
                assert!(got.starts_with("HTTP/1.1 400 "), "{split:?}: {got}");
                assert!(got.contains("error=http_request_error; details=\"malformed body\""));
            }
        }
    });
}

#[test]
fn an_answer_with_a_broken_body_is_cut_behind_what_is_in_order() {
    let request: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    let answer = |between: &Between, split: &[&[u8]]| between.carry(&[request], (1, split)).1;
    with_proxy(async |between| {
        for (body, broken) in BODIES {
            let response = [RESPONSE, body, broken].concat();
            let expect = [RESPONSE, &kept(body)].concat();
            for split in splits(&response, RESPONSE.len()) {
                let got = answer(between, &split);
                assert_eq!(got.escape_ascii().to_string(), expect.escape_ascii().to_string());
            }
        }
    });
}
