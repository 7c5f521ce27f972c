//! What was found once stays found, and a short run finds nothing new.

use amb_fuzz::compare::compare;
use amb_fuzz::corpus;
use amb_fuzz::mutate::mutate;
use amb_fuzz::oracle::Oracle;
use rand::SeedableRng as _;
use rand_pcg::Pcg64Mcg;

#[test]
fn the_corpus_is_understood_alike() {
    let oracle = Oracle::new();
    let compared: usize = corpus().iter().map(|bytes| compare(&oracle, bytes).unwrap()).sum();
    assert!(compared >= corpus().len(), "only {compared} requests were let through");
}

#[test]
fn mutations_are_understood_alike() {
    let (oracle, corpus) = (Oracle::new(), corpus());
    let mut random = Pcg64Mcg::seed_from_u64(2);
    for _ in 0..5_000 {
        let bytes = mutate(&mut random, &corpus);
        if let Err(difference) = compare(&oracle, &bytes) {
            panic!("{difference}\n{}", bytes.escape_ascii());
        }
    }
}
