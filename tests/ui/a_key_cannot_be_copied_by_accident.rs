fn main() {
    let key = bulla::Key::generate();
    let _copy = key.clone();
}
