//! The rule set: one table, four sets and one chain, as messages to nf_tables.
//!
//! `amb rules` prints the same as text. In the chain, the first rule that fits decides:
//!
//! ```text
//! tcp flags & (fin | syn | rst | ack) != syn return    connections that were made before
//! meta skuid @uids return                              the proxy's own calls, and excepted users
//! ip daddr 127.0.0.1 tcp dport 7070 redirect to :PORT  loopback, where an upstream is
//! ip daddr @except-v4 return
//! ip6 daddr @except-v6 return
//! tcp dport @ports redirect to :PORT
//! ```

use std::net::{IpAddr, SocketAddr};

use netlink_packet_core::DefaultNla;
use netlink_packet_netfilter::nftables::{
    Bitwise, ChainAttribute, ChainMessage, Cmp, DataAttribute, ExpressionAttribute, Expressions,
    Hook, HookNumber, Immediate, InetHookNumber, ListAttribute, Lookup, Meta, MetaKey,
    NfTablesMessage, Operator, Payload, Register, RuleAttribute, RuleMessage, SetAttribute,
    SetElementAttribute, SetElementFlags, SetElementList, SetElementMessage, SetFlags, SetMessage,
    TableAttribute, TableFlags, TableMessage, Verdict, VerdictAttribute,
};

use crate::spec::{Intercept, OnExit};

const CHAIN: &str = "output";
const UIDS: &str = "uids";
const PORTS: &str = "ports";
const EXCEPT_V4: &str = "except-v4";
const EXCEPT_V6: &str = "except-v6";

/// Where address translation of destinations has its place among the hooks (NF_IP_PRI_NAT_DST).
const PRIORITY: i32 = -100;
const ACCEPT: u32 = 1;
const NFPROTO_IPV4: u8 = 2;
const NFPROTO_IPV6: u8 = 10;
const TCP: u8 = 6;
const NETWORK_HEADER: u32 = 1;
const TRANSPORT_HEADER: u32 = 2;
const REDIR_PROTO_MIN: u16 = 1;
const REDIR_FLAGS: u16 = 3;
/// The port is the one given (NF_NAT_RANGE_PROTO_SPECIFIED).
const PROTO_SPECIFIED: u32 = 2;

/// Of a table that stays when its owner ends.
const STAYS: TableFlags = TableFlags::Owner.union(TableFlags::Persisent);

/// The bits of a TCP header that say what a packet is for.
const FIN_SYN_RST_ACK: u8 = 0x17;
const SYN: u8 = 0x02;

/// The rules of a policy in one network namespace.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    pub(super) table: &'a str,
    pub(super) intercept: &'a Intercept,
    /// The shared port.
    pub(super) port: u16,
    /// Users whose connections are left alone.
    pub(super) uids: &'a [u32],
}

/// A set: its name, the number that `nft` has for the type of its elements, and their size.
struct Kind(&'static str, u32, u32);

/// A note for `nft`: the elements are in the order of the machine's bytes (1), not the network's.
/// The kernel keeps it and does not read it.
fn in_host_order() -> Vec<u8> {
    const KEY_BYTE_ORDER: u8 = 0;
    let order = 1_u32.to_ne_bytes();
    [&[KEY_BYTE_ORDER, 4], order.as_slice()].concat()
}

const UID: Kind = Kind(UIDS, 24, 4);
const SERVICE: Kind = Kind(PORTS, 13, 2);
const ADDRESS_V4: Kind = Kind(EXCEPT_V4, 7, 4);
const ADDRESS_V6: Kind = Kind(EXCEPT_V6, 8, 16);

type Elements = Vec<ListAttribute<SetElementAttribute>>;

impl Rules<'_> {
    /// Messages that make the table.
    pub(super) fn install(&self) -> Vec<NfTablesMessage> {
        let mut messages = vec![self.table(self.flags())];
        for (kind, elements) in [
            (SERVICE, self.ports()),
            (ADDRESS_V4, self.except(|address| address.is_ipv4())),
            (ADDRESS_V6, self.except(|address| address.is_ipv6())),
        ] {
            messages.push(self.set(&kind, SetFlags::Interval));
            messages.extend((!elements.is_empty()).then(|| self.fill(kind.0, elements)));
        }
        messages.push(self.set(&UID, SetFlags::empty()));
        messages.push(self.exempt(self.uids));
        messages.push(self.chain());
        messages.extend(self.rules().into_iter().map(|expressions| self.rule(expressions)));
        messages
    }

    /// The same, in place of the table that a former process left.
    pub(super) fn adopt(&self) -> Vec<NfTablesMessage> {
        // Only what has an owner may be deleted by it: taken over first, then made anew. It stays what
        // it was meanwhile, for the kernel lets nobody say that a table is not to stay any more.
        let mut messages = vec![self.table(STAYS), self.delete()];
        messages.extend(self.install());
        messages
    }

    pub(super) fn delete(&self) -> NfTablesMessage {
        let name = TableAttribute::Name(self.table.to_owned());
        NfTablesMessage::DeleteTable(TableMessage { attributes: vec![name] })
    }

    /// One more user whose connections are left alone.
    pub(super) fn exempt(&self, uids: &[u32]) -> NfTablesMessage {
        let elements = uids.iter().map(|uid| element(&uid.to_ne_bytes(), SetElementFlags::empty()));
        self.fill(UIDS, elements.collect())
    }

    fn flags(&self) -> TableFlags {
        match self.intercept.on_exit {
            OnExit::Open => TableFlags::Owner,
            OnExit::Closed => STAYS,
        }
    }

    fn table(&self, flags: TableFlags) -> NfTablesMessage {
        NfTablesMessage::NewTable(TableMessage {
            attributes: vec![
                TableAttribute::Name(self.table.to_owned()),
                TableAttribute::Flags(flags),
            ],
        })
    }

    fn set(&self, Kind(name, kind, length): &Kind, flags: SetFlags) -> NfTablesMessage {
        let note = (*name == UIDS).then(|| SetAttribute::UserData(in_host_order()));
        let mut message = SetMessage {
            attributes: vec![
                SetAttribute::Table(self.table.to_owned()),
                SetAttribute::Name((*name).to_owned()),
                SetAttribute::Flags(flags),
                SetAttribute::KeyType(*kind),
                SetAttribute::KeyLen(*length),
                // The kernel asks for a number that is unique in the transaction; names are.
                SetAttribute::Id(*kind),
            ],
        };
        message.attributes.extend(note);
        NfTablesMessage::NewSet(message)
    }

    fn fill(&self, set: &str, elements: Elements) -> NfTablesMessage {
        NfTablesMessage::NewSetElement(SetElementMessage {
            attributes: vec![
                SetElementList::Table(self.table.to_owned()),
                SetElementList::Set(set.to_owned()),
                SetElementList::Elements(elements),
            ],
        })
    }

    fn ports(&self) -> Elements {
        let ranges = self.intercept.ports.iter();
        ranges
            .flat_map(|range| {
                let after = range.end().checked_add(1).map(u16::to_be_bytes);
                interval(range.start().to_be_bytes(), after)
            })
            .collect()
    }

    fn except(&self, family: fn(&IpAddr) -> bool) -> Elements {
        let ranges = self.intercept.except.iter().filter(|cidr| family(&cidr.address));
        ranges
            .flat_map(|cidr| {
                let (first, last) = cidr.ends();
                let after = last.checked_add(1).map(u128::to_be_bytes);
                let length = if cidr.address.is_ipv4() { 4 } else { 16 };
                interval_of(&first.to_be_bytes(), after.as_ref().map(<[u8; 16]>::as_slice), length)
            })
            .collect()
    }

    fn chain(&self) -> NfTablesMessage {
        NfTablesMessage::NewChain(ChainMessage {
            attributes: vec![
                ChainAttribute::Table(self.table.to_owned()),
                ChainAttribute::Name(CHAIN.to_owned()),
                ChainAttribute::Hook(vec![
                    Hook::Number(HookNumber::Inet(InetHookNumber::LocalOut)),
                    Hook::Priority(PRIORITY.cast_unsigned()),
                ]),
                ChainAttribute::Policy(ACCEPT),
                ChainAttribute::Type("nat".to_owned()),
            ],
        })
    }

    fn rule(&self, expressions: Vec<Expressions>) -> NfTablesMessage {
        let expressions = expressions.into_iter().map(ListAttribute::<ExpressionAttribute>::from);
        NfTablesMessage::NewRule(RuleMessage {
            attributes: vec![
                RuleAttribute::Table(self.table.to_owned()),
                RuleAttribute::Chain(CHAIN.to_owned()),
                RuleAttribute::Expressions(expressions.collect()),
            ],
        })
    }

    fn rules(&self) -> Vec<Vec<Expressions>> {
        let loopback = self.intercept.loopback.iter().map(|upstream| self.on_purpose(*upstream));
        let mut rules =
            vec![made_before(), vec![meta(MetaKey::SocketUserId), lookup(UIDS), verdict_return()]];
        rules.extend(loopback);
        let except = [(NFPROTO_IPV4, 16, 4, EXCEPT_V4), (NFPROTO_IPV6, 24, 16, EXCEPT_V6)];
        for (family, offset, length, set) in except {
            let [nfproto, is_family] = family_is(family);
            let destination = payload(NETWORK_HEADER, offset, length);
            rules.push(vec![nfproto, is_family, destination, lookup(set), verdict_return()]);
        }
        let mut ports = tcp_port();
        ports.push(lookup(PORTS));
        ports.extend(self.redirect());
        rules.push(ports);
        rules
    }

    /// Redirects one loopback destination.
    fn on_purpose(&self, upstream: SocketAddr) -> Vec<Expressions> {
        let ([nfproto, is_family], destination, address) = match upstream.ip() {
            IpAddr::V4(ip) => {
                (family_is(NFPROTO_IPV4), payload(NETWORK_HEADER, 16, 4), ip.octets().to_vec())
            }
            IpAddr::V6(ip) => {
                (family_is(NFPROTO_IPV6), payload(NETWORK_HEADER, 24, 16), ip.octets().to_vec())
            }
        };
        let mut rule = vec![nfproto, is_family, destination, equals(address)];
        rule.extend(tcp_port());
        rule.push(equals(upstream.port().to_be_bytes().to_vec()));
        rule.extend(self.redirect());
        rule
    }

    fn redirect(&self) -> [Expressions; 2] {
        let port = Expressions::Immediate(vec![
            Immediate::DestinationRegister(Register::Reg1),
            Immediate::Data(DataAttribute::Value(self.port.to_be_bytes().to_vec())),
        ]);
        let redirect = Expressions::Other {
            expression_type: "redir".to_owned(),
            attributes: vec![
                DefaultNla::new(REDIR_PROTO_MIN, u32::from(Register::Reg1).to_be_bytes().to_vec()),
                DefaultNla::new(REDIR_FLAGS, PROTO_SPECIFIED.to_be_bytes().to_vec()),
            ],
        };
        [port, redirect]
    }
}

/// Both ends of an interval. One that reaches the largest key has no end.
fn interval<const N: usize>(first: [u8; N], after: Option<[u8; N]>) -> Elements {
    interval_of(&first, after.as_ref().map(<[u8; N]>::as_slice), N)
}

fn interval_of(first: &[u8], after: Option<&[u8]>, length: usize) -> Elements {
    let key = |bytes: &[u8], flags| element(bytes.get(..length).unwrap_or_default(), flags);
    let mut ends = vec![key(first, SetElementFlags::empty())];
    ends.extend(after.map(|after| key(after, SetElementFlags::IntervalEnd)));
    ends
}

fn element(key: &[u8], flags: SetElementFlags) -> ListAttribute<SetElementAttribute> {
    let mut attributes = vec![SetElementAttribute::Key(DataAttribute::Value(key.to_vec()))];
    attributes.extend((!flags.is_empty()).then_some(SetElementAttribute::Flags(flags)));
    ListAttribute::Element(attributes)
}

/// Loads what is known of a packet besides its bytes.
fn meta(key: MetaKey) -> Expressions {
    Expressions::Meta(vec![Meta::Key(key), Meta::DestinationRegister(Register::Reg1)])
}

/// Loads bytes of a header.
fn payload(base: u32, offset: u32, length: u32) -> Expressions {
    Expressions::Payload(vec![
        Payload::DestinationRegister(Register::Reg1),
        Payload::Base(base),
        Payload::Offset(offset),
        Payload::Len(length),
    ])
}

fn family_is(family: u8) -> [Expressions; 2] {
    [meta(MetaKey::Nfproto), equals(vec![family])]
}

/// Loads the destination port, if it is TCP.
fn tcp_port() -> Vec<Expressions> {
    vec![meta(MetaKey::L4Proto), equals(vec![TCP]), payload(TRANSPORT_HEADER, 2, 2)]
}

/// A kernel that begins to follow connections takes the next packet of each for its first. In the
/// middle of one a redirect would be its end, so only what opens a connection is redirected.
fn made_before() -> Vec<Expressions> {
    let mask = Expressions::Bitwise(vec![
        Bitwise::SourceRegister(Register::Reg1),
        Bitwise::DestinationRegister(Register::Reg1),
        Bitwise::Length(1),
        Bitwise::Mask(DataAttribute::Value(vec![FIN_SYN_RST_ACK])),
        Bitwise::Xor(DataAttribute::Value(vec![0])),
    ]);
    vec![
        meta(MetaKey::L4Proto),
        equals(vec![TCP]),
        payload(TRANSPORT_HEADER, 13, 1),
        mask,
        compare(Operator::NotEqual, vec![SYN]),
        verdict_return(),
    ]
}

fn equals(value: Vec<u8>) -> Expressions {
    compare(Operator::Equal, value)
}

fn compare(operator: Operator, value: Vec<u8>) -> Expressions {
    Expressions::Cmp(vec![
        Cmp::SourceRegister(Register::Reg1),
        Cmp::Op(operator),
        Cmp::Data(DataAttribute::Value(value)),
    ])
}

fn lookup(set: &str) -> Expressions {
    Expressions::Lookup(vec![Lookup::Set(set.to_owned()), Lookup::SourceRegister(Register::Reg1)])
}

/// Not our business: the next chain.
fn verdict_return() -> Expressions {
    let verdict = DataAttribute::Verdict(vec![VerdictAttribute::Code(Verdict::Return)]);
    Expressions::Immediate(vec![
        Immediate::DestinationRegister(Register::Verdict),
        Immediate::Data(verdict),
    ])
}
