//! The processes of a test: a proxy, told so by its environment, or `role call DESTINATION…`.

use std::process::ExitCode;

use amb_tests_netns::{calls, policies, proxy};

fn main() -> ExitCode {
    if let Ok(policy) = std::env::var(proxy::POLICY) {
        return policies::run(&policy).unwrap();
    }
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some("call") {
        return ExitCode::from(64);
    }
    for destination in arguments {
        println!("{}", calls::make(&destination));
    }
    ExitCode::SUCCESS
}
