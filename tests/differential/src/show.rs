//! Tests and differences for people.

use amb_policy_lang::interpret::Course;
use amb_policy_lang::plan::display::{duration, quoted, size};
use amb_policy_lang::plan::{Given, ScriptedReply, ScriptedStep, TestRequest};

use crate::case::Case;

/// The test as it could stand in the policy, and what no policy has words for.
pub fn case(case: &Case) -> String {
    let test = &case.test;
    let requests =
        test.requests.iter().zip(&case.courses).map(|(it, course)| request(it) + &say(*course));
    let given = test.given.iter().map(given);
    let lines: String = requests.chain(given).map(|line| format!("    {line}\n")).collect();
    format!("test {} {{\n{lines}}}", quoted(&test.name))
}

/// Both accounts up to the first line that is not the same, and what follows on either side.
pub fn side_by_side(expected: &[String], actual: &[String]) -> String {
    let same =
        expected.iter().zip(actual).take_while(|(expected, actual)| expected == actual).count();
    let lines = |mark: char, lines: &[String]| {
        lines.iter().map(|line| format!("{mark} {line}\n")).collect::<String>()
    };
    let (both, rest) = expected.split_at(same);
    let both = lines(' ', both);
    let (interpreter, proxy) = (lines('-', rest), lines('+', &actual[same..]));
    format!("- interpreter, + compiled proxy\n{both}{interpreter}{proxy}")
}

fn say(course: Course) -> String {
    match course {
        Course::Plain => String::new(),
        Course::CallerLeaves(time) => format!("  # leaves after {}", duration(time)),
        Course::Wants => "  # nothing is left to connect with".to_owned(),
        Course::SlowCaller(time) => format!("  # half of its body {} later", duration(time)),
    }
}

fn request(request: &TestRequest) -> String {
    let TestRequest { method, host, target, .. } = request;
    let mut line = match request.grpc {
        true => {
            format!("request GRPC {} {}", quoted(host), quoted(target.trim_start_matches('/')))
        }
        false => format!("request {method} {} {target}", quoted(host)),
    };
    if request.times > 1 {
        line.push_str(&format!(" times {}", request.times));
    }
    if let Some(every) = request.every {
        line.push_str(&format!(" every {}", duration(every)));
    }
    let body = (request.body > 0).then(|| format!("body {}", size(request.body)));
    line + &block(&request.headers, body)
}

fn given(given: &Given) -> String {
    let steps: Vec<_> = given.replies.iter().map(step).collect();
    format!("given {} replies {}", given.upstream, steps.join(", "))
}

fn step(step: &ScriptedStep) -> String {
    let mut text = match step.reply {
        ScriptedReply::Status(status) => status.to_string(),
        ScriptedReply::Grpc(code) => code.to_string(),
        ScriptedReply::Refused => "refused".to_owned(),
        ScriptedReply::Reset => "reset".to_owned(),
        ScriptedReply::Timeout => "timeout".to_owned(),
    };
    if !step.after.is_zero() {
        text.push_str(&format!(" after {}", duration(step.after)));
    }
    text + &block(&step.headers, None)
}

fn block(headers: &[(String, String)], body: Option<String>) -> String {
    let fields = headers.iter();
    let lines = fields.map(|(name, value)| format!("header {} {}", quoted(name), quoted(value)));
    let lines: Vec<_> = lines.chain(body).collect();
    if lines.is_empty() { String::new() } else { format!(" {{ {} }}", lines.join("; ")) }
}
