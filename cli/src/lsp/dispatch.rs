//! From a message to the function that answers it.

use gen_lsp_types::{
    CodeActionRequest, CompletionRequest, CompletionResponse, DefinitionRequest,
    DefinitionResponse, DidChangeTextDocumentNotification, DidCloseTextDocumentNotification,
    DidOpenTextDocumentNotification, DocumentFormattingRequest, HoverRequest,
    LspNotificationMethod as Notice, LspRequestMethod as Asked, Notification as Noticed,
    Request as Requested, TextDocumentContentChangeEvent as Change,
};
use lsp_server::{ErrorCode, Notification, Request, Response};
use serde_json::Value;

use super::documents::Document;
use super::workspace::Workspace;
use super::{actions, completion, definition, formatting, hover};

type Read<T> = serde_json::Result<T>;

/// The answer to a request. A request that cannot be read, or that the server does not offer, is
/// answered with an error; it never ends the server.
pub(crate) fn answer(workspace: &Workspace, request: Request) -> Response {
    let Request { id, method, params } = request;
    match value(workspace, Asked::from(method.as_str()), params) {
        Some(Ok(value)) => Response::new_ok(id, value),
        Some(Err(error)) => {
            Response::new_err(id, ErrorCode::InvalidParams as i32, error.to_string())
        }
        None => {
            let message = format!("`{method}` is not offered");
            Response::new_err(id, ErrorCode::MethodNotFound as i32, message)
        }
    }
}

/// `None`: that is not offered.
fn value(workspace: &Workspace, asked: Asked<'_>, params: Value) -> Option<Read<Value>> {
    Some(match asked {
        Asked::TextDocumentHover => on::<HoverRequest>(params, |asked| {
            let cursor = workspace.cursor(&asked.text_document_position_params)?;
            hover::hover(workspace, &cursor)
        }),
        Asked::TextDocumentCompletion => on::<CompletionRequest>(params, |asked| {
            let cursor = workspace.cursor(&asked.text_document_position_params)?;
            Some(CompletionResponse::CompletionItemList(completion::completion(&cursor)))
        }),
        Asked::TextDocumentDefinition => on::<DefinitionRequest>(params, |asked| {
            let cursor = workspace.cursor(&asked.text_document_position_params)?;
            let found = definition::definition(workspace, &cursor)?;
            Some(DefinitionResponse::Definition(found.into()))
        }),
        Asked::TextDocumentFormatting => on::<DocumentFormattingRequest>(params, |asked| {
            formatting::formatting(workspace, &asked)
        }),
        Asked::TextDocumentCodeAction => {
            on::<CodeActionRequest>(params, |asked| Some(actions::actions(workspace, &asked)))
        }
        _ => return None,
    })
}

fn on<R: Requested>(params: Value, answer: impl FnOnce(R::Params) -> R::Result) -> Read<Value> {
    serde_json::to_value(answer(serde_json::from_value(params)?))
}

/// Takes a notification of the editor. Returns whether the policies must be compiled again.
pub(crate) fn take(workspace: &mut Workspace, notice: Notification) -> bool {
    let Notification { method, params } = notice;
    let documents = &mut workspace.documents;
    let taken = match Notice::from(method.as_str()) {
        Notice::TextDocumentDidOpen => {
            read::<DidOpenTextDocumentNotification>(params).map(|told| {
                let document = told.text_document;
                let (uri, version, text) = (document.uri, document.version, document.text);
                documents.put(Document { uri, version, text });
            })
        }
        Notice::TextDocumentDidChange => {
            read::<DidChangeTextDocumentNotification>(params).map(|told| {
                let version = told.text_document.version;
                let uri = told.text_document.text_document_identifier.uri;
                if let Some(text) = told.content_changes.into_iter().rev().find_map(whole) {
                    documents.put(Document { uri, version, text });
                }
            })
        }
        Notice::TextDocumentDidClose => read::<DidCloseTextDocumentNotification>(params)
            .map(|told| documents.close(&told.text_document.uri)),
        // A file beside the open ones: an import, or `amb.toml`.
        Notice::TextDocumentDidSave | Notice::WorkspaceDidChangeWatchedFiles => Ok(()),
        _ => return false,
    };
    // One that cannot be read tells nothing, and has no answer that could say so.
    taken.is_ok()
}

fn read<N: Noticed>(params: Value) -> Read<N::Params> {
    serde_json::from_value(params)
}

/// The new text. The server asks for whole texts only, so a part is ignored.
fn whole(change: Change) -> Option<String> {
    match change {
        Change::TextDocumentContentChangeWholeDocument(whole) => Some(whole.text),
        Change::TextDocumentContentChangePartial(_) => None,
    }
}
