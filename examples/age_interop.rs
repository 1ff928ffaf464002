//! Exchanges files with those who use age: `cargo run --example age_interop`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use bulla::file::Encryption;
use bulla::{Format, Identity, Passphrase, Recipient};

/// What `age -a -r age1zvky…` made of "hello from age".
const FROM_AGE: &str = "\
-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBKZ3BqSitxVTdSRWtVa2VY
RmIrRC9LQkRmZzJyK2x1eDVIejhkODcyS0FjClFvaHYwa1Z1aUNJOGMwRlE1U1oz
cXI3M3ZVSjNOQTFJYUd1T3dyT2ZITUEKLS0tIHRNZTlEYVJ6eGxUckRlZjc5NTdG
L0xvK2V1cTFZZktwZEV1TWpENE15OFEKAQBzF97eRyg7NE8FQQFNIOpAjMOL1UcG
qP43dNNnJtTnTNe/OTGOE7/n7dbsuMs=
-----END AGE ENCRYPTED FILE-----
";

fn main() -> bulla::Result<()> {
    // Keys are age's: what age-keygen made is read here, and the other way round.
    let identity: Identity =
        "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX".parse()?;
    let recipient: Recipient = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj".parse()?;
    assert_eq!(identity.recipient(), recipient);

    // Reading needs no saying that it is age's format, nor that it is armored.
    assert_eq!(bulla::decrypt(&identity, FROM_AGE.as_bytes())?, b"hello from age\n");

    // Writing does: age reads no other. `age -d -i key.txt` opens this.
    let for_age = Encryption::to(&recipient).format(Format::Age).armor(true).bytes(b"hello age")?;
    print!("{}", String::from_utf8_lossy(&for_age));
    assert_eq!(bulla::decrypt(&identity, &for_age)?, b"hello age");

    // Post-quantum recipients are age's, too (age 1.3); passphrases, and SSH keys as they lie in ~/.ssh.
    let post_quantum = Identity::generate();
    Encryption::to(&post_quantum.recipient()).format(Format::Age).bytes(b"hello")?;
    let passphrase = Passphrase::new("correct horse battery staple")?.cost(bulla::KdfCost::Low);
    Encryption::to(&passphrase).format(Format::Age).bytes(b"hello")?;
    let ssh: Recipient =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEmeSS/y3Q/vG+jR8UhlqDzGnGuhXUzeJU3VJOjXLS0q".parse()?;
    let for_ssh = bulla::encrypt(&ssh, b"hello")?; // only age has these, so the format is age's without saying
    assert!(for_ssh.starts_with(b"age-encryption.org/v1\n"));
    Ok(())
}
