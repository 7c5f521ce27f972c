//! The connections that the kernel remembers (conntrack), and what it replaced in them.

use std::io;
use std::net::SocketAddr;

use netlink_packet_core::{NLM_F_DUMP, Nla as _};
use netlink_packet_netfilter::conntrack::{
    ConntrackAttribute, ConntrackMessage, IPTuple, ProtoTuple, Protocol, Tuple,
};
use netlink_packet_netfilter::{
    NetfilterHeader, NetfilterMessage, NetfilterMessageInner, NetfilterProtoFamily,
};

use super::netfilter::Netfilter;

/// Attributes that tell an entry from another with the same four numbers: CTA_ID, CTA_ZONE.
const NAMES: [u16; 2] = [12, 18];

/// A TCP connection that the kernel remembers.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    /// Who answers: not `to` if the kernel replaced that.
    pub(super) answers: SocketAddr,
    family: NetfilterProtoFamily,
    /// What the kernel knows it by.
    name: Vec<ConntrackAttribute>,
}

/// All of this namespace.
///
/// # Errors
/// If the kernel does not tell.
pub(super) fn entries(netfilter: &Netfilter) -> io::Result<Vec<Entry>> {
    let all = message(NetfilterProtoFamily::Unspec, ConntrackMessage::Get(Vec::new()));
    Ok(netfilter.ask(all, NLM_F_DUMP)?.into_iter().filter_map(entry).collect())
}

/// # Errors
/// What the kernel says, unless it has forgotten the entry by itself.
pub(super) fn forget(netfilter: &Netfilter, entry: Entry) -> io::Result<()> {
    match netfilter.ask(message(entry.family, ConntrackMessage::Delete(entry.name)), 0) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn message(family: NetfilterProtoFamily, message: ConntrackMessage) -> NetfilterMessage {
    NetfilterMessage::new(NetfilterHeader::new(family, 0, 0), message)
}

fn entry(message: NetfilterMessage) -> Option<Entry> {
    let NetfilterMessageInner::Conntrack(ConntrackMessage::New(mut name)) = message.inner else {
        return None;
    };
    let mut original = None;
    let mut reply = None;
    for attribute in &name {
        match attribute {
            ConntrackAttribute::CtaTupleOrig(tuple) => original = ends(tuple),
            ConntrackAttribute::CtaTupleReply(tuple) => reply = ends(tuple),
            _ => {}
        }
    }
    name.retain(|it| {
        matches!(it, ConntrackAttribute::CtaTupleOrig(_)) || NAMES.contains(&it.kind())
    });
    let ((from, to), (answers, _)) = (original?, reply?);
    Some(Entry { from, to, answers, family: message.header.family, name })
}

/// Source and destination, if it is TCP.
fn ends(tuple: &[Tuple]) -> Option<(SocketAddr, SocketAddr)> {
    let (mut from, mut to, mut ports, mut is_tcp) = (None, None, (0, 0), false);
    for part in tuple {
        match part {
            Tuple::Ip(addresses) => addresses.iter().for_each(|address| match address {
                IPTuple::SourceAddress(ip) => from = Some(*ip),
                IPTuple::DestinationAddress(ip) => to = Some(*ip),
                _ => {}
            }),
            Tuple::Proto(values) => values.iter().for_each(|value| match value {
                ProtoTuple::Protocol(protocol) => is_tcp = *protocol == Protocol::Tcp,
                ProtoTuple::SourcePort(port) => ports.0 = *port,
                ProtoTuple::DestinationPort(port) => ports.1 = *port,
                _ => {}
            }),
            _ => {}
        }
    }
    is_tcp.then_some((SocketAddr::new(from?, ports.0), SocketAddr::new(to?, ports.1)))
}
