//! The results: tables for people, JSON for programs, both also below `target/bench`.

use std::fmt::Write;
use std::fs;

use serde_json::{Value, json};

use crate::figures::{Figure, Row, Values};
use crate::folder::kept;
use crate::peers::{Missing, OURS, Peer, RELAY};
use crate::targets::{Judged, judge};

pub(crate) struct Report<'a> {
    pub(crate) machine: String,
    pub(crate) extent: String,
    pub(crate) peers: &'a [Peer],
    pub(crate) missing: &'a [Missing],
    pub(crate) figures: &'a [Figure],
    /// Are they held against the targets? Not after a smoke test.
    pub(crate) judged: bool,
}

impl Report<'_> {
    /// Prints the tables, and leaves them and the values in files of that name.
    pub(crate) fn publish(&self, name: &str) {
        let judged = if self.judged { judge(self.figures) } else { Vec::new() };
        let markdown = self.markdown(&judged);
        println!("{markdown}");
        let values = serde_json::to_string_pretty(&self.values(&judged)).unwrap();
        for (ending, text) in [("md", markdown), ("json", values)] {
            let path = kept().join(format!("{name}.{ending}"));
            fs::write(&path, text).expect("reports can be written");
            eprintln!("written to {}", path.display());
        }
    }

    fn markdown(&self, judged: &[Judged]) -> String {
        let mut text = format!("{}. {}.\n\n", self.machine, self.extent);
        for peer in self.peers {
            writeln!(text, "- {}: {}", peer.name, peer.version).unwrap();
        }
        for (name, why) in self.missing {
            writeln!(text, "- {name}: missing; {why}").unwrap();
        }
        let (shared, own): (Vec<_>, Vec<_>) =
            self.figures.iter().partition(|figure| figure.of(OURS).is_some());
        if !shared.is_empty() {
            let columns: Vec<_> = self.peers.iter().map(|peer| peer.name).collect();
            text += "\nMedians [min–max]:\n";
            text += &beside_each_other(&shared, &columns, |it, who| it.of(who).map(spread));
            text += "\namb divided by each, the median of the ratios within a round:\n";
            let ratio: Cell = |it, who| Some(format!("{:.2}", it.ratio(OURS, who)?));
            text += &beside_each_other(&shared, &columns, ratio);
        }
        text.extend(own.into_iter().map(by_itself));
        text + &verdicts(judged)
    }

    fn values(&self, judged: &[Judged]) -> Value {
        let peers: Vec<_> =
            self.peers.iter().map(|it| json!({ "name": it.name, "version": it.version })).collect();
        let missing: Vec<_> =
            self.missing.iter().map(|(name, why)| json!({ "name": name, "why": why })).collect();
        let figures: Vec<_> = self.figures.iter().map(values).collect();
        let targets = judged.iter().map(|it| {
            json!({ "what": it.what, "most": it.most, "measured": it.measured, "holds": it.holds() })
        });
        json!({
            "machine": self.machine,
            "extent": self.extent,
            "peers": peers,
            "missing": missing,
            "figures": figures,
            "targets": targets.collect::<Vec<_>>(),
        })
    }
}

/// A line for each figure, a column for each proxy.
fn beside_each_other(figures: &[&Figure], columns: &[&str], cell: Cell) -> String {
    let rule = "---:|".repeat(columns.len());
    let mut table = format!("\n| | {} |\n|---|{rule}\n", columns.join(" | "));
    for figure in figures {
        let cells = columns.iter().map(|who| cell(figure, who).unwrap_or_default());
        let (name, cells) = (name(figure), cells.collect::<Vec<_>>().join(" | "));
        writeln!(table, "| {name} | {cells} |").unwrap();
    }
    table
}

type Cell = fn(&Figure, &str) -> Option<String>;

/// Figures that are of this proxy alone, each row also divided by the first.
fn by_itself(figure: &Figure) -> String {
    let mut table = format!("\n| | {} | ÷ the first |\n|---|---:|---:|\n", name(figure));
    for Row { who, values } in &figure.rows {
        let ratio = values.over(&figure.rows[0].values).median();
        writeln!(table, "| {who} | {} | {ratio:.2} |", spread(values)).unwrap();
    }
    table
}

fn name(figure: &Figure) -> String {
    format!("{}, {}", figure.name, figure.unit)
}

/// `13.1 [12.5–15.1]`
fn spread(values: &Values) -> String {
    let (least, most) = values.spread();
    let median = number(values.median());
    if least < most { format!("{median} [{}–{}]", number(least), number(most)) } else { median }
}

fn verdicts(judged: &[Judged]) -> String {
    if judged.is_empty() {
        return String::new();
    }
    let mut table = "\n| target | at most | measured | |\n|---|---:|---:|---|\n".to_owned();
    for it in judged {
        let verdict = if it.holds() { "holds" } else { "**does not hold**" };
        let (most, measured) = (it.most, it.measured);
        writeln!(table, "| {} | {most:.2} | {measured:.2} | {verdict} |", it.what).unwrap();
    }
    table
}

fn values(figure: &Figure) -> Value {
    let rows = figure.rows.iter().map(|Row { who, values }| {
        let (least, most) = values.spread();
        json!({
            "name": who,
            "rounds": values.0,
            "median": values.median(),
            "min": least,
            "max": most,
            "times_relay": figure.ratio(who, RELAY),
            "amb_divided_by_it": figure.ratio(OURS, who),
        })
    });
    json!({ "name": figure.name, "unit": figure.unit, "rows": rows.collect::<Vec<_>>() })
}

/// As many digits as mean something.
fn number(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_this_proxy_alone_are_beside_the_first() {
        let mut figure = Figure::new("CPU", "µs/request");
        for (few, many) in [(10.0, 11.0), (20.0, 24.0), (10.0, 10.0)] {
            figure.add("few", few);
            figure.add("many", many);
        }
        let table = "\n| | CPU, µs/request | ÷ the first |\n|---|---:|---:|\n\
                     | few | 10.0 [10.0–20.0] | 1.00 |\n| many | 11.0 [10.0–24.0] | 1.10 |\n";
        assert_eq!(by_itself(&figure), table);
    }
}
