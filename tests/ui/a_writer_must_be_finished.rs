#![deny(unused_must_use)]

fn main() {
    let key = bulla::Key::generate();
    bulla::file::Encryption::to(&key).writer(Vec::new()).unwrap();
}
