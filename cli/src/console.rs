//! The only place that prints.

use std::io::{self, ErrorKind, IsTerminal, Write};

use amb_policy_lang::diagnostics::Style;

use crate::failure::Failure;

/// Standard output and standard error.
#[derive(Debug)]
pub(crate) struct Console {
    /// Is standard error a terminal that wants colours?
    coloured: bool,
    /// Why a result could not be written.
    lost: Option<io::Error>,
}

impl Console {
    pub(crate) fn of_process() -> Self {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { coloured: io::stderr().is_terminal() && !no_colour, lost: None }
    }

    /// How findings are shown.
    pub(crate) fn style(&self) -> Style {
        if self.coloured { Style::Coloured } else { Style::Plain }
    }

    /// A result.
    pub(crate) fn result(&mut self, text: &str) {
        let mut stdout = io::stdout();
        let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        // A reader that has gone away (`| head`) wants no more of it.
        let lost = written.err().filter(|error| error.kind() != ErrorKind::BrokenPipe);
        self.lost = self.lost.take().or(lost);
    }

    /// Has a part of a result been lost? What a script reads would look complete.
    pub(crate) fn lost(&mut self) -> Result<(), Failure> {
        match self.lost.take() {
            Some(error) => Err(Failure::Stopped(format!("the result cannot be written: {error}"))),
            None => Ok(()),
        }
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
