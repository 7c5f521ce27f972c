//! The results: a table for people, JSON for programs.

use serde_json::json;

use crate::contenders::{OURS, RELAY};

/// CPU microseconds per request of one contender, a round each.
pub(crate) struct Measured {
    name: &'static str,
    micros: Vec<f64>,
}

impl Measured {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, micros: Vec::new() }
    }

    pub(crate) fn add(&mut self, micros: f64) {
        self.micros.push(micros);
    }

    fn sorted(&self) -> Vec<f64> {
        let mut micros = self.micros.clone();
        micros.sort_by(f64::total_cmp);
        micros
    }

    fn median(&self) -> f64 {
        let micros = self.sorted();
        let middle = micros.len() / 2;
        if micros.len() % 2 == 1 {
            micros[middle]
        } else {
            f64::midpoint(micros[middle - 1], micros[middle])
        }
    }

    fn spread(&self) -> (f64, f64) {
        let micros = self.sorted();
        (micros[0], micros[micros.len() - 1])
    }

    /// The median of the ratios within each round.
    fn ratio_to(&self, other: &Self) -> f64 {
        let ratios = self.micros.iter().zip(&other.micros).map(|(mine, theirs)| mine / theirs);
        Self { name: self.name, micros: ratios.collect() }.median()
    }
}

pub(crate) fn print(measured: &[Measured], missing: &[&str], seconds: u32) {
    println!("{}", table(measured, missing));
    println!("{}", serde_json::to_string_pretty(&values(measured, missing, seconds)).unwrap());
}

fn named<'a>(measured: &'a [Measured], name: &str) -> &'a Measured {
    // INVARIANT: this proxy and the relay are always there.
    measured.iter().find(|it| it.name == name).unwrap()
}

fn table(measured: &[Measured], missing: &[&str]) -> String {
    let (ours, relay) = (named(measured, OURS), named(measured, RELAY));
    let mut table = "| proxy | CPU µs per request | min – max | × relay | amb ÷ it |\n\
                     |---|---:|---:|---:|---:|\n"
        .to_owned();
    for it in measured {
        let (least, most) = it.spread();
        table += &format!(
            "| {} | {:.1} | {least:.1} – {most:.1} | {:.2} | {:.2} |\n",
            it.name,
            it.median(),
            it.ratio_to(relay),
            ours.ratio_to(it),
        );
    }
    for name in missing {
        table += &format!("| {name} | missing | | | |\n");
    }
    table
}

fn values(measured: &[Measured], missing: &[&str], seconds: u32) -> serde_json::Value {
    let (ours, relay) = (named(measured, OURS), named(measured, RELAY));
    let proxies: Vec<_> = measured
        .iter()
        .map(|it| {
            json!({
                "name": it.name,
                "median": it.median(),
                "rounds": it.micros,
                "times_relay": it.ratio_to(relay),
                "amb_divided_by_it": ours.ratio_to(it),
            })
        })
        .collect();
    json!({ "unit": "CPU µs per request", "seconds_per_round": seconds, "proxies": proxies, "missing": missing })
}
