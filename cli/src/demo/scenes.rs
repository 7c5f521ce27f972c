//! What the demo shows, scene by scene. Each checks that it went as it should.

use std::time::Duration;

use super::caller::Request;
use super::proxy::Proxy;
use super::stage::Stage;

/// `open-for` of the demo's policy, and a little.
const OPEN_FOR: Duration = Duration::from_millis(3_050);

const QUOTE: Request = Request { method: "GET", path: "/v1/quotes/7", header: None };
const CHARGE: Request = Request { method: "POST", path: "/v1/charges", header: None };
const CHARGE_ONCE: Request = Request { header: Some("idempotency-key: k-1"), ..CHARGE };

/// Before there is an ambassador.
pub(super) fn without(stage: &mut Stage<'_>) -> Result<(), String> {
    stage.scene("Without an ambassador: the service fails once, and the application sees it.");
    stage.upstream.answer(&[503], 200);
    let answer = stage.call(QUOTE)?;
    check(answer.status == 503 && stage.tries() == 1, "the call should have failed")
}

/// The ambassador has come, and nobody has told the application.
pub(super) fn comes(stage: &mut Stage<'_>, proxy: &Proxy) {
    stage.scene("The ambassador starts. The application goes on dialling the service itself.");
    stage.said(&proxy.said);
}

/// Retries, the breaker, recovery.
pub(super) fn play(stage: &mut Stage<'_>) -> Result<(), String> {
    stage
        .scene("1. The service fails twice. The application's one call succeeds at the third try.");
    stage.upstream.answer(&[503, 503], 200);
    let answer = stage.call(QUOTE)?;
    check(answer.status == 200 && stage.tries() == 3, "the quote should have succeeded")?;

    stage.scene("2. A payment that fails is not sent twice: nobody said that this is safe.");
    stage.upstream.answer(&[503], 200);
    let answer = stage.call(CHARGE)?;
    check(answer.status == 503 && stage.tries() == 1, "the charge should have been sent once")?;

    stage.scene("3. With an idempotency key it is: the policy allows it.");
    stage.upstream.answer(&[503], 201);
    let answer = stage.call(CHARGE_ONCE)?;
    check(answer.status == 201 && stage.tries() == 2, "the charge should have been repeated")?;

    stage.scene("4. The service goes down. Five failures in a row open the breaker.");
    stage.upstream.answer(&[], 503);
    for _ in 0..5 {
        stage.call(CHARGE)?;
    }
    check(stage.tries() == 5, "five charges should have reached the service")?;

    stage.scene("5. While it is open calls fail at once, and the service is left alone.");
    let answers = stage.together(QUOTE, 200);
    check(answers.iter().all(|answer| answer.by_proxy.is_some()), "all should be ours")?;
    check(stage.tries() == 0, "the service should have been left alone")?;

    stage.scene("6. After 3 s one call is let through to look. It fails: open for another 3 s.");
    stage.pause(OPEN_FOR);
    stage.together(CHARGE, 50);
    check(stage.tries() == 1, "there should have been exactly one probe")?;

    stage.scene("7. The service recovers. The next probe succeeds and closes the breaker.");
    stage.upstream.answer(&[], 200);
    stage.pause(OPEN_FOR);
    let answer = stage.call(CHARGE)?;
    check(answer.status == 200, "the probe should have succeeded")?;
    let answers = stage.together(CHARGE, 50);
    stage.tries();
    check(answers.iter().all(|answer| answer.status == 200), "all should have succeeded")
}

/// The ambassador has gone, in the worst way.
pub(super) fn goes(stage: &mut Stage<'_>, proxy: Proxy) -> Result<(), String> {
    stage.scene("8. `kill -9`: the rules go with the ambassador, and calls go directly again.");
    drop(proxy);
    stage.upstream.answer(&[503], 200);
    let answer = stage.call(QUOTE)?;
    check(answer.status == 503 && stage.tries() == 1, "nobody should have repeated the call")
}

fn check(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

#[cfg(test)]
mod tests {
    /// What the README shows of the demo: titles begin a line, what follows is indented.
    #[test]
    fn the_readme_shows_scenes_of_the_demo() {
        let readme = include_str!("../../../README.md");
        let shown = readme.split("```").find(|block| block.starts_with("text\n1. ")).unwrap();
        let titles = |line: &&str| line.chars().next().is_some_and(|first| first.is_ascii_digit());
        let titles: Vec<_> = shown.lines().filter(titles).collect();
        assert!(titles.len() >= 3, "{titles:?}");
        for title in titles {
            assert!(include_str!("scenes.rs").contains(&format!("\"{title}\"")), "{title}");
        }
    }
}
