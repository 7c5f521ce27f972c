//! Connections in the making, and the calls that wait for them.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::Pool;
use crate::failure::Kind;

/// A connection in the making.
#[derive(Debug)]
pub(crate) struct Dial {
    waiting: Cell<usize>,
    wakers: RefCell<Vec<Waker>>,
    /// How it ended; waited for while there is nothing.
    end: Cell<Option<Result<(), Kind>>>,
}

/// Ends the dial for those who wait, however it ended.
pub(crate) struct Dialling<'p>(&'p Pool, Rc<Dial>);

impl<'p> Dialling<'p> {
    pub(crate) fn begin(pool: &'p Pool) -> Self {
        let dial = Rc::new(Dial {
            waiting: Cell::new(0),
            wakers: RefCell::default(),
            end: Cell::default(),
        });
        pool.dials.borrow_mut().push(Rc::clone(&dial));
        Self(pool, dial)
    }

    /// It failed; would the others that wait have met the same? What a call's own bounds or its caller
    /// ended, they try again.
    pub(crate) fn failed(&self, kind: Kind) {
        if matches!(kind, Kind::Refused | Kind::Unreachable | Kind::Reset | Kind::Loop | Kind::Want)
        {
            self.1.end.set(Some(Err(kind)));
        }
    }
}

impl Drop for Dialling<'_> {
    fn drop(&mut self) {
        self.0.dials.borrow_mut().retain(|dial| !Rc::ptr_eq(dial, &self.1));
        if self.1.end.get().is_none() {
            // Whoever dialled has left; the others find out what to do next.
            self.1.end.set(Some(Ok(())));
        }
        self.1.wakers.take().into_iter().for_each(Waker::wake);
    }
}

impl Dial {
    /// Calls that wait for it.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.get()
    }

    pub(crate) async fn wait(&self) -> Result<(), Kind> {
        self.waiting.set(self.waiting.get() + 1);
        poll_fn(|cx| {
            if let Some(end) = self.end.get() {
                return Poll::Ready(end);
            }
            let mut wakers = self.wakers.borrow_mut();
            if !wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
                wakers.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await
    }
}
