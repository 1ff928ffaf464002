fn main() {
    let recipient = bulla::Identity::generate().recipient();
    let _ = bulla::decrypt(&recipient, b"sealed");
}
