//! Diagnostics for people. The only file that knows the crate that draws them.

use std::ops::Range;

use annotate_snippets::{
    Annotation, AnnotationKind, Element, Group, Level, Origin, Patch, Renderer, Snippet,
};

use super::{Diagnostic, Fix, Label, Severity};
use crate::Source;
use crate::span::Span;

/// A line that is longer, in bytes, is named and not drawn.
const WIDEST: usize = 2000;

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
fn snippets<'a>(diagnostic: &'a Diagnostic, sources: &'a [Source]) -> Vec<Element<'a>> {
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
        let spans: Vec<Span> = labels.clone().map(|(_, label)| label.span).collect();
        let excerpt = Excerpt::around(&spans, source);
        if excerpt.is_too_wide() {
            return Some(Element::from(excerpt.origin(*spans.first()?)));
        }
        let notes = labels.map(|(index, label)| excerpt.annotation(index, label));
        Some(Element::from(excerpt.snippet().annotations(notes)))
    };
    files.into_iter().filter_map(snippet).collect()
}

fn patched<'a>(fix: &'a Fix, sources: &'a [Source]) -> Option<Snippet<'a, Patch<'a>>> {
    let source = sources.get(fix.span.file as usize)?;
    let excerpt = Excerpt::around(&[fix.span], source);
    let patch = Patch::new(excerpt.range(fix.span), &fix.replacement);
    (!excerpt.is_too_wide()).then(|| excerpt.snippet().patch(patch))
}

/// The lines of a source that a finding is about, and those between: drawing takes time for every line,
/// and for every character of one.
struct Excerpt<'a> {
    source: &'a Source,
    text: &'a str,
    /// Where it starts in the source, in bytes.
    start: usize,
}

impl<'a> Excerpt<'a> {
    fn around(spans: &[Span], source: &'a Source) -> Self {
        let all = source.text.as_str();
        let start = spans.iter().map(|span| span.start as usize).min().unwrap_or(0).min(all.len());
        let end = spans.iter().map(|span| span.end as usize).max().unwrap_or(0).min(all.len());
        let before = all.get(..start).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let behind = all.get(end..).unwrap_or_default();
        let end = behind.find('\n').map_or(all.len(), |at| end + at + 1);
        Self { source, text: all.get(start..end).unwrap_or_default(), start }
    }

    fn is_too_wide(&self) -> bool {
        self.text.lines().any(|line| line.len() > WIDEST)
    }

    /// Of its first line, from 1.
    fn line(&self) -> usize {
        let before = self.source.text.as_bytes().get(..self.start).unwrap_or_default();
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// Where a finding is, if the place is not drawn.
    fn origin(&self, span: Span) -> Origin<'a> {
        let text = self.text.get(..(span.start as usize).saturating_sub(self.start));
        let text = text.unwrap_or_default();
        let lines = text.bytes().filter(|byte| *byte == b'\n').count();
        let last = text.rsplit('\n').next().unwrap_or_default();
        let origin = Origin::path(&self.source.name).line(self.line() + lines);
        origin.char_column(last.chars().count() + 1)
    }

    fn snippet<T: Clone>(&self) -> Snippet<'a, T> {
        Snippet::source(self.text).path(&self.source.name).line_start(self.line())
    }

    fn annotation(&self, index: usize, label: &'a Label) -> Annotation<'a> {
        let kind = match index {
            0 => AnnotationKind::Primary,
            _ => AnnotationKind::Context,
        };
        let note = kind.span(self.range(label.span));
        match label.text.is_empty() {
            true => note,
            false => note.label(&label.text),
        }
    }

    /// Within the text, so that the drawing cannot fail.
    fn range(&self, span: Span) -> Range<usize> {
        let at = |at: u32| (at as usize).saturating_sub(self.start).min(self.text.len());
        at(span.start)..at(span.end).max(at(span.start))
    }
}
