//! What works on a checked plan: summary, interpreter, explanation, difference.

#[cfg(test)]
mod baselines;
#[cfg(test)]
mod classes;
#[cfg(test)]
mod defaults;
#[cfg(test)]
mod diff;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod grpc;
#[cfg(test)]
mod interpret;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod summary;
