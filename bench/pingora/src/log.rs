//! Lines for a file, written when 32 KiB have come together, and once a second.

use std::fmt::Arguments;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Clone)]
pub(crate) struct Log(Arc<Mutex<BufWriter<File>>>);

impl Log {
    pub(crate) fn open(path: &str) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let log = Self(Arc::new(Mutex::new(BufWriter::with_capacity(32 << 10, file))));
        let flushed = log.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_secs(1));
                drop(flushed.0.lock().unwrap().flush());
            }
        });
        Ok(log)
    }

    /// What cannot be written is lost: the call is answered all the same.
    pub(crate) fn line(&self, line: Arguments<'_>) {
        drop(self.0.lock().unwrap().write_fmt(line));
    }
}
