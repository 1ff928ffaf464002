fn main() {
    let _ = bulla::encrypt("correct horse", b"hello");
}
