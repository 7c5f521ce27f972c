//! Tokens to text that reads as if written by hand.
//!
//! prettyplease prints one item at a time. This module adds blank lines and banners, and joins what
//! fits on one line. prettyplease prints an attribute `#[comment = " text"]` as `// text`, which its
//! documentation does not promise: a test below guards it.

mod tighten;
mod trail;

use proc_macro2::TokenStream;

const WIDTH: usize = 80;

/// One item. Tokens that are no item come out as they are, for rustc to complain about.
pub(crate) fn item(tokens: TokenStream) -> String {
    match syn::parse2::<syn::File>(tokens.clone()) {
        Ok(file) => breathe(&trail::trail(&tighten::tighten(&prettyplease::unparse(&file)))),
        Err(_) => format!("{tokens}\n"),
    }
}

/// Items with a blank line between them.
pub(crate) fn join(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().filter(|item| !item.is_empty()).collect::<Vec<_>>().join("\n")
}

/// `// ── upstream payment ───────…`
pub(crate) fn banner(title: &str) -> String {
    let start = format!("// ── {title} ");
    let rule = "─".repeat(WIDTH.saturating_sub(start.chars().count()).max(4));
    format!("{start}{rule}\n")
}

/// One level deeper. Literals never hold a line break: they are written `\n`.
pub(crate) fn indent(text: &str) -> String {
    let deeper = |line: &str| match line {
        "" => "\n".to_owned(),
        line => format!("    {line}\n"),
    };
    text.lines().map(deeper).collect()
}

/// A blank line between an impl's constants and its functions, and around each function.
fn breathe(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::new();
    let mut previous = "";
    for (at, line) in lines.iter().enumerate() {
        if begins_function(lines.get(at..).unwrap_or_default()) && ends_member(previous) {
            out.push('\n');
        }
        out.push_str(line);
        out.push('\n');
        previous = line;
    }
    out
}

/// Comments, then a function's head, all one level deep.
fn begins_function(lines: &[&str]) -> bool {
    let is_comment = |line: &str| line.starts_with("    //");
    let head = lines.iter().find(|line| !is_comment(line));
    head.is_some_and(|line| line.starts_with("    fn ") || line.starts_with("    async fn "))
}

/// The member before a function's comment; not the comment itself.
fn ends_member(line: &str) -> bool {
    let code = trail::code(line);
    line.starts_with("    ") && (code.ends_with(';') || code == "    }") && !code.is_empty()
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn comments_print_wherever_the_generator_puts_them() {
        let printed = item(quote! {
            impl A {
                const LIST: &[B] = &[#[comment = " on an element"] B::new(1)];
                const ONE: C = C {
                    #[comment = " on a field"]
                    x: 1,
                };
                #[comment = " on a function"]
                fn f() {
                    #[comment = " on a statement"]
                    g();
                    match x {
                        #[comment = " on an arm"]
                        _ if guard(x) => 1,
                    }
                }
            }
        });
        let expected = "\
impl A {
    const LIST: &[B] = &[
        B::new(1), // on an element
    ];
    const ONE: C = C {
        x: 1, // on a field
    };

    // on a function
    fn f() {
        g(); // on a statement
        match x {
            // on an arm
            _ if guard(x) => 1,
        }
    }
}
";
        assert_eq!(printed, expected);
    }

    #[test]
    fn what_does_not_parse_is_left_to_rustc() {
        assert_eq!(item(quote!(struct)), "struct\n");
    }

    #[test]
    fn banners_are_eighty_wide() {
        assert_eq!(banner("upstream payment").trim_end().chars().count(), WIDTH);
    }
}
