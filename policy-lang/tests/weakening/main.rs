//! What `amb diff` promises: a change that it does not call weakened or redirected allows nothing that
//! was not allowed before. Policies are edited by chance; the interpreter runs both versions, and
//! guardrails judge both.

#[cfg(test)]
mod calls;
#[cfg(test)]
mod edits;
#[cfg(test)]
mod guardrails;
#[cfg(test)]
mod promise;
