//! `wire SUBJECT [SECONDS [SEED]]`: mutates the corpus until the time is over or a difference is
//! found.
//!
//! `SUBJECT` is `requests`, `responses`, `chunks` or `hellos`. A difference is written to the
//! subject's folder below `corpus/`, where the tests find it again.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs};

use amb_fuzz::wire::Subject;
use rand::SeedableRng as _;
use rand_pcg::Pcg64Mcg;

fn main() -> ExitCode {
    let mut words = env::args().skip(1);
    let wanted = words.next().unwrap_or_default();
    let Some(subject) = Subject::ALL.into_iter().find(|subject| subject.name() == wanted) else {
        eprintln!("usage: wire requests|responses|chunks|hellos [SECONDS [SEED]]");
        return ExitCode::from(64);
    };
    let mut numbers = words.map(|number| number.parse::<u64>().unwrap());
    let time = Duration::from_secs(numbers.next().unwrap_or(60));
    let seed = numbers.next().unwrap_or(1);
    let (mut random, subjected) = (Pcg64Mcg::seed_from_u64(seed), subject.prepare());
    let (start, mut inputs, mut messages) = (Instant::now(), 0_u64, 0);
    while start.elapsed() < time {
        let bytes = subjected.mutate(&mut random);
        match subjected.compare(&bytes) {
            Ok(compared) => messages += compared,
            Err(difference) => {
                let file = keep(&subject.folder(), seed, inputs, &bytes);
                eprintln!("{file}: {difference}\n{}", bytes.escape_ascii());
                return ExitCode::FAILURE;
            }
        }
        inputs += 1;
    }
    println!("{wanted}: {inputs} inputs, {messages} messages understood alike, seed {seed}");
    ExitCode::SUCCESS
}

fn keep(folder: &Path, seed: u64, input: u64, bytes: &[u8]) -> String {
    fs::create_dir_all(folder).unwrap();
    let file = folder.join(format!("found-{seed}-{input}"));
    fs::write(&file, bytes).unwrap();
    file.display().to_string()
}
