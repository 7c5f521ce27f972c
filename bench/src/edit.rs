//! From an edit to a binary: `amb-bench edit`.
//!
//! What a person waits for: one policy, changed and built again, for release and for trying it out; and
//! what a fleet waits for: twenty services whose common baseline has changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::figures::Figure;
use crate::folder::kept;
use crate::ours::{amb, policy};
use crate::programs::run;

pub(crate) const FIGURE: &str = "edit to binary";
pub(crate) const RELEASE: &str = "a policy, release";
pub(crate) const DEV: &str = "a policy, `--debug`";
pub(crate) const ONE: &str = "its baseline, 1 service";
pub(crate) const TWENTY: &str = "its baseline, 20 services";

const EDITS: usize = 3;
const SERVICES: usize = 20;

/// Builds everything once, then edits.
pub(crate) fn measure() -> Figure {
    let fleet = Fleet::write();
    let mut figure = Figure::new(FIGURE, "s");
    for (who, flags) in [(RELEASE, &[][..]), (DEV, &["--debug"])] {
        fleet.build(1, flags);
        for edit in 0..EDITS {
            fleet.edit_policy(edit);
            figure.add(who, fleet.build(1, flags));
            eprintln!("{FIGURE}: {who}, edit {} of {EDITS}", edit + 1);
        }
    }
    eprintln!("{FIGURE}: {SERVICES} services for the first time");
    fleet.build(SERVICES, &[]);
    for edit in 0..EDITS {
        for (who, services) in [(ONE, 1), (TWENTY, SERVICES)] {
            fleet.edit_baseline(services + edit);
            figure.add(who, fleet.build(services, &[]));
        }
        eprintln!("{FIGURE}: a baseline, edit {} of {EDITS}", edit + 1);
    }
    figure
}

/// Policies of twenty services, on one baseline.
struct Fleet(PathBuf);

impl Fleet {
    fn write() -> Self {
        let fleet = Self(kept().join("fleet"));
        fs::create_dir_all(&fleet.0).expect("a folder for policies can be made");
        fleet.edit_baseline(0);
        let text = read(&policy()).replace("../../examples/order/acme.amb", "acme.amb");
        for service in 0..SERVICES {
            let text = text.replace("service bench", &format!("service fleet-{service}"));
            write(&fleet.policy(service), &text);
        }
        fleet
    }

    fn policy(&self, service: usize) -> PathBuf {
        self.0.join(format!("fleet-{service}.amb"))
    }

    /// Another time-out, each time.
    fn edit_policy(&self, edit: usize) {
        let text = read(&policy()).replace("../../examples/order/acme.amb", "acme.amb");
        let text = text.replace("service bench", "service fleet-0");
        let edited = text.replace("per-try 1s", &format!("per-try {}ms", 900 + edit));
        assert_ne!(text, edited, "the policy has no such time-out any more");
        write(&self.policy(0), &edited);
    }

    /// Another range of back-offs, for each number.
    fn edit_baseline(&self, edit: usize) {
        let example = policy().with_file_name("../../examples/order/acme.amb");
        let text = read(&example);
        let edited =
            text.replace("full-jitter 100ms..30s", &format!("full-jitter 100ms..{}s", 40 + edit));
        assert_ne!(text, edited, "the baseline has no such back-off any more");
        write(&self.0.join("acme.amb"), &edited);
    }

    /// `amb build` of the first services, in one go; the seconds that it took.
    fn build(&self, services: usize, flags: &[&str]) -> f64 {
        let proxies = self.0.join("proxies");
        let output = if services == 1 { proxies.join("fleet-0") } else { proxies };
        let mut build = amb();
        build.arg("build").args((0..services).map(|service| self.policy(service)));
        build.args(flags).arg("-o").arg(output).stdout(std::process::Stdio::null());
        let start = Instant::now();
        run(&mut build);
        start.elapsed().as_secs_f64()
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
