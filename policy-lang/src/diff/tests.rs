//! The policy's own tests: one that goes leaves something unproved.

use super::fold::of_service;
use super::items::{Line, Side};
use super::sharing::Sharing;
use super::{Change, Kind};
use crate::plan::{ExpectValue, Place, Plan, Subject, Test, display};
use crate::summary::at;

/// Tests are compared by what they say, whatever they are called.
pub(super) fn changes(old: &Plan, new: &Plan, sharing: &Sharing) -> Vec<Change> {
    // Tests name a route without its upstream.
    let own =
        |name: String| name.split_once('/').map_or(name.clone(), |(_, route)| route.to_owned());
    let renamed = sharing.renamed(old, new).into_iter();
    let renamed: Vec<_> = renamed.map(|(old, new)| (own(old), own(new))).collect();
    let was: Vec<Test> = old.tests.iter().map(|test| bare(test, &renamed)).collect();
    let is: Vec<Test> = new.tests.iter().map(|test| bare(test, &[])).collect();
    let lost = old.tests.iter().zip(&was).filter(|(_, bare)| !is.contains(bare));
    let lost = lost.map(|(test, _)| {
        let now = new.tests.iter().find(|other| other.name == test.name);
        Line::new(Kind::Weakened, "test", side(old, test), now.and_then(|now| side(new, now)))
    });
    let mut lines: Vec<Line> = lost.collect();
    let gained = new.tests.iter().zip(&is).filter(|(_, bare)| !was.contains(bare));
    let gained = gained.filter(|(test, _)| !old.tests.iter().any(|other| other.name == test.name));
    lines.extend(gained.map(|(test, _)| Line::new(Kind::Tightened, "test", None, side(new, test))));
    lines.iter().map(of_service).collect()
}

fn side(plan: &Plan, test: &Test) -> Side {
    Some((display::quoted(&test.name), plan.origin_text(&at(test.place))))
}

/// Without places and words for people, and with the new names of what has one.
fn bare(test: &Test, renamed: &[(String, String)]) -> Test {
    let place = Place { file: 0, line: 0, column: 0 };
    let mut test = Test { name: String::new(), place, docs: Vec::new(), ..test.clone() };
    let now = |name: &mut String| {
        if let Some((_, new)) = renamed.iter().find(|(old, _)| old == name) {
            name.clone_from(new);
        }
    };
    test.requests.iter_mut().for_each(|request| request.place = place);
    for given in &mut test.given {
        given.place = place;
        now(&mut given.upstream);
    }
    for expect in &mut test.expects {
        expect.place = place;
        match (&mut expect.subject, &mut expect.value) {
            (Subject::Breaker { upstream } | Subject::Requests { upstream }, _) => now(upstream),
            (Subject::Route, ExpectValue::Name(name)) => now(name),
            _ => {}
        }
    }
    test
}
