//! What a generated proxy does: one routing function, one pipeline for each route.
//!
//! The generator writes a zero-sized type and implements [`Spec`] and [`Proxy`] for it. Everything that
//! the policy says is in its constants and types; nothing is looked up by name or read at run time.

use crate::call::{Call, Opening, Outcome};
use crate::failure::Failure;
use crate::message::RequestHead;
use crate::spec::{Directory, Inbound, Spec};
use crate::worker::Net;

/// A compiled policy, as far as it acts.
pub trait Proxy: Spec {
    /// One variant per route, and per upstream for the calls that no route matches.
    type Route: Copy + 'static;

    /// What belongs to no upstream.
    const OTHERWISE: Self::Route;

    /// What a connection is, before a byte of it has been read.
    fn accept(inbound: Inbound, directory: &impl Directory) -> Incoming<Self::Route> {
        let _ = (inbound, directory);
        Incoming::Http
    }

    /// The route of a connection to that port, by the server that its TLS caller names, in lower case.
    fn named(name: &[u8], port: u16) -> Self::Route {
        let _ = (name, port);
        Self::OTHERWISE
    }

    /// What `CONNECT host:port` asks for; the host in lower case.
    fn connect(host: &[u8], port: u16) -> Incoming<Self::Route> {
        let _ = (host, port);
        Incoming::Tunnel(Self::OTHERWISE)
    }

    /// Connects a tunnel to where its route leads.
    fn tunnel<N: Net>(
        route: Self::Route,
        opening: &mut Opening<'_, N>,
    ) -> impl Future<Output = Result<N::Up, Failure>>;

    /// The route that a request belongs to.
    fn route(head: &RequestHead<'_>, inbound: Inbound) -> Self::Route;

    /// Where [`Spec::ROUTES`] describes a route.
    fn index(route: Self::Route) -> usize;

    /// Carries one call through its route's pipeline.
    fn call<N: Net>(route: Self::Route, call: &mut Call<'_, N>)
    -> impl Future<Output = Outcome<N>>;
}

/// What a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<R> {
    /// Requests; the head of each says where it goes.
    Http,
    /// Bytes that nobody looks at.
    Tunnel(R),
    /// Bytes that begin with the name of a server (RFC 6066 §3); without one they are this route's.
    Tls { unnamed: R },
}
