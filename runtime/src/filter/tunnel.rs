//! Where opaque connections end: at an upstream, at the caller's own destination, or nowhere.

use crate::call::Opening;
use crate::failure::{Failure, Kind};
use crate::filter::{Pass, Reject};
use crate::policy::{TimeoutPolicy, TunnelPolicy};
use crate::worker::Net;
use std::marker::PhantomData;

/// Where a tunnel leads.
pub trait Tunnel: 'static {
    /// Connects.
    fn open<N: Net>(opening: &mut Opening<'_, N>) -> impl Future<Output = Result<N::Up, Failure>>;
}

/// To an upstream.
#[derive(Debug)]
pub struct Through<U>(PhantomData<U>);

impl<U: TunnelPolicy> Tunnel for Through<U> {
    async fn open<N: Net>(opening: &mut Opening<'_, N>) -> Result<N::Up, Failure> {
        opening.idle = U::Timeout::IDLE;
        opening.take_place(U::ID, U::CONNECTIONS)?;
        opening.upstream(U::ID, U::Timeout::CONNECT, U::BREAKER.as_ref()).await
    }
}

/// To where the caller wanted.
impl Tunnel for Pass {
    async fn open<N: Net>(opening: &mut Opening<'_, N>) -> Result<N::Up, Failure> {
        opening.pass().await
    }
}

impl Tunnel for Reject {
    async fn open<N: Net>(_opening: &mut Opening<'_, N>) -> Result<N::Up, Failure> {
        Err(Failure::unsent(Kind::UnknownHost))
    }
}
