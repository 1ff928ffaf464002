#![deny(unused_must_use)]

fn sign(bob: &bulla::x509::Credential) {
    bulla::smime::Signing::by(bob).opaque();
}

fn main() {}
