//! The language server: what the compiler knows, told to editors over standard input and output.
//!
//! ```text
//! message ─► dispatch ─► workspace (open buffers, an index per policy) ─► answer
//!                            └─► findings, pushed after every change
//! ```
//!
//! One loop and no state but the open buffers: after every change the open policies are
//! compiled anew, which takes milliseconds. Positions count UTF-16 units, as every client can.

mod actions;
mod completion;
mod context;
mod definition;
mod dispatch;
mod documents;
mod findings;
mod formatting;
mod hover;
mod location;
mod position;
mod view;
mod workspace;

use std::error::Error;

use gen_lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProvider, CompletionOptions, DefinitionProvider,
    DocumentFormattingProvider, HoverProvider, InitializeResult, ServerCapabilities, ServerInfo,
    TextDocumentSync, TextDocumentSyncKind,
};
use lsp_server::{Connection, Message};

use workspace::Workspace;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Serves one editor until it says goodbye.
///
/// # Errors
/// It went away without, or sent what is no message.
pub(crate) fn serve() -> Result<()> {
    let (connection, threads) = Connection::stdio();
    let (id, _) = connection.initialize_start()?;
    connection.initialize_finish(id, serde_json::to_value(welcome())?)?;
    let ended = answer_all(&connection);
    // The threads end when nobody sends any more; theirs is the better reason.
    drop(connection);
    threads.join()?;
    ended
}

fn answer_all(connection: &Connection) -> Result<()> {
    let mut workspace = Workspace::default();
    for message in &connection.receiver {
        match message {
            Message::Request(request) => {
                if connection.handle_shutdown(&request)? {
                    return Ok(());
                }
                connection.sender.send(dispatch::answer(&workspace, request).into())?;
            }
            Message::Notification(notice) => {
                if dispatch::take(&mut workspace, notice) {
                    for findings in workspace.check() {
                        connection.sender.send(findings.into())?;
                    }
                }
            }
            // Nothing is ever asked of the editor.
            Message::Response(_) => {}
        }
    }
    Err("it did not ask for `shutdown` first".into())
}

fn welcome() -> InitializeResult {
    let fixes = CodeActionOptions {
        code_action_kinds: Some(vec![CodeActionKind::QuickFix]),
        ..CodeActionOptions::default()
    };
    let capabilities = ServerCapabilities {
        text_document_sync: Some(TextDocumentSync::Kind(TextDocumentSyncKind::Full)),
        hover_provider: Some(HoverProvider::Bool(true)),
        completion_provider: Some(CompletionOptions::default()),
        definition_provider: Some(DefinitionProvider::Bool(true)),
        document_formatting_provider: Some(DocumentFormattingProvider::Bool(true)),
        code_action_provider: Some(CodeActionProvider::CodeActionOptions(fixes)),
        ..ServerCapabilities::default()
    };
    let version = env!("CARGO_PKG_VERSION").to_owned();
    InitializeResult {
        capabilities,
        server_info: Some(ServerInfo { name: "amb".to_owned(), version: Some(version) }),
    }
}
