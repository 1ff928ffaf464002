fn main() {
    let _ = bulla::Error::unauthentic();
}
