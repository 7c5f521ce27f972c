//! The flags of a proxy. None of them changes what the policy says.

/// What a proxy is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Serve,
    Check,
    Describe,
    DescribeJson,
    Help,
    Version,
}

pub(super) const USAGE: &str = "\
Without arguments the proxy runs. Its policy is compiled in; nothing here changes it.

  --check            try the user, the ports, the rules and the upstreams' names, then exit
  --describe         print the effective policy
  --describe --json  print the policy's sources, hashes and plan as JSON
  --version          print the version
  --help             print this
";

/// # Errors
/// The argument that is not understood, or does not belong there.
pub(super) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Task, String> {
    let mut task = Task::Serve;
    for argument in arguments {
        task = match (task, argument.as_str()) {
            (Task::Serve, "--check") => Task::Check,
            (Task::Serve, "--describe") => Task::Describe,
            (Task::Describe, "--json") => Task::DescribeJson,
            (Task::Serve, "--help" | "-h") => Task::Help,
            (Task::Serve, "--version" | "-V") => Task::Version,
            _ => return Err(argument),
        };
    }
    Ok(task)
}

#[cfg(test)]
mod tests {
    use super::{Task, parse};

    #[test]
    fn flags_are_understood_or_named() {
        let rows = [
            ("", Ok(Task::Serve)),
            ("--check", Ok(Task::Check)),
            ("--describe", Ok(Task::Describe)),
            ("--describe --json", Ok(Task::DescribeJson)),
            ("--version", Ok(Task::Version)),
            ("--help", Ok(Task::Help)),
            ("--json", Err("--json")),
            ("--check --describe", Err("--describe")),
            ("--version x", Err("x")),
            ("run", Err("run")),
        ];
        for (line, expect) in rows {
            let parsed = parse(line.split_whitespace().map(str::to_owned));
            assert_eq!(parsed, expect.map_err(str::to_owned), "{line}");
        }
    }
}
