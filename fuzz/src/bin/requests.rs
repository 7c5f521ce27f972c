//! `requests [SECONDS [SEED]]`: mutates the corpus until the time is over or a difference is found.
//!
//! A difference is written to `corpus/`, where the tests find it again.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs};

use amb_fuzz::compare::compare;
use amb_fuzz::mutate::mutate;
use amb_fuzz::oracle::Oracle;
use amb_fuzz::{corpus, folder};
use rand::SeedableRng as _;
use rand_pcg::Pcg64Mcg;

fn main() -> ExitCode {
    let mut numbers = env::args().skip(1).map(|number| number.parse::<u64>().unwrap());
    let time = Duration::from_secs(numbers.next().unwrap_or(60));
    let seed = numbers.next().unwrap_or(1);
    let (mut random, oracle, corpus) = (Pcg64Mcg::seed_from_u64(seed), Oracle::new(), corpus());
    let (start, mut inputs, mut requests) = (Instant::now(), 0_u64, 0);
    while start.elapsed() < time {
        let bytes = mutate(&mut random, &corpus);
        match compare(&oracle, &bytes) {
            Ok(compared) => requests += compared,
            Err(difference) => {
                let file = keep(&folder(), seed, inputs, &bytes);
                eprintln!("{file}: {difference}\n{}", bytes.escape_ascii());
                return ExitCode::FAILURE;
            }
        }
        inputs += 1;
    }
    println!("{inputs} inputs, {requests} requests understood alike, seed {seed}");
    ExitCode::SUCCESS
}

fn keep(folder: &Path, seed: u64, input: u64, bytes: &[u8]) -> String {
    let file = folder.join(format!("found-{seed}-{input}.http"));
    fs::write(&file, bytes).unwrap();
    file.display().to_string()
}
