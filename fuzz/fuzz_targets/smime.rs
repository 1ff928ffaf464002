//! Mail of every kind, signed and encrypted: what it is, what it opens to, what holds in it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bulla_fuzz::smime::check(data));
