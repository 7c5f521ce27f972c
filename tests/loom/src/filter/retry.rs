//! Of the retry filter, only the budget is shared.

#[path = "../../../../runtime/src/filter/retry/budget.rs"]
pub mod budget;
