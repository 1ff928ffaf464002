fn main() -> bulla::Result<()> {
    let mail = b"Content-Type: application/pkcs7-mime\r\n\r\n";
    let bulla::smime::Message::Signed(signed) = bulla::smime::Message::parse(&mail[..])? else { return Ok(()) };
    let _ = signed.content();
    let _ = signed.body();
    let _: bulla::smime::Entity = signed.into();
    Ok(())
}
