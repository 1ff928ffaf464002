//! Tickets: see `bulla_fuzz::ticket::shown`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulla_fuzz::ticket::shown(data));
