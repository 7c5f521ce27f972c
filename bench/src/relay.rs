//! The floor: what it costs to move the bytes and understand nothing.

use std::io;
use std::process::ExitCode;
use std::rc::Rc;

use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, LocalOptions};

/// Which part of the bench a process plays: it starts itself as the relay.
pub(crate) const ROLE: &str = "AMB_BENCH_ROLE";

/// Large bodies in few pieces.
const BUFFER: usize = 64 << 10;

/// The origin is the one argument.
pub(crate) fn run() -> ExitCode {
    let origin = std::env::args().nth(1).expect("the relay is told its origin");
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
    runtime.unwrap().block_on(serve(origin.into())).unwrap();
    ExitCode::SUCCESS
}

async fn serve(origin: Rc<str>) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    eprintln!("relay: listening on {}", listener.local_addr()?);
    loop {
        let (mut caller, _) = listener.accept().await?;
        caller.set_nodelay(true)?;
        let origin = Rc::clone(&origin);
        tokio::task::spawn_local(async move {
            // However a connection ends, it is the end of it.
            if let Ok(mut origin) = TcpStream::connect(&*origin).await {
                drop(origin.set_nodelay(true));
                drop(copy_bidirectional_with_sizes(&mut caller, &mut origin, BUFFER, BUFFER).await);
            }
        });
    }
}
