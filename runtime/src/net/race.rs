//! Several addresses, of which one will do.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Addresses that are tried, if there are as many.
const MOST: usize = 3;
/// An address that is silent for so long does not keep the next one waiting (RFC 8305 §5).
const SILENCE: Duration = Duration::from_millis(250);

/// The first connection of several: the next one begins when one has failed or been silent for too long.
///
/// # Errors
/// That of the one that failed last, `none` without any; at once what is `fatal`: no other address changes it.
pub(crate) async fn race<F, T, E>(
    connects: impl Iterator<Item = F>,
    none: E,
    fatal: impl Fn(&E) -> bool,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut connects = connects.take(MOST).peekable();
    let mut running: Vec<Pin<Box<F>>> = connects.next().map(Box::pin).into_iter().collect();
    let (mut silence, mut failure) = (pin!(sleep(SILENCE)), Some(none));
    poll_fn(|cx| {
        loop {
            let mut failed = running.is_empty();
            let mut at = 0;
            while let Some(connect) = running.get_mut(at) {
                match connect.as_mut().poll(cx) {
                    Poll::Ready(Err(error)) if !fatal(&error) => {
                        drop(running.remove(at));
                        (failure, failed) = (Some(error), true);
                    }
                    Poll::Ready(done) => return Poll::Ready(done),
                    Poll::Pending => at += 1,
                }
            }
            if connects.peek().is_none() {
                return match failure.take_if(|_| running.is_empty()) {
                    Some(failure) => Poll::Ready(Err(failure)),
                    None => Poll::Pending,
                };
            }
            if !failed && silence.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            silence.as_mut().reset(Instant::now() + SILENCE);
            running.extend(connects.next().map(Box::pin));
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// What each address does, and when; what comes of it, when, and how many were tried.
    async fn check(
        addresses: &[(u64, Result<&'static str, &'static str>)],
        expect: (Result<&'static str, &'static str>, u64, usize),
    ) {
        let (begun, tried) = (Instant::now(), Cell::new(0));
        let connect = async |&(after, done): &(u64, _)| {
            tried.set(tried.get() + 1);
            sleep(Duration::from_millis(after)).await;
            done
        };
        let done = race(addresses.iter().map(connect), "none", |error| *error == "fatal").await;
        assert_eq!(
            (done, begun.elapsed().as_millis() as u64, tried.get()),
            expect,
            "{addresses:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_address_has_its_turn() {
        const NEVER: u64 = 1_000_000;
        check(&[], (Err("none"), 0, 0)).await;
        check(&[(5, Ok("a")), (0, Ok("b"))], (Ok("a"), 5, 1)).await;
        // Refused: at once.
        check(&[(5, Err("a")), (5, Ok("b"))], (Ok("b"), 10, 2)).await;
        // Silent: after a while; the first may still be the first.
        check(&[(NEVER, Ok("a")), (5, Ok("b"))], (Ok("b"), 255, 2)).await;
        check(&[(300, Ok("a")), (100, Ok("b"))], (Ok("a"), 300, 2)).await;
        check(&[(NEVER, Ok("a")), (5, Err("b")), (5, Ok("c"))], (Ok("c"), 260, 3)).await;
        check(&[(300, Err("a")), (5, Err("b"))], (Err("a"), 300, 2)).await;
        // Three at most, and none after what no address changes.
        check(&[(0, Err("a")), (0, Err("b")), (7, Err("c")), (0, Ok("d"))], (Err("c"), 7, 3)).await;
        check(&[(5, Err("fatal")), (0, Ok("b"))], (Err("fatal"), 5, 1)).await;
    }
}
