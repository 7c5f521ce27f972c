//! `/etc/hosts` (hosts(5)): lines of an address and its names.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use super::Answer;

/// The file is read again after this time at the latest.
pub(super) const FRESH: Duration = Duration::from_secs(5);

/// The addresses that the file gives a name, of both families.
pub(super) fn find(file: &Path, host: &str) -> Option<Answer> {
    let text = std::fs::read(file).ok()?;
    let text = String::from_utf8_lossy(&text);
    let addresses = addresses(&text, host);
    (!addresses.is_empty()).then_some(Answer { addresses, ttl: FRESH })
}

fn addresses(text: &str, host: &str) -> Vec<IpAddr> {
    let host = host.strip_suffix('.').unwrap_or(host).to_lowercase();
    let mut found = Vec::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(Ok(ip)) = words.next().map(str::parse) else { continue };
        let mut names = words.map(|name| name.strip_suffix('.').unwrap_or(name).to_lowercase());
        if names.any(|name| name == host) && !found.contains(&ip) {
            found.push(ip);
        }
    }
    found
}
