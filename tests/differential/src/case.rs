//! What the two executions carry out.

use amb_policy_lang::interpret::Course;
use amb_policy_lang::plan::Test;

/// What happens in a comparison: a test of the language, and what the language has no words for.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    pub test: Test,
    /// Of the requests of the same place.
    pub courses: Vec<Course>,
}
