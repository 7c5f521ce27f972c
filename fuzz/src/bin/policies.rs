//! `policies TARGET [SECONDS [SEED]]`: mutates policies until the time is over or something breaks.
//!
//! `TARGET` is `parse`, `format` or `compile`. What breaks is written below `crashes/`, where the
//! tests find it again.

use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs, panic};

use amb_fuzz::policies::{Target, corpus, mutate};
use rand::SeedableRng as _;
use rand_pcg::Pcg64Mcg;

fn main() -> ExitCode {
    let mut words = env::args().skip(1);
    let wanted = words.next().unwrap_or_default();
    let Some(target) = Target::ALL.into_iter().find(|target| target.name() == wanted) else {
        eprintln!("usage: policies parse|format|compile [SECONDS [SEED]]");
        return ExitCode::from(64);
    };
    let mut numbers = words.map(|number| number.parse::<u64>().unwrap());
    let time = Duration::from_secs(numbers.next().unwrap_or(60));
    let seed = numbers.next().unwrap_or(1);
    // A panic is a finding, told once below.
    panic::set_hook(Box::new(|_| {}));
    let (mut random, corpus) = (Pcg64Mcg::seed_from_u64(seed), corpus());
    let (start, mut inputs) = (Instant::now(), 0_u64);
    while start.elapsed() < time {
        let text = mutate(&mut random, &corpus);
        if let Err(what) = target.run(&text) {
            let file = target.crashes().join(format!("found-{seed}-{inputs}.amb"));
            fs::create_dir_all(target.crashes()).unwrap();
            fs::write(&file, &text).unwrap();
            eprintln!("{}: {what}", file.display());
            return ExitCode::FAILURE;
        }
        inputs += 1;
    }
    println!("{}: {inputs} policies, seed {seed}", target.name());
    ExitCode::SUCCESS
}
