//! Where the demo's calls are made and shown.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::caller::{self, Answer};
use super::upstream::Upstream;
use crate::console::Console;

pub(super) struct Stage<'a> {
    proxy: SocketAddr,
    pub(super) upstream: &'a Upstream,
    console: &'a mut Console,
}

impl<'a> Stage<'a> {
    pub(super) fn new(proxy: SocketAddr, upstream: &'a Upstream, console: &'a mut Console) -> Self {
        Self { proxy, upstream, console }
    }

    pub(super) fn scene(&mut self, title: &str) {
        self.console.result(&format!("\n{title}\n"));
    }

    /// One call, and what the application got.
    pub(super) fn call(&mut self, request: &str, headers: &str) -> Result<Answer, String> {
        let answer = caller::call(self.proxy, request, headers).map_err(|e| e.to_string())?;
        self.console.result(&format!("   {request:<18} ▶ {}\n", shown(&answer)));
        Ok(answer)
    }

    /// Many calls at once, and what became of them.
    pub(super) fn together(&mut self, request: &str, calls: usize) -> Vec<Answer> {
        let answers = caller::together(self.proxy, request, calls);
        let mut kinds: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
        for answer in &answers {
            let by = answer.by_proxy.as_deref().unwrap_or("from the service");
            let kind = format!("{} {by}", answer.status);
            kinds.entry(kind).or_default().push(answer.took);
        }
        for (kind, mut took) in kinds {
            took.sort();
            let median = took.get(took.len() / 2).copied().unwrap_or_default();
            let times = took.len();
            let line = format!("   {times:>3} × {request} ▶ {kind}, median {median:.1?}\n");
            self.console.result(&line);
        }
        answers
    }

    /// Shows when tries reached the service; returns how many.
    pub(super) fn tries(&mut self) -> usize {
        let arrivals = self.upstream.arrivals();
        let line = match arrivals.as_slice() {
            [] => "   the service saw nothing\n".to_owned(),
            [_] => "   the service saw one request\n".to_owned(),
            [..] if arrivals.len() > 6 => format!("   the service saw {}\n", arrivals.len()),
            [first, rest @ ..] => {
                let at =
                    |arrival: &Instant| format!(" … {:.0?} later", arrival.duration_since(*first));
                let later: String = rest.iter().map(at).collect();
                format!("   the service saw a request{later}\n")
            }
        };
        self.console.result(&line);
        arrivals.len()
    }

    pub(super) fn pause(&mut self, pause: Duration) {
        std::thread::sleep(pause);
    }

    pub(super) fn end(&mut self) {
        let text = "\nNothing of this is in the application. It is all in examples/demo/demo.amb,\n\
                    and in examples/demo/generated/proxy.rs, the code that ran.\n";
        self.console.result(text);
    }
}

fn shown(answer: &Answer) -> String {
    let by = answer.by_proxy.as_ref().map(|by| format!(" ({by})")).unwrap_or_default();
    format!("{}{by} after {:.1?}", answer.status, answer.took)
}
