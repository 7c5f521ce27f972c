//! A name server on loopback that answers from a script.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;
use tokio::sync::watch;

use crate::discover::Resolver;
use crate::notices::Notices;

/// What the server knows: addresses and TTL by full name. A name without addresses is never
/// answered; any other name does not exist.
pub(crate) type Zone = BTreeMap<&'static str, (Vec<IpAddr>, u32)>;

/// The server, and what it has been asked.
pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    pub(crate) zone: watch::Sender<Zone>,
    pub(crate) asked: watch::Receiver<Vec<String>>,
    /// Questions of other types are never answered.
    pub(crate) only: watch::Sender<Option<RecordType>>,
}

impl NameServer {
    /// Serves on the present runtime.
    pub(crate) async fn start(zone: Zone) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)), zone).await
    }

    pub(crate) async fn at(address: SocketAddr, zone: Zone) -> Self {
        let socket = UdpSocket::bind(address).await.unwrap();
        let address = socket.local_addr().unwrap();
        let (zone, known) = watch::channel(zone);
        let (questions, asked) = watch::channel(Vec::new());
        let (only, answered) = watch::channel(None);
        tokio::spawn(serve(socket, (known, answered), questions));
        Self { address, zone, asked, only }
    }

    /// A resolver that asks this server only.
    pub(crate) fn resolver(&self, ndots: usize, search: &[&str], hosts: &str) -> Arc<Resolver> {
        let mut server = NameServerConfig::udp(self.address.ip());
        for connection in &mut server.connections {
            connection.port = self.address.port();
        }
        let search = search.iter().map(|name| Name::from_ascii(name).unwrap()).collect();
        let config = ResolverConfig::from_parts(None, search, vec![server]);
        let mut options = ResolverOpts::default();
        options.ndots = ndots;
        options.timeout = Duration::from_secs(60);
        options.attempts = 1;
        Arc::new(
            Resolver::new(config, options, PathBuf::from(hosts), Notices::of("order")).unwrap(),
        )
    }
}

async fn serve(
    socket: UdpSocket,
    (zone, only): (watch::Receiver<Zone>, watch::Receiver<Option<RecordType>>),
    questions: watch::Sender<Vec<String>>,
) {
    let mut packet = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut packet).await {
        let question = Message::from_vec(&packet[..length]).unwrap();
        let query = question.queries[0].clone();
        // Without the escapes of master files.
        let name = query.name().to_lowercase().to_ascii().replace('\\', "");
        questions.send_modify(|asked| asked.push(format!("{} {name}", query.query_type())));
        if only.borrow().is_some_and(|only| only != query.query_type()) {
            continue;
        }
        let known = zone.borrow().get(name.as_str()).cloned();
        let mut answer = question.into_response();
        match known {
            Some((addresses, _)) if addresses.is_empty() => continue,
            Some((addresses, ttl)) => {
                let fits = |ip: &IpAddr| ip.is_ipv4() == (query.query_type() == RecordType::A);
                let record = |ip| Record::from_rdata(query.name().clone(), ttl, RData::from(ip));
                answer.add_answers(addresses.into_iter().filter(fits).map(record));
            }
            None => answer.metadata.response_code = ResponseCode::NXDomain,
        }
        socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
    }
}
