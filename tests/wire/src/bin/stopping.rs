//! The deployed form of `policies/stopping.amb`.

fn main() -> std::process::ExitCode {
    amb_tests_wire::policies::stopping::main()
}
