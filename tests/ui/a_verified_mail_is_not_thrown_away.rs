#![deny(unused_must_use)]

use bulla::smime::{Expect, Signed, Trust};

fn read(signed: Signed, trust: &Trust<'_>) -> bulla::Result<()> {
    signed.verify(trust, Expect::AnyTrustedSigner)?;
    Ok(())
}

fn main() {}
