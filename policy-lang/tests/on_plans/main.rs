//! What works on a checked plan: summary, interpreter, explanation, difference.

#[cfg(test)]
mod interpret;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod summary;
