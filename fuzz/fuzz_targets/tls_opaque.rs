//! Passwords: see `bulla_fuzz::opaque::password`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulla_fuzz::opaque::password(data));
