fn main() {
    println!("{:?}", bulla::Identity::generate());
}
