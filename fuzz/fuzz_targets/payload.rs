//! Any bytes as a payload: what is taken from it can be written as an argument and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sysbom::release::{Arrival, arrivals};

fuzz_target!(|bytes: &[u8]| {
    for arrival in arrivals(bytes).unwrap_or_default() {
        let argument = arrival.argument();
        let read = Arrival::read(&argument).unwrap_or_else(|_| panic!("`{argument}` cannot be read again"));
        assert_eq!((read.component, read.image, read.tag, read.digest), (arrival.component, arrival.image, arrival.tag, arrival.digest));
    }
});
