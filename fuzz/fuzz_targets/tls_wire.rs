//! Connections: see `bulla_fuzz::tls::wire`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulla_fuzz::tls::wire(data));
