//! What works on a checked plan: summary, interpreter, explanation, difference.

#[cfg(test)]
mod plans;
#[cfg(test)]
mod summary;
