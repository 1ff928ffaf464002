fn main() {
    println!("{}", bulla::Key::generate());
}
