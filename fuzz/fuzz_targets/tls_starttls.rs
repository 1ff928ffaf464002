//! Connections: see `bulla_fuzz::tls::starttls`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulla_fuzz::tls::starttls(data));
