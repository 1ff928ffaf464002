//! Notices of revocations: as they lie in a Redis that somebody else writes to, and as a holder of the key could write them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulla_fuzz::notice::check(data));
