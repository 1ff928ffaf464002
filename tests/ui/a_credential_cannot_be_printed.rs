fn print(credential: &bulla::x509::Credential) {
    println!("{credential}");
}

fn main() {}
