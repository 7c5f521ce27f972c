//! Equal work, shown by real requests: each proxy repeats a 503 and gives the call an id.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::contenders::{Contender, RELAY};
use crate::{HOST, ORIGIN};

/// Stops with what is wrong if a contender does not do its work.
pub(crate) fn all(contenders: &[Contender]) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let ending = Arc::new(AtomicBool::new(false));
    let listener = TcpListener::bind(ORIGIN).expect("the origin's port is taken");
    let (seen, over) = (Arc::clone(&heads), Arc::clone(&ending));
    let flaky = thread::spawn(move || flaky(&listener, &seen, &over));
    for contender in contenders.iter().filter(|it| it.name != RELAY) {
        heads.lock().unwrap().clear();
        one(contender, &heads);
    }
    ending.store(true, Ordering::SeqCst);
    drop(TcpStream::connect(ORIGIN));
    flaky.join().unwrap();
}

fn one(contender: &Contender, heads: &Mutex<Vec<String>>) {
    let name = contender.name;
    let mut stream = TcpStream::connect(contender.address).unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{name} does not retry: {answer}");
    let heads = heads.lock().unwrap();
    assert_eq!(heads.len(), 2, "{name}: {heads:?}");
    let has_id = |head: &String| head.to_ascii_lowercase().contains("\r\nx-request-id: ");
    assert!(heads.iter().all(has_id), "{name} gives no id: {heads:?}");
}

/// Every second request succeeds; no connection is kept.
fn flaky(listener: &TcpListener, heads: &Mutex<Vec<String>>, ending: &AtomicBool) {
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        if ending.load(Ordering::SeqCst) {
            return;
        }
        let Some(head) = head(&mut stream) else { continue };
        let mut heads = heads.lock().unwrap();
        heads.push(head);
        let status = if heads.len().is_multiple_of(2) { "200 OK" } else { "503 Later" };
        let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes()).unwrap();
    }
}

fn head(stream: &mut TcpStream) -> Option<String> {
    let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(read @ 1..) => head.extend_from_slice(&buffer[..read]),
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}
