//! Whatever follows `bulla/v1`: inspected, opened in two ways that agree, and wrapped anew if it opens.
#![no_main]
use bulla_fuzz::{inspect_soundly, open_both_ways};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let sealed = [b"bulla/v1\n", data].concat();
    inspect_soundly(&sealed);
    open_both_ways(&sealed);
});
