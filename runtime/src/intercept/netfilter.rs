//! Questions to the kernel's netfilter, over netlink, and transactions with its nf_tables.
//!
//! A batch is carried out as a whole or not at all. The kernel answers while it takes the message,
//! so that everything it has to say can be read at once.

use std::io;
use std::os::fd::OwnedFd;

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage,
    NetlinkPayload,
};
use netlink_packet_netfilter::nftables::{
    NfTablesMessage, TableAttribute, TableFlags, TableMessage,
};
use netlink_packet_netfilter::none::ControlMessage;
use netlink_packet_netfilter::{NetfilterHeader, NetfilterMessage, NetfilterProtoFamily};
use rustix::io::Errno;
use rustix::net::netlink::{NETFILTER, SocketAddrNetlink};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recv, send, socket_with,
};

/// The subsystem of nf_tables in netfilter's netlink family.
const NFTABLES: u16 = 10;

/// Larger than any answer: errors repeat the message that they are about.
const ANSWER: usize = 32 * 1024;

/// A connection to the kernel. Tables with an owner belong to it, and go or stay when it is closed.
#[derive(Debug)]
pub(super) struct Netfilter {
    socket: OwnedFd,
}

/// A table as the kernel knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Missing,
    /// Some process holds it; the number is its netlink port, often its process id.
    Owned {
        by: u32,
    },
    /// Its owner has ended, and it was to stay.
    Orphan,
    /// Made by somebody who keeps no hold on it.
    Loose,
}

impl Netfilter {
    /// # Errors
    /// If the kernel has no netfilter.
    pub(super) fn open() -> io::Result<Self> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            // A child that inherited it would keep the table.
            SocketFlags::CLOEXEC,
            Some(NETFILTER),
        )?;
        bind(&socket, &SocketAddrNetlink::new(0, 0))?;
        Ok(Self { socket })
    }

    /// Carries out all of it, or nothing.
    ///
    /// # Errors
    /// What the kernel says to the first message that it refuses.
    pub(super) fn transaction(&self, messages: Vec<NfTablesMessage>) -> io::Result<()> {
        let mut batch = Vec::new();
        append(&mut batch, control(ControlMessage::BatchBegin), 0);
        let last = messages.len().saturating_sub(1);
        for (index, message) in messages.into_iter().enumerate() {
            let acknowledge = if index == last { NLM_F_ACK } else { 0 };
            // Without "append" a rule goes before those that are there.
            let flags = NLM_F_CREATE | NLM_F_APPEND | acknowledge;
            append(&mut batch, tables(message), flags);
        }
        append(&mut batch, control(ControlMessage::BatchEnd), 0);
        self.exchange(&batch).map(drop)
    }

    /// # Errors
    /// `PermissionDenied` without CAP_NET_ADMIN in the namespace; what else the kernel says.
    pub(super) fn table(&self, name: &str) -> io::Result<Table> {
        let asked = TableMessage { attributes: vec![TableAttribute::Name(name.to_owned())] };
        match self.ask(tables(NfTablesMessage::GetTable(asked)), 0) {
            Ok(answers) => Ok(answers.iter().find_map(described).unwrap_or(Table::Missing)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Table::Missing),
            Err(error) => Err(error),
        }
    }

    /// # Errors
    /// What the kernel says.
    pub(super) fn ask(
        &self,
        message: NetfilterMessage,
        flags: u16,
    ) -> io::Result<Vec<NetfilterMessage>> {
        let mut question = Vec::new();
        append(&mut question, message, flags);
        self.exchange(&question)
    }

    /// Everything that the kernel answers, unless an error is among it.
    fn exchange(&self, message: &[u8]) -> io::Result<Vec<NetfilterMessage>> {
        send(&self.socket, message, SendFlags::empty())?;
        let mut answers = Vec::new();
        let mut buffer = vec![0; ANSWER];
        loop {
            let length = match recv(&self.socket, &mut *buffer, RecvFlags::DONTWAIT) {
                Ok((length, _)) => length,
                Err(Errno::AGAIN) => return Ok(answers),
                Err(error) => return Err(error.into()),
            };
            read(buffer.get(..length).unwrap_or_default(), &mut answers)?;
        }
    }
}

/// The messages of one datagram.
fn read(mut datagram: &[u8], answers: &mut Vec<NetfilterMessage>) -> io::Result<()> {
    while !datagram.is_empty() {
        let message: NetlinkMessage<NetfilterMessage> =
            NetlinkMessage::deserialize(datagram).map_err(io::Error::other)?;
        let length = usize::try_from(message.header.length).unwrap_or(usize::MAX);
        match message.payload {
            NetlinkPayload::Error(error) if error.code.is_some() => return Err(error.to_io()),
            NetlinkPayload::InnerMessage(answer) => answers.push(answer),
            _ => {}
        }
        datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(())
}

fn append(batch: &mut Vec<u8>, message: NetfilterMessage, flags: u16) {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | flags;
    let mut message = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(message));
    message.finalize();
    let start = batch.len();
    batch.resize(start + message.buffer_len(), 0);
    message.serialize(batch.get_mut(start..).unwrap_or_default());
}

fn control(message: ControlMessage) -> NetfilterMessage {
    NetfilterMessage::new(NetfilterHeader::new(NetfilterProtoFamily::Unspec, 0, NFTABLES), message)
}

fn tables(message: NfTablesMessage) -> NetfilterMessage {
    NetfilterMessage::new(NetfilterHeader::new(NetfilterProtoFamily::Inet, 0, 0), message)
}

fn described(answer: &NetfilterMessage) -> Option<Table> {
    let netlink_packet_netfilter::NetfilterMessageInner::NfTables(NfTablesMessage::NewTable(table)) =
        &answer.inner
    else {
        return None;
    };
    let mut known = Table::Loose;
    for attribute in &table.attributes {
        match attribute {
            TableAttribute::Owner(by) => return Some(Table::Owned { by: *by }),
            TableAttribute::Flags(flags) if flags.contains(TableFlags::Persisent) => {
                known = Table::Orphan;
            }
            _ => {}
        }
    }
    Some(known)
}
