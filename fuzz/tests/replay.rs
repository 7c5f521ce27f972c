//! What was found once stays found, and a short run finds nothing new.

use amb_fuzz::wire::Subject;
use rand::SeedableRng as _;
use rand_pcg::Pcg64Mcg;

#[test]
fn the_corpus_is_understood_alike() {
    for subject in Subject::ALL {
        let subjected = subject.prepare();
        let mut compared = 0;
        for bytes in subjected.corpus() {
            compared += subjected.compare(bytes).unwrap_or_else(|difference| {
                panic!("{}: {difference}\n{}", subject.name(), bytes.escape_ascii())
            });
        }
        // Not all that was found is let through.
        assert!(compared >= 4, "{}: only {compared} were let through", subject.name());
    }
}

#[test]
fn mutations_are_understood_alike() {
    for subject in Subject::ALL {
        let subjected = subject.prepare();
        let mut random = Pcg64Mcg::seed_from_u64(2);
        for _ in 0..3_000 {
            let bytes = subjected.mutate(&mut random);
            if let Err(difference) = subjected.compare(&bytes) {
                panic!("{}: {difference}\n{}", subject.name(), bytes.escape_ascii());
            }
        }
    }
}
