fn main() {
    let _ = bulla::Recipients::default();
}
