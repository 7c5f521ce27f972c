//! Where the demo's calls are made and shown.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::caller::{Answer, Application, Request};
use super::upstream::Upstream;
use crate::console::Console;

pub(super) struct Stage<'a> {
    application: Application,
    pub(super) upstream: &'a Upstream,
    console: &'a mut Console,
}

impl<'a> Stage<'a> {
    pub(super) fn new(
        application: Application,
        upstream: &'a Upstream,
        console: &'a mut Console,
    ) -> Self {
        Self { application, upstream, console }
    }

    pub(super) fn scene(&mut self, title: &str) {
        self.console.result(&format!("\n{title}\n"));
    }

    /// Lines that somebody else said.
    pub(super) fn said(&mut self, text: &str) {
        text.lines().for_each(|line| self.console.result(&format!("   {line}\n")));
    }

    /// One call, and what the application got.
    pub(super) fn call(&mut self, request: Request) -> Result<Answer, String> {
        let answer = self.application.call(request).map_err(|error| error.to_string())?;
        let line = format!("   {:<18} ▶ {}\n", self.application.shown(request), shown(&answer));
        self.console.result(&line);
        Ok(answer)
    }

    /// Many calls at once, and what became of them.
    pub(super) fn together(&mut self, request: Request, calls: usize) -> Vec<Answer> {
        let answers = self.application.together(request, calls);
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
            let Request { method, path, .. } = request;
            let line = format!("   {times:>3} × {method} {path} ▶ {kind}, median {median:.1?}\n");
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

    pub(super) fn end(&mut self, folder: &str) {
        self.console.result(&format!(
            "\nNothing of this is in the application. It is all in {folder}/demo.amb,\n\
             and in {folder}/generated/proxy.rs, the code that ran.\n"
        ));
    }
}

fn shown(answer: &Answer) -> String {
    let by = answer.by_proxy.as_ref().map(|by| format!(" ({by})")).unwrap_or_default();
    format!("{}{by} after {:.1?}", answer.status, answer.took)
}
