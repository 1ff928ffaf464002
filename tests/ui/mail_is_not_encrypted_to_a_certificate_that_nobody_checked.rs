use bulla::smime::{Addressees, Entity};
use bulla::x509::Certificate;

fn send(letter: &Entity, certificate: &Certificate) {
    let _ = letter.encrypt(certificate);
    let _ = Addressees { all: Vec::new(), modern: true };
    let _ = Addressees::default();
}

fn main() {}
