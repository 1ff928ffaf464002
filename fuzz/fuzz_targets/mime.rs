//! Mail as it comes: entities, parts, transfer encodings, lines, and objects without a header.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| if let [what, piece, text @ ..] = data {
    bulla_fuzz::mail::check_mail(*what, text, usize::from(*piece).max(1));
});
