//! The tree of one file. It has every statement with its span and every comment, and interprets
//! nothing but literals. It is partial: what could not be read is [`Value::Bad`].

use std::time::Duration;

use crate::span::Span;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    pub items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    Statement(Statement),
    Comment(Comment),
}

/// `# …` or `## …`, without the line's end.
#[derive(Clone, Debug, PartialEq)]
pub struct Comment {
    pub text: String,
    pub span: Span,
    /// Behind something on the same line.
    pub trailing: bool,
}

impl Comment {
    /// What a doc comment says; `None` for `# …` and for rulers such as `#####`.
    pub fn doc(&self) -> Option<&str> {
        let said = self.text.strip_prefix("##")?;
        let ruler = said.starts_with('#') || self.trailing;
        (!ruler).then(|| said.strip_prefix(' ').unwrap_or(said))
    }
}

/// `key args [{ block }]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub docs: Vec<String>,
    pub key: String,
    pub key_span: Span,
    pub args: Vec<Arg>,
    pub block: Option<Block>,
}

impl Statement {
    /// Key and arguments, without the block.
    pub fn head(&self) -> Span {
        self.args.last().map_or(self.key_span, |last| self.key_span.to(last.span))
    }

    /// All of it, the block included.
    pub fn span(&self) -> Span {
        self.block.as_ref().map_or_else(|| self.head(), |block| self.key_span.to(block.span))
    }

    /// The arguments alone, or the key if there is none.
    pub fn args_span(&self) -> Span {
        match (self.args.first(), self.args.last()) {
            (Some(first), Some(last)) => first.span.to(last.span),
            _ => self.key_span,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub items: Vec<Item>,
    /// Braces included.
    pub span: Span,
    /// Its closing brace is there; otherwise it goes on to the end of the file.
    pub closed: bool,
}

impl Block {
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        statements(&self.items)
    }
}

/// The statements among `items`, in order.
pub fn statements(items: &[Item]) -> impl Iterator<Item = &Statement> {
    items.iter().filter_map(|item| match item {
        Item::Statement(statement) => Some(statement),
        Item::Comment(_) => None,
    })
}

#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    pub value: Value,
    pub span: Span,
}

/// A typed literal.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `payment-v2`, `retry.attempts`.
    Name(String),
    /// `GET`, `PUT|DELETE`.
    Methods(Vec<String>),
    Text(String),
    /// `/v1/stock/{sku}`, as written.
    Path(String),
    Number(Number),
    /// Both ends included; of one kind and in order.
    Range(Number, Number),
    /// `header("x")`.
    Call {
        name: String,
        inputs: Vec<Arg>,
    },
    Operator(&'static str),
    /// Between the entries of a list, with the comments behind it.
    Comma(Comma),
    /// `503 { header "retry-after" "2" }, 201`: a block inside a list.
    Block(Block),
    /// Reported already.
    Bad(String),
}

/// What stands behind a comma.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comma {
    pub comments: Vec<String>,
    /// The list goes on in the next line.
    pub newline: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// `5`, `10_000`.
    Integer(u64),
    Duration(Duration),
    /// Bytes.
    Size(u64),
    /// Parts per million.
    Percent(u32),
    /// `200/s`.
    Rate {
        count: u32,
        per: Duration,
    },
    /// `5xx`.
    Class(u16),
    /// `4x`.
    Factor(u32),
}
