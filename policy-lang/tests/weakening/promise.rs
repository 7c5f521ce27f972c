//! The promise, tried on examples and on random policies.

use std::fs;
use std::path::Path;

use amb_policy_lang::diff::{diff, text};
use amb_policy_lang::plan::Plan;
use amb_policy_lang::{MemoryLoader, compile};
use amb_tests_policies::{Dice, night, small};

use crate::{calls, edits, guardrails};

type Files = Vec<(String, String)>;

/// The policies in `examples/`, each with the files that it imports.
fn examples() -> Vec<Files> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let alone = ["demo/demo.amb", "redirect/redirect.amb", "simple/simple.amb"];
    let mut all: Vec<Files> =
        alone.iter().map(|path| vec![("entry.amb".to_owned(), read(path))]).collect();
    let order = [("entry.amb", "order/order.amb"), ("acme.amb", "order/acme.amb")];
    all.push(order.map(|(name, path)| (name.to_owned(), read(path))).to_vec());
    all
}

fn plan(files: &Files) -> Option<Plan> {
    compile("entry.amb", &MemoryLoader::new(files.clone())).plan
}

/// How many edits were of which kind.
#[derive(Debug, Default)]
struct Tally {
    same: usize,
    safe: usize,
    weakened: usize,
}

impl Tally {
    fn sum(&self) -> usize {
        self.same + self.safe + self.weakened
    }
}

/// Edits one of `files`, and holds the verdict against calls and guardrails.
fn tried(files: &Files, dice: &mut Dice, tally: &mut Tally) {
    let Some(old) = plan(files) else { panic!("{files:?}") };
    let mut edited = files.clone();
    let at = dice.below(files.len() as u64) as usize;
    edited[at].1 = edits::edited(&files[at].1, dice);
    let Some(new) = plan(&edited) else { return };
    let changes = diff(&old, &new);
    if changes.iter().any(|change| !change.kind.is_safe()) {
        tally.weakened += 1;
        return;
    }
    match changes.is_empty() {
        true => tally.same += 1,
        false => tally.safe += 1,
    }
    let verdict = || format!("{}\n{}\n{}", text(&changes), files[at].1, edited[at].1);
    if let Some(why) = calls::weakened(&old, &new, 200, dice) {
        panic!("{why}\n{}", verdict());
    }
    // What no call uses is judged all the same.
    if [&old, &new].into_iter().any(leaves_nothing) {
        return;
    }
    let demands = guardrails::some(dice);
    let (before, after) =
        (guardrails::broken(files, &demands), guardrails::broken(&edited, &demands));
    let (Some(before), Some(after)) = (before, after) else { return };
    // What was not there met no demand about it: there was nothing to judge.
    let came = |demand: &&String| {
        let came = changes.iter().filter(|change| change.old.is_none());
        came.map(|change| format!("require {}.", change.setting)).any(|it| demand.contains(&it))
    };
    let news = after.difference(&before).map(|number| &demands[*number]);
    // Of two that one value breaks in the same words, only one is told: each is asked by itself.
    let kept = |demand: &&String| {
        let alone = [(*demand).clone()];
        guardrails::broken(files, &alone).is_some_and(|broken| broken.is_empty())
    };
    let news: Vec<_> = news.filter(|demand| !came(demand)).filter(kept).collect();
    assert!(news.is_empty(), "{news:?}\n{}", verdict());
}

/// Does a route take all calls of its upstream, so that the upstream's own settings hold for none?
fn leaves_nothing(plan: &Plan) -> bool {
    let lines = plan.upstreams.iter().flat_map(|it| &it.routes).flat_map(|route| &route.matches);
    let mut widest = lines.filter(|line| line.methods.is_empty() && line.headers.is_empty());
    widest.any(|line| line.path.as_ref().is_none_or(|path| path.segments.is_empty() && path.rest))
}

fn edits_of_examples(seed: u64, count: usize) {
    let (examples, mut tally) = (examples(), Tally::default());
    let mut dice = Dice::new(seed);
    while tally.sum() < count {
        let files = dice.pick(&examples);
        tried(files, &mut dice, &mut tally);
    }
    println!("{tally:?}");
    let least = tally.same.min(tally.safe).min(tally.weakened);
    assert!(least > count / 20, "{tally:?}");
}

fn edits_of_random_policies(seeds: std::ops::Range<u64>) {
    let mut tally = Tally::default();
    for seed in seeds {
        let files = vec![("entry.amb".to_owned(), small(seed))];
        tried(&files, &mut Dice::new(seed), &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.safe > tally.sum() / 20, "{tally:?}");
}

/// Some hundred edits, always the same; by night thousands that nobody tried before.
#[test]
fn what_is_not_called_weakened_allows_nothing_new() {
    match night() {
        None => {
            edits_of_examples(16, 300);
            edits_of_random_policies(0..200);
        }
        Some(seed) => {
            edits_of_examples(seed, 5_000);
            edits_of_random_policies(seed..seed + 10_000);
        }
    }
}
