//! Connections: see `bulla_fuzz::tls::inside`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulla_fuzz::tls::inside(data));
