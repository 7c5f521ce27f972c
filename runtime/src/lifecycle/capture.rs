//! The steps of a start that redirect connections: preflight, rules, a trial.

use std::net::{SocketAddr, TcpStream};

use rustix::process::geteuid;

use super::listen::Ports;
use crate::accept::Setup;
use crate::clock::Clock;
use crate::discover::Discovery;
use crate::exit::Exit;
use crate::intercept::{Redirect, Refusal, Trial};
use crate::notices::Notices;
use crate::spec::{Intercept, Spec};

/// Rules in force, to be kept for as long as the process lives.
#[derive(Debug)]
pub(super) struct Captured {
    redirect: Redirect,
    /// Callers that came before the workers did.
    early: Vec<TcpStream>,
}

impl Captured {
    /// The first worker serves those that came early.
    pub(super) fn hand_over(self, setups: &mut [Setup]) -> Redirect {
        if let Some(first) = setups.first_mut() {
            first.early = self.early;
        }
        self.redirect
    }
}

/// Looks whether connections could be redirected.
pub(super) fn check<P: Spec>(notices: Notices) -> Result<(), Exit> {
    if P::INTERCEPT.is_none() {
        return Ok(());
    }
    Redirect::preflight(P::SERVICE, user::<P>()).map_err(refused(notices))?;
    notices.say(format_args!("redirect: the rules can be installed"));
    Ok(())
}

/// Installs the rules of the policy, if it has any, and tries them.
pub(super) fn install<P: Spec>(
    notices: Notices,
    ports: &Ports,
    discovery: &Discovery,
    clock: Clock,
) -> Result<Option<Captured>, Exit> {
    let Some(intercept) = &P::INTERCEPT else { return Ok(None) };
    install_and_try::<P>(notices, intercept, ports, discovery, clock)
        .map(Some)
        .map_err(refused(notices))
}

fn install_and_try<P: Spec>(
    notices: Notices,
    intercept: &'static Intercept,
    ports: &Ports,
    discovery: &Discovery,
    clock: Clock,
) -> Result<Captured, Refusal> {
    let upstreams = discovery.endpoints.iter().flat_map(|endpoints| endpoints.borrow().to_vec());
    let mut trial = Trial {
        clock,
        listeners: ports.redirected().collect(),
        upstreams: upstreams.collect(),
        early: Vec::new(),
    };
    let port = ports.bound.first().map_or(0, |(address, _)| address.port());
    let redirect = Redirect::install(P::SERVICE, intercept, user::<P>(), port)?;
    notices.say(format_args!("redirecting to port {port}: {}", redirect.table()));
    if let Some(error) = redirect.remembers() {
        notices.say(format_args!(
            "redirect: connections that ended before may be taken for new ones: {error}"
        ));
    }
    let tried = redirect.verify(&mut trial)?;
    notices.say(format_args!("redirect: {}", shown(&tried)));
    Ok(Captured { redirect, early: trial.early })
}

/// Whose calls are the proxy's own.
fn user<P: Spec>() -> u32 {
    P::USER.unwrap_or(geteuid().as_raw())
}

fn shown(tried: &[SocketAddr]) -> String {
    match tried {
        [] => "not tried, since no route leads anywhere".to_owned(),
        tried => {
            let tried: Vec<_> = tried.iter().map(ToString::to_string).collect();
            format!("connections to {} arrive", tried.join(" and "))
        }
    }
}

fn refused(notices: Notices) -> impl Fn(Refusal) -> Exit {
    move |refusal| {
        notices.say(format_args!("{refusal}"));
        refusal.exit()
    }
}
