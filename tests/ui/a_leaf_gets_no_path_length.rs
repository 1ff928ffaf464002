fn main() -> bulla::Result<()> {
    let key = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
    let root = bulla::x509::Authority::root(&"CN=Root".parse()?, key)?;
    let bob = bulla::PrivateKey::generate(bulla::KeyKind::P256)?;
    let _ = root.email(bob.public(), &["bob@example.org".parse()?])?.path_length(1).sign()?;
    Ok(())
}
