fn main() {
    let _ = bulla::encrypt(&[0u8; 32], b"hello");
}
