fn main() {
    let identity = bulla::Identity::generate();
    let _ = bulla::encrypt(&identity, b"hello");
}
