use bulla::smime::{Entity, Signer};

fn believe(letter: Entity, signer: Signer) -> bulla::Verified<Entity, Signer> {
    let _ = bulla::Verified::new(letter, signer);
    bulla::Verified { thing: letter, by: signer }
}

fn main() {}
