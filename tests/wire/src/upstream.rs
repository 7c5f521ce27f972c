//! Upstreams that play a script and record what reaches them.

use std::fs;
use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use crate::PATIENCE;
use crate::message::{Message, Reader, Unframed};

/// What a request gets.
#[derive(Clone, Debug)]
pub struct Step {
    bytes: Vec<u8>,
    then: Then,
}

/// What becomes of the connection afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Keep,
    Close,
}

/// These bytes; the connection stays open.
pub fn keep(bytes: impl AsRef<[u8]>) -> Step {
    Step { bytes: bytes.as_ref().to_vec(), then: Then::Keep }
}

/// These bytes, then the end of the connection.
pub fn close(bytes: impl AsRef<[u8]>) -> Step {
    Step { bytes: bytes.as_ref().to_vec(), then: Then::Close }
}

/// A whole response with a body: `reply("503 Service Unavailable", "not now")`.
pub fn reply(status: &str, body: &str) -> Step {
    keep(format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

/// A server on a port of its own, a thread per connection.
pub struct Upstream {
    pub address: SocketAddr,
    state: Arc<State>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    requests: Mutex<Vec<Message>>,
    connections: AtomicUsize,
    ending: AtomicBool,
}

impl Upstream {
    /// Answers the requests in their order, whatever connection they come on; the last step
    /// repeats.
    pub fn script(steps: impl Into<Vec<Step>>) -> Self {
        let steps = steps.into();
        let next = AtomicUsize::new(0);
        Self::with(move |connection| {
            while connection.request() {
                let at = next.fetch_add(1, Ordering::SeqCst).min(steps.len() - 1);
                if !connection.play(&steps[at]) {
                    return;
                }
            }
        })
    }

    /// Hands every connection to `serve`, on a thread of its own.
    pub fn with(serve: impl Fn(&mut Connection) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let (shared, serve) = (Arc::clone(&state), Arc::new(serve));
        let acceptor = thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.ending.load(Ordering::SeqCst) {
                    return;
                }
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let mut connection = Connection::new(stream.unwrap(), Arc::clone(&shared));
                let serve = Arc::clone(&serve);
                thread::spawn(move || serve(&mut connection));
            }
        });
        Self { address, state, acceptor: Some(acceptor) }
    }

    /// The requests so far, in the order in which they were complete.
    pub fn requests(&self) -> Vec<Message> {
        self.state.requests.lock().unwrap().clone()
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.state.ending.store(true, Ordering::SeqCst);
        // Only a connection ends the wait for one.
        if TcpStream::connect(self.address).is_ok()
            && let Some(acceptor) = self.acceptor.take()
        {
            acceptor.join().unwrap();
        }
    }
}

/// One connection that the proxy made.
pub struct Connection {
    reader: Reader<TcpStream>,
    state: Arc<State>,
}

impl Connection {
    fn new(stream: TcpStream, state: Arc<State>) -> Self {
        stream.set_nodelay(true).unwrap();
        Self { reader: Reader::new(stream), state }
    }

    /// Reads and records a request; false once there are no more.
    pub fn request(&mut self) -> bool {
        let Some(mut request) = self.reader.head() else { return false };
        self.body(&mut request);
        self.record(request);
        true
    }

    pub fn head(&mut self) -> Option<Message> {
        self.reader.head()
    }

    pub fn body(&mut self, request: &mut Message) {
        self.reader.body(request, Unframed::Empty);
    }

    pub fn record(&self, request: Message) {
        self.state.requests.lock().unwrap().push(request);
    }

    /// Requests recorded so far, on all connections.
    pub fn served(&self) -> usize {
        self.state.requests.lock().unwrap().len()
    }

    /// Sends bytes; false if nobody takes them.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.reader.stream().write_all(bytes.as_ref()).is_ok()
    }

    /// Plays a step; true if the connection goes on.
    fn play(&mut self, step: &Step) -> bool {
        let sent = self.send(&step.bytes);
        if step.then == Then::Close {
            self.end();
        }
        sent && step.then == Then::Keep
    }

    /// Says that nothing more comes, and waits until the proxy has left.
    pub fn end(&mut self) {
        // The proxy may have left already.
        drop(self.reader.stream().shutdown(Shutdown::Write));
        self.reader.rest();
    }

    /// What came with the last head, and is not looked at yet.
    pub fn ahead(&self) -> &[u8] {
        self.reader.ahead()
    }

    /// That many bytes, or what comes before the proxy sends no more.
    pub fn exactly(&mut self, length: usize) -> Vec<u8> {
        self.reader.exactly(length)
    }

    /// The next bytes; `None` once the proxy sends no more.
    pub fn some(&mut self) -> Option<Vec<u8>> {
        self.reader.some()
    }

    /// When this is dropped, the proxy sees a reset.
    pub fn reset(&mut self) {
        let socket = socket2::SockRef::from(&*self.reader.stream());
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Waits until the proxy has left; returns what it still sent.
    pub fn rest(&mut self) -> Vec<u8> {
        self.reader.rest()
    }
}

/// A port that refuses connections for as long as this lives.
pub struct Refusing {
    pub address: SocketAddr,
    /// Bound, never listening: nobody else gets the port.
    _socket: Socket,
}

impl Refusing {
    pub fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        Self { address: socket.local_addr().unwrap().as_socket().unwrap(), _socket: socket }
    }
}

impl Default for Refusing {
    fn default() -> Self {
        Self::new()
    }
}

/// A port whose queue of connections is full: whoever connects hears nothing, for as long as this lives.
pub struct Silent {
    pub address: SocketAddr,
    _socket: Socket,
    _queue: Vec<TcpStream>,
}

impl Silent {
    pub fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(0).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(100)).ok();
        let queue = std::iter::from_fn(connect).collect();
        Self { address, _socket: socket, _queue: queue }
    }

    /// Is somebody waiting to hear from it? So says proc(5), where the ports are hexadecimal and 02 means
    /// SYN-SENT.
    pub fn is_awaited(&self) -> bool {
        let end = format!(":{:04X}", self.address.port());
        let sockets = fs::read_to_string("/proc/net/tcp").unwrap();
        sockets.lines().any(|socket| {
            let mut fields = socket.split_whitespace().skip(2);
            fields.next().is_some_and(|peer| peer.ends_with(&end)) && fields.next() == Some("02")
        })
    }
}

impl Default for Silent {
    fn default() -> Self {
        Self::new()
    }
}

/// Waits until something that is about to happen has happened.
pub fn eventually(what: &str, happened: impl Fn() -> bool) {
    let end = std::time::Instant::now() + PATIENCE;
    while !happened() {
        assert!(std::time::Instant::now() < end, "{what} never happened");
        thread::yield_now();
    }
}
