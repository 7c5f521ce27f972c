//! The processes of a test: a proxy, told so by its environment; `role call DESTINATION…`;
//! `role load DESTINATION`; `role park DESTINATION…`; `role hold PORT…`, which serves in a namespace and
//! keeps it; and callers of `bytes`: `role listen SERVER…`, `role offer SERVER HOST`, `role say SERVER HEX`,
//! `role drink SERVER`.

use std::process::ExitCode;

use amb_tests_netns::{bytes, calls, peers, policies, proxy};

fn main() -> ExitCode {
    if let Ok(policy) = std::env::var(proxy::POLICY) {
        return policies::run(&policy).unwrap();
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((task, destinations)) if task == "call" => {
            destinations.iter().for_each(|destination| println!("{}", calls::make(destination)));
        }
        Some((task, servers)) if task == "listen" => {
            servers.iter().for_each(|server| println!("{}", bytes::listen(server)));
        }
        Some((task, [server, host])) if task == "offer" => {
            println!("{}", bytes::offer(server, host))
        }
        Some((task, [server, hex])) if task == "say" => println!("{}", bytes::say(server, hex)),
        Some((task, [server])) if task == "drink" => println!("{}", bytes::drink(server)),
        Some((task, [destination])) if task == "load" => calls::load(destination),
        Some((task, destinations)) if task == "park" => calls::park(destinations),
        Some((task, ports)) if task == "hold" => {
            peers::serve(&ports.iter().map(|port| port.parse().unwrap()).collect::<Vec<_>>());
            println!("here");
            std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
        }
        _ => return ExitCode::from(64),
    }
    ExitCode::SUCCESS
}
