//! The engine's view of bytes on the wire, for comparison with other parsers.

use crate::buffer::{Block, Blocks, Decoder, Keep};
use crate::message::{RequestHead, RequestParts};
use crate::wire::http1::parse;

/// A whole request, as the engine understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedRequest {
    pub method: Vec<u8>,
    /// In origin form.
    pub target: Vec<u8>,
    /// The fields that are forwarded: names as they stand, values without white space around them.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// Without framing.
    pub body: Vec<u8>,
    /// Bytes that belong to the request.
    pub length: usize,
    /// Can another request follow?
    pub keep_alive: bool,
}

/// Reads the request at the beginning of `bytes`; `None` if it is not all there.
///
/// # Errors
/// Why it is refused.
pub fn parse_request(bytes: &[u8]) -> Result<Option<ParsedRequest>, String> {
    let mut block = Blocks::default().take();
    block.append(bytes);
    let mut parts = RequestParts::default();
    let Block { bytes: buffer, fields, filled, .. } = &mut *block;
    let head = buffer.get_mut(..*filled).unwrap_or_default();
    let complete = match parse::request(head, fields, &mut parts) {
        Ok(Some(complete)) => complete,
        Ok(None) => return Ok(None),
        Err(refused) => return Err(refused.to_string()),
    };
    block.begin_body(complete.length);
    let mut decoder = Decoder::new(complete.framing);
    match block.decode(&mut decoder, Keep::PayloadOnly) {
        Ok(true) => Ok(Some(parsed(&block, &parts, bytes.len()))),
        Ok(false) => Ok(None),
        Err(malformed) => Err(malformed.to_string()),
    }
}

fn parsed(block: &Block, parts: &RequestParts, given: usize) -> ParsedRequest {
    let head = RequestHead { bytes: &block.bytes, fields: &block.fields, parts };
    let forwarded = block.fields.iter().filter(|field| !field.dropped);
    let text = |span: crate::message::Span| span.of(&block.bytes).to_vec();
    ParsedRequest {
        method: head.method_name().to_vec(),
        target: head.target().to_vec(),
        fields: forwarded.map(|field| (text(field.name), text(field.value))).collect(),
        body: block.body().to_vec(),
        length: given - (block.filled - block.decoded),
        keep_alive: parts.keep_alive,
    }
}
