fn main() {
    println!("{:?}", bulla::Passphrase::generate());
}
