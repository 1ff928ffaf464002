//! Tokens: as they come from anybody, and as a holder of the key could make them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulla_fuzz::token::check(data));
