//! The only place that prints.

use std::io::{self, IsTerminal, Write};

use amb_policy_lang::diagnostics::Style;

use crate::failure::Failure;

/// Standard output and standard error.
#[derive(Debug)]
pub(crate) struct Console {
    /// Is standard error a terminal that wants colours?
    coloured: bool,
}

impl Console {
    pub(crate) fn of_process() -> Self {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { coloured: io::stderr().is_terminal() && !no_colour }
    }

    /// How findings are shown.
    pub(crate) fn style(&self) -> Style {
        if self.coloured { Style::Coloured } else { Style::Plain }
    }

    /// A result.
    pub(crate) fn result(&mut self, text: &str) {
        // A reader that has gone away (`| head`) wants no more of it.
        let _gone = io::stdout().write_all(text.as_bytes());
    }

    /// Something beside the result.
    pub(crate) fn note(&mut self, text: &str) {
        let _gone = io::stderr().write_all(text.as_bytes());
    }

    pub(crate) fn failure(&mut self, failure: &Failure) {
        match failure {
            Failure::Findings => {}
            Failure::Stopped(message) | Failure::Usage(message) => {
                self.note(&format!("{}: {message}\n", self.error_word()));
            }
            Failure::Internal(message) => self.note(&format!(
                "{}: internal: {message}\nThis is a mistake in amb; please report it with the policy.\n",
                self.error_word()
            )),
        }
    }

    fn error_word(&self) -> &'static str {
        if self.coloured { "\u{1b}[1;31merror\u{1b}[0m" } else { "error" }
    }
}
