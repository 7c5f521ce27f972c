//! What is known about the thing under the cursor: its row in the table of settings, the value in
//! force there and who set it, or what a name stands for.

use amb_policy_lang::index::Definition;
use amb_policy_lang::plan::{Place, Plan, Settings};
use amb_policy_lang::schema::{self, Row, Scope};
use amb_policy_lang::summary::rows::{self, Row as Effective};
use amb_policy_lang::syntax::ast::{Statement, Value};
use amb_policy_lang::syntax::parse;
use gen_lsp_types::{Contents, Hover, MarkupContent, MarkupKind};

use super::context::{At, Context, split};
use super::position;
use super::workspace::{Cursor, Workspace};

pub(crate) fn hover(workspace: &Workspace, cursor: &Cursor<'_>) -> Option<Hover> {
    let (tree, _) = parse(0, cursor.text);
    let context = Context::new(&tree, cursor.text, cursor.offset);
    let (text, span) = match context.at {
        At::Comment | At::Key(None) => return None,
        At::Key(Some(statement)) => {
            (setting(workspace, cursor, &context, statement)?, statement.key_span)
        }
        At::Argument(statement) => {
            let (_, arg) = split(statement, cursor.offset);
            let arg = arg?;
            let text = name(workspace, cursor)
                .or_else(|| path(&arg.value))
                .or_else(|| setting(workspace, cursor, &context, statement))?;
            (text, arg.span)
        }
    };
    let contents = Contents::MarkupContent(MarkupContent::new(MarkupKind::Markdown, text));
    Some(Hover::new(contents, Some(position::range(cursor.text, span))))
}

/// What a name stands for, in the words of the `##` comment above its definition.
fn name(workspace: &Workspace, cursor: &Cursor<'_>) -> Option<String> {
    let index = &cursor.view.index;
    let target = index
        .reference(cursor.file, cursor.offset)
        .and_then(|known| index.definition(known.target));
    let known = target.or_else(|| index.defined(cursor.file, cursor.offset))?;
    Some(defined(workspace, cursor, known))
}

fn defined(workspace: &Workspace, cursor: &Cursor<'_>, known: &Definition) -> String {
    let place = workspace.location(cursor.view, known.span).map(|location| {
        let (line, name) = (location.range.start.line + 1, file_name(cursor, known.span.file));
        format!("[{name}:{line}]({}#L{line})", location.uri)
    });
    let head = fenced(&format!("{} {}", known.kind, known.name));
    sections([Some(head), Some(known.docs.join("\n")), place])
}

/// A path of a guardrail.
fn path(value: &Value) -> Option<String> {
    let Value::Name(name) = value else { return None };
    let path = schema::path(name)?;
    let operators = path.measure.operators().join(" ");
    Some(sections([
        Some(fenced(&path.text)),
        Some(path.doc.to_owned()),
        Some(format!("Compared with `{operators}`.")),
    ]))
}

fn setting(
    workspace: &Workspace,
    cursor: &Cursor<'_>,
    context: &Context<'_>,
    statement: &Statement,
) -> Option<String> {
    let row = context.row(statement)?;
    let default = Some(row.default.text()).filter(|default| !default.is_empty());
    let later = (!row.supported).then(|| "Not yet supported by this compiler.".to_owned());
    Some(sections([
        Some(fenced(&row.usage())),
        Some(row.doc.to_owned()),
        default.map(|default| format!("Default: `{default}`")),
        later,
        in_force(workspace, cursor, context, statement, row),
    ]))
}

/// The effective values that the statement has to do with, and who set them.
fn in_force(
    workspace: &Workspace,
    cursor: &Cursor<'_>,
    context: &Context<'_>,
    statement: &Statement,
    row: &Row,
) -> Option<String> {
    let plan = cursor.view.index.plan.as_ref()?;
    let mut chain = context.around.clone();
    chain.push(statement);
    let (title, inside, all) = subject(plan, &chain)?;
    let wanted = all.iter().filter(|value| concerns(value, inside));
    let lines: Vec<_> = wanted.map(|value| line(workspace, cursor, plan, value)).collect();
    if !lines.is_empty() {
        return Some(format!("In force for {title}:\n\n{}", lines.join("\n")));
    }
    // What is no policy of calls, an address for one, is not a matter of layers.
    let layered = schema::find(Scope::Policy, &inside.first()?.key).is_some();
    layered.then(|| format!("`{}` is not in force for {title}.", row.key))
}

type Subject<'a> = (String, &'a [&'a Statement], Vec<Effective>);

/// The scope of a chain of statements, the statements inside the scope, and all values in force
/// there.
fn subject<'a>(plan: &Plan, chain: &'a [&'a Statement]) -> Option<Subject<'a>> {
    let (first, rest) = chain.split_first()?;
    if first.key == "observe" {
        return Some(("this deployment".to_owned(), rest, rows::observe(&plan.observe)));
    }
    let upstream_name = named(first).filter(|_| first.key == "upstream")?;
    let upstream = plan.upstreams.iter().find(|known| known.name == upstream_name)?;
    let route = rest.split_first().filter(|(second, _)| second.key == "route");
    let Some((second, inside)) = route else {
        return Some(of_call(format!("upstream `{upstream_name}`"), rest, &upstream.settings));
    };
    let route = upstream.routes.iter().find(|known| Some(known.name.as_str()) == named(second))?;
    Some(of_call(format!("route `{}`", route.name), inside, &route.settings))
}

fn of_call<'a>(title: String, inside: &'a [&'a Statement], settings: &Settings) -> Subject<'a> {
    (title, inside, rows::settings(settings))
}

/// Does the value belong to the innermost of these statements? Without statements, every value does.
fn concerns(value: &Effective, inside: &[&Statement]) -> bool {
    let Some((group, rest)) = inside.split_first() else { return true };
    let group = match (group.key.as_str(), named(group)) {
        ("headers", Some(direction)) => format!("headers {direction}"),
        (key, _) => key.to_owned(),
    };
    let key = rest.first().map(|statement| statement.key.as_str());
    let edits = group.starts_with("headers");
    let same = |key: &str| edits || value.key.split(' ').next() == Some(key);
    value.group == group && key.is_none_or(same)
}

fn line(workspace: &Workspace, cursor: &Cursor<'_>, plan: &Plan, value: &Effective) -> String {
    let written = format!("{} {}", value.path(), value.value);
    let origin = match value.origin.place() {
        None => "default of the language".to_owned(),
        Some(place) => link(workspace, cursor, place, &plan.origin_text(&value.origin)),
    };
    format!("- `{}` — {origin}", written.trim())
}

fn link(workspace: &Workspace, cursor: &Cursor<'_>, place: Place, text: &str) -> String {
    let path = u32::try_from(place.file).ok().and_then(|file| cursor.view.path(file));
    let uri = path.map(|path| workspace.documents.uri(path));
    uri.map_or_else(|| text.to_owned(), |uri| format!("[{text}]({uri}#L{})", place.line))
}

fn file_name<'a>(cursor: &Cursor<'a>, file: u32) -> &'a str {
    cursor.view.index.sources.get(file as usize).map_or("", |source| source.name.as_str())
}

fn named(statement: &Statement) -> Option<&str> {
    match statement.args.first().map(|arg| &arg.value) {
        Some(Value::Name(name)) => Some(name),
        _ => None,
    }
}

fn fenced(code: &str) -> String {
    format!("```amb\n{code}\n```")
}

fn sections(parts: impl IntoIterator<Item = Option<String>>) -> String {
    let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("\n\n")
}
