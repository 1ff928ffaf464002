//! Old tokens of other libraries: as they come from anybody, and as a holder of the secret could make them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulla_fuzz::legacy_cookies::check(data));
