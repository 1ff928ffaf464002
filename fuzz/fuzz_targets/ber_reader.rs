//! Whatever is taken for BER and read as it comes, beside the code that makes DER of it at once.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| if let [piece, ber @ ..] = data {
    bulla_fuzz::mail::check_ber(ber, usize::from(*piece).max(1));
});
