//! Connections of one worker to one endpoint that carry many calls at once.
//!
//! A call takes a seat on an open connection. When all are full it opens another one, and calls
//! that come meanwhile wait for that instead of opening their own.

mod connection;
mod dial;
mod drive;

pub(crate) use connection::{Seat, open};
pub(crate) use dial::{Dial, Dialling};

use std::cell::RefCell;
use std::rc::Rc;

use self::connection::{Limit, Multiplexed, REST, Room, SPARE_REST};
use crate::clock::Moment;
use crate::net::Connect;

/// Connections, open and in the making.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    open: RefCell<Vec<Rc<Multiplexed>>>,
    dials: RefCell<Vec<Rc<Dial>>>,
    limit: Limit,
}

impl Pool {
    /// A seat on a connection that was opened since then.
    pub(crate) fn take(&self, since: Moment, now: Moment) -> Option<Seat> {
        let mut open = self.open.borrow_mut();
        let mut at = 0;
        while let Some(connection) = open.get(at) {
            match connection.fits(since).then(|| connection.room()) {
                Some(Room::Some) if connection.is_young(now) => {
                    return Some(Seat::on(Rc::clone(connection)));
                }
                Some(Room::Some | Room::Never) => drop(open.remove(at)),
                Some(Room::NotNow) | None => at += 1,
            }
        }
        None
    }

    pub(crate) fn add(&self, connection: Multiplexed) -> Seat {
        let connection = Rc::new(connection);
        self.open.borrow_mut().push(Rc::clone(&connection));
        Seat::on(connection)
    }

    /// Lets go of connections that have rested long enough, or are too old; calls on them go on.
    pub(crate) fn sweep(&self, now: Moment) {
        let mut rest = REST;
        self.open.borrow_mut().retain(|it| {
            let stays = it.is_young(now) && it.room() != Room::Never && !it.is_tired(now, rest);
            if stays {
                rest = SPARE_REST;
            }
            stays
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.borrow().is_empty() && self.dials.borrow().is_empty()
    }

    /// Calls that a new connection may carry at once, as far as is known.
    fn most<C: Connect>(&self) -> usize {
        self.limit.most::<C>()
    }

    /// A dial that is under way and has room for one more call.
    pub(crate) fn dialling<C: Connect>(&self) -> Option<Rc<Dial>> {
        let most = self.most::<C>();
        self.dials.borrow().iter().find(|dial| dial.waiting() + 1 < most).map(Rc::clone)
    }
}
