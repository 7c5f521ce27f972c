//! `respond` and `fallback`.

/// An answer of our own.
pub trait ReplyPolicy: 'static {
    /// Of HTTP.
    const STATUS: u16;
    /// Names in lower case, and values.
    const HEADERS: &'static [(&'static str, &'static str)] = &[];
    /// In UTF-8.
    const BODY: &'static str = "";
}
