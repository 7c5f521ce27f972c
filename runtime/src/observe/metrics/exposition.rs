//! The text format that Prometheus reads, version 0.0.4.

use std::fmt::{Display, Write as _};

/// A page under construction.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    text: String,
}

/// One metric of the page.
pub(super) struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

impl Exposition {
    pub(super) fn counter(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "counter", help)
    }

    pub(super) fn gauge(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "gauge", help)
    }

    pub(super) fn histogram(&mut self, name: &'static str, help: &str) -> Family<'_> {
        self.family(name, "histogram", help)
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn family(&mut self, name: &'static str, kind: &str, help: &str) -> Family<'_> {
        // Writing to a String cannot fail; so everywhere below.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family { text: &mut self.text, name }
    }
}

impl Family<'_> {
    /// One line: the labels in the order given.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.suffixed("", labels, value);
    }

    /// A line of a histogram: `_bucket`, `_sum`, `_count`.
    pub(super) fn suffixed(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let _ = write!(self.text, "{}{suffix}", self.name);
        for (at, (name, label)) in labels.iter().enumerate() {
            let open = if at == 0 { '{' } else { ',' };
            let _ = write!(self.text, "{open}{name}=\"{}\"", Escaped(label));
        }
        let close = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.text, "{close} {value}");
    }
}

/// A label's value: backslash, quote and line feed are written as escapes.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\\' => f.write_str("\\\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str("\\n"),
            c => f.write_char(c),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Exposition;

    #[test]
    fn labels_are_quoted_and_escaped() {
        let mut page = Exposition::default();
        page.gauge("g", "Help.").sample(&[("a", "x\"\\\ny"), ("b", "")], 1);
        page.counter("c_total", "Help.").sample(&[], 2);
        let expect = "# HELP g Help.\n# TYPE g gauge\ng{a=\"x\\\"\\\\\\ny\",b=\"\"} 1\n\
                      # HELP c_total Help.\n# TYPE c_total counter\nc_total 2\n";
        assert_eq!(page.into_text(), expect);
    }
}
