//! What broke the compiler once does so no more, and a short run breaks nothing new.
#![cfg(test)]

use std::fs;

use amb_fuzz::policies::{Target, corpus, mutate};
use rand::SeedableRng as _;
use rand_pcg::Pcg64Mcg;

#[test]
fn crashes_stay_mended() {
    for target in Target::ALL {
        let Ok(folder) = fs::read_dir(target.crashes()) else { continue };
        for file in folder.map(|file| file.unwrap().path()) {
            let text = fs::read_to_string(&file).unwrap();
            target.run(&text).unwrap_or_else(|what| panic!("{}: {what}", file.display()));
        }
    }
}

#[test]
fn every_seed_passes_every_target() {
    for target in Target::ALL {
        for text in corpus() {
            target.run(&text).unwrap_or_else(|what| panic!("{}: {what}\n{text}", target.name()));
        }
    }
}

#[test]
fn mutations_break_nothing() {
    let (mut random, corpus) = (Pcg64Mcg::seed_from_u64(3), corpus());
    for _ in 0..300 {
        let text = mutate(&mut random, &corpus);
        for target in Target::ALL {
            target.run(&text).unwrap_or_else(|what| panic!("{}: {what}\n{text}", target.name()));
        }
    }
}
