use bulla::smime::{Expect, LegacySigner, Signer, Trust, Verification};

fn take(signer: &Signer) {
    let _ = signer;
}

fn read(mail: &[u8], trust: &Trust<'_>) -> bulla::Result<()> {
    let old = Verification::new(trust, Expect::AnyTrustedSigner).legacy_bytes(mail)?;
    let by: &LegacySigner = old.by();
    take(by);
    let _ = by.certificate();
    Ok(())
}

fn main() {}
