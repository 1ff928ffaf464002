use bulla::smime::{Expect, Signed, Trust, Verification};

fn read(signed: Signed, trust: &Trust<'_>) {
    let _ = signed.verify(trust);
    let _ = Verification::new(trust);
    let _ = Expect::default();
}

fn main() {}
