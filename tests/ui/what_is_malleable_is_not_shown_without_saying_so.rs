use bulla::smime::{Malleable, Opened};

fn show(malleable: Malleable, opened: Opened) {
    let _ = malleable.as_bytes();
    let _ = malleable.bytes;
    let _: Vec<u8> = malleable.into();
    println!("{malleable}");
    if let Opened::Plain(bytes) | Opened::Malleable(bytes) = opened {
        let _ = bytes;
    }
}

fn main() {}
