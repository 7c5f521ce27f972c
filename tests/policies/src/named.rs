//! Named policies: what is defined is what was used, so nothing is left over.

use std::collections::BTreeSet;

use crate::blocks;
use crate::dice::Dice;
use crate::fields::edits;

/// The names that a policy has used so far.
#[derive(Default)]
pub(crate) struct Named {
    retries: BTreeSet<&'static str>,
    breakers: BTreeSet<&'static str>,
    timeouts: BTreeSet<&'static str>,
    headers: BTreeSet<&'static str>,
    policies: BTreeSet<&'static str>,
}

impl Named {
    pub(crate) fn retry(&mut self, dice: &mut Dice) -> &'static str {
        let name = *dice.pick(&["steady", "eager", "shy"]);
        // The other two extend it.
        self.retries.extend(["steady", name]);
        name
    }

    pub(crate) fn breaker(&mut self, dice: &mut Dice) -> &'static str {
        let name = *dice.pick(&["strict", "patient"]);
        self.breakers.extend(["strict", name]);
        name
    }

    pub(crate) fn timeout(&mut self, dice: &mut Dice) -> &'static str {
        let name = *dice.pick(&["brisk", "slack"]);
        self.timeouts.insert(name);
        name
    }

    pub(crate) fn headers(&mut self, dice: &mut Dice) -> &'static str {
        let name = *dice.pick(&["tagged", "clean"]);
        self.headers.insert(name);
        name
    }

    pub(crate) fn policy(&mut self, dice: &mut Dice) -> &'static str {
        let name = *dice.pick(&["careful", "light"]);
        self.policies.insert(name);
        match name {
            "careful" => {
                self.retries.insert("steady");
                self.breakers.insert("strict");
            }
            _ => {
                self.timeouts.insert("brisk");
            }
        }
        name
    }

    /// Their definitions, in any order that the names have.
    pub(crate) fn definitions(&self, dice: &mut Dice) -> String {
        let mut lines = Vec::new();
        for name in &self.retries {
            lines.push(match *name {
                "steady" => format!("retry steady {{ {} }}", blocks::tries(dice)),
                name => format!("retry {name} extends steady {{ attempts {} }}", 1 + dice.below(4)),
            });
        }
        for name in &self.breakers {
            lines.push(match *name {
                "strict" => format!("breaker strict {{ {} }}", blocks::trips(dice)),
                name => format!("breaker {name} extends strict {{ open-for 2s }}"),
            });
        }
        lines.extend(
            self.timeouts.iter().map(|it| format!("timeout {it} {{ {} }}", blocks::times(dice))),
        );
        lines.extend(
            self.headers.iter().map(|it| format!("headers request {it} {{ {} }}", edits(dice))),
        );
        lines.extend(self.policies.iter().map(|name| match *name {
            "careful" => "policy careful { retry steady; breaker strict; trace }".to_owned(),
            name => {
                format!("policy {name} {{ timeout brisk; correlation-id \"x-correlation-id\" }}")
            }
        }));
        lines.iter().map(|line| format!("\n## By name.\n{line}\n")).collect()
    }
}
