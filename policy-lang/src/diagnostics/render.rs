//! Diagnostics for people. The only file that knows the crate that draws them.

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet};

use super::{Diagnostic, Fix, Label, Severity};
use crate::Source;
use crate::span::Span;

/// For a terminal or for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Coloured,
}

/// All diagnostics, an empty line between them; empty if there are none.
pub fn render(diagnostics: &[Diagnostic], sources: &[Source], style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    let drawn =
        diagnostics.iter().map(|diagnostic| renderer.render(&groups(diagnostic, sources)) + "\n");
    drawn.collect::<Vec<_>>().join("\n")
}

fn groups<'a>(diagnostic: &'a Diagnostic, sources: &'a [Source]) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(&diagnostic.message).id(diagnostic.code.as_str());
    let notes = diagnostic.notes.iter().map(|note| Level::NOTE.message(note));
    let main = Group::with_title(title).elements(snippets(diagnostic, sources)).elements(notes);
    let Some(help) = &diagnostic.help else {
        return vec![main];
    };
    match help.fix.as_ref().and_then(|fix| patched(fix, sources)) {
        Some(patch) => {
            vec![main, Group::with_title(Level::HELP.secondary_title(&help.text)).element(patch)]
        }
        None => vec![main.element(Level::HELP.message(&help.text))],
    }
}

/// One snippet per file, the primary one first.
fn snippets<'a>(
    diagnostic: &'a Diagnostic,
    sources: &'a [Source],
) -> Vec<Snippet<'a, Annotation<'a>>> {
    let mut files: Vec<u32> = Vec::new();
    for label in &diagnostic.labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    let snippet = |file: u32| {
        let source = sources.get(file as usize)?;
        let labels =
            diagnostic.labels.iter().enumerate().filter(move |(_, label)| label.span.file == file);
        let notes = labels.map(|(index, label)| annotation(index, label, source));
        Some(Snippet::source(&source.text).path(&source.name).annotations(notes))
    };
    files.into_iter().filter_map(snippet).collect()
}

fn annotation<'a>(index: usize, label: &'a Label, source: &Source) -> Annotation<'a> {
    let kind = match index {
        0 => AnnotationKind::Primary,
        _ => AnnotationKind::Context,
    };
    let note = kind.span(range(label.span, source));
    match label.text.is_empty() {
        true => note,
        false => note.label(&label.text),
    }
}

fn patched<'a>(fix: &'a Fix, sources: &'a [Source]) -> Option<Snippet<'a, Patch<'a>>> {
    let source = sources.get(fix.span.file as usize)?;
    let patch = Patch::new(range(fix.span, source), &fix.replacement);
    Some(Snippet::source(&source.text).path(&source.name).patch(patch))
}

/// Within the text, so that the drawing cannot fail.
fn range(span: Span, source: &Source) -> std::ops::Range<usize> {
    let length = source.text.len();
    let start = (span.start as usize).min(length);
    start..(span.end as usize).clamp(start, length)
}
