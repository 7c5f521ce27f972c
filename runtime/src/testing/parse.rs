//! The engine's view of bytes on the wire, for comparison with other parsers.

use crate::buffer::{Block, Blocks, Decoder, Framing, Keep};
use crate::message::{Method, RequestHead, RequestParts, ResponseParts, Span};
use crate::serve::opaque::hello::{self, Hello};
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
    ParsedRequest {
        method: head.method_name().to_vec(),
        target: head.target().to_vec(),
        fields: forwarded(block),
        body: block.body().to_vec(),
        length: given - (block.filled - block.decoded),
        keep_alive: parts.keep_alive,
    }
}

/// Names and values of the fields that go on.
fn forwarded(block: &Block) -> Vec<(Vec<u8>, Vec<u8>)> {
    let text = |span: Span| span.of(&block.bytes).to_vec();
    let forwarded = block.fields.iter().filter(|field| !field.dropped);
    forwarded.map(|field| (text(field.name), text(field.value))).collect()
}

/// A whole final response to a GET, as the engine understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedResponse {
    pub status: u16,
    /// The fields that are forwarded: names as they stand, values without white space around them.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// Without framing.
    pub body: Vec<u8>,
}

/// Reads the first final response in `bytes`, behind which the connection ends; `None` if it is
/// not all there, or is the beginning of a tunnel.
///
/// # Errors
/// Why it is refused.
pub fn parse_response(bytes: &[u8]) -> Result<Option<ParsedResponse>, String> {
    let mut block = Blocks::default().take();
    block.append(bytes);
    let mut parts = ResponseParts::default();
    loop {
        let Block { bytes: buffer, fields, filled, .. } = &mut *block;
        let head = buffer.get_mut(..*filled).unwrap_or_default();
        let complete = match parse::response(head, fields, &mut parts, Method::Get) {
            Ok(Some(complete)) if parts.status != 101 => complete,
            Ok(_) => return Ok(None),
            Err(refused) => return Err(refused.to_string()),
        };
        if parts.status < 200 {
            block.consume(complete.length);
            continue;
        }
        block.begin_body(complete.length);
        let mut decoder = Decoder::new(complete.framing);
        let ended = block.decode_answer(&mut decoder, Keep::PayloadOnly);
        let whole =
            ended.map_err(|malformed| malformed.to_string())? || complete.framing == Framing::Close;
        let (status, fields, body) = (parts.status, forwarded(&block), block.body().to_vec());
        return Ok(whole.then_some(ParsedResponse { status, fields, body }));
    }
}

/// A whole chunked body, as the engine understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedChunks {
    /// Without framing.
    pub body: Vec<u8>,
    /// Lines of the trailer section.
    pub trailers: Vec<u8>,
    /// With the framing that goes on.
    pub forwarded: Vec<u8>,
    /// Bytes behind the body.
    pub behind: usize,
}

/// Reads a chunked body that arrives in these pieces; `None` if it is not all there.
///
/// # Errors
/// Why it is refused.
pub fn parse_chunks(pieces: &[&[u8]]) -> Result<Option<ParsedChunks>, String> {
    let read = |keep| {
        let (mut block, mut decoder) = (Blocks::default().take(), Decoder::new(Framing::Chunked));
        let mut ended = false;
        for piece in pieces {
            block.append(piece);
            ended = block.decode(&mut decoder, keep).map_err(|malformed| malformed.to_string())?;
        }
        Ok::<_, String>(ended.then_some(block))
    };
    let (framed, payload) = (read(Keep::Framing)?, read(Keep::PayloadOnly)?);
    Ok(framed.zip(payload).map(|(framed, payload)| ParsedChunks {
        body: payload.body().to_vec(),
        trailers: payload.trailers.clone(),
        forwarded: framed.body().to_vec(),
        behind: payload.raw().len(),
    }))
}

/// What is read of a TLS caller's first message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// Lower case, without a last dot.
    pub server_name: Option<Vec<u8>>,
}

/// Reads the ClientHello at the beginning of `bytes`; `None` if it is not all there.
///
/// # Errors
/// Why it is refused.
pub fn parse_hello(bytes: &[u8]) -> Result<Option<ClientHello>, String> {
    match hello::read(bytes) {
        Hello::Incomplete => Ok(None),
        Hello::Unnamed => Ok(Some(ClientHello { server_name: None })),
        Hello::Named(name) => Ok(Some(ClientHello { server_name: Some(name) })),
        Hello::Foreign => Err("not TLS".to_owned()),
        Hello::Malformed => Err("malformed ClientHello".to_owned()),
    }
}
