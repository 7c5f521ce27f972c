//! Guardrails that somebody could write, in the direction in which a value is stricter.

use std::collections::BTreeSet;

use amb_policy_lang::diagnostics::{Style, render};
use amb_policy_lang::schema::{Measure, Order, paths};
use amb_policy_lang::{MemoryLoader, compile};
use amb_tests_policies::Dice;

/// Some demands, each with its number as the reason.
pub(crate) fn some(dice: &mut Dice) -> Vec<String> {
    let paths: Vec<_> = paths().collect();
    let demands = (0..40).filter_map(|_| {
        let path = dice.pick(&paths);
        let amount = match path.measure {
            Measure::Integer => *dice.pick(&["1", "2", "3", "5", "100"]),
            Measure::Duration => *dice.pick(&["1ms", "100ms", "1s", "2s", "5s", "30s", "1h"]),
            Measure::Size => *dice.pick(&["1B", "1KiB", "64KiB", "1MiB"]),
            Measure::Percent => *dice.pick(&["1%", "10%", "20%", "50%", "100%"]),
            Measure::Rate => *dice.pick(&["1/s", "2/s", "100/s"]),
            Measure::Factor => *dice.pick(&["1x", "2x", "4x"]),
            Measure::Presence | Measure::Word | Measure::Place | Measure::List => "",
        };
        demand(&path.text, path.order, path.measure, amount, dice)
    });
    // The same demand twice is told once.
    let demands: BTreeSet<String> = demands.collect();
    demands
        .into_iter()
        .enumerate()
        .map(|(number, it)| format!("## r{number}.\nrequire {it}\n"))
        .collect()
}

fn demand(
    path: &str,
    order: Order,
    measure: Measure,
    amount: &str,
    dice: &mut Dice,
) -> Option<String> {
    let lists = ["connect-failure", "connect-failure, 429, 503", "reset, connect-failure, timeout"];
    let methods = ["GET", "GET, HEAD, OPTIONS, TRACE"];
    Some(match (order, measure) {
        (Order::More, Measure::Presence | Measure::Word) => format!("{path} exists"),
        // Without an order every other value is told.
        (Order::None, Measure::Presence) if path != "upstream.listen" => format!("{path} exists"),
        (Order::Less, Measure::List) if path == "retry.methods" => {
            format!("{path} in {}", dice.pick(&methods))
        }
        (Order::Less, Measure::List) if path == "retry.on" => {
            format!("{path} in {}", dice.pick(&lists))
        }
        (Order::More, Measure::List) if path == "breaker.counts" => format!("{path} has reset"),
        (Order::Words(words), Measure::Word) => {
            let strict = 1 + dice.below(words.len() as u64) as usize;
            format!("{path} in {}", words[..strict.min(words.len())].join(", "))
        }
        (Order::Place, Measure::Word) if path == "upstream.protocol" => format!("{path} == http1"),
        (_, Measure::Presence | Measure::List | Measure::Word | Measure::Place) => return None,
        (Order::Less, _) => format!("{path} {} {amount}", dice.pick(&["<=", "<"])),
        (Order::More, _) => format!("{path} {} {amount}", dice.pick(&[">=", ">"])),
        _ => return None,
    })
}

/// The numbers of those that a policy breaks; `None`: it is no policy for other reasons.
pub(crate) fn broken(files: &[(String, String)], demands: &[String]) -> Option<BTreeSet<usize>> {
    let mut files = files.to_vec();
    files[0].1 += &demands.concat();
    let name = files[0].0.clone();
    let outcome = compile(&name, &MemoryLoader::new(files));
    let told = render(&outcome.diagnostics, &outcome.sources, Style::Plain);
    let reasons = told.split("because: r").skip(1);
    let numbers = reasons.filter_map(|rest| rest.split('.').next()?.parse().ok());
    let errors = outcome.diagnostics.iter().filter(|found| found.is_error());
    let others = errors.filter(|found| found.code.as_str() != "guardrail-violated").count();
    (others == 0).then(|| numbers.collect())
}
