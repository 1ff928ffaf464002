use bulla::x509::Request;
use bulla::{PublicKey, Verified};

fn main() {}

fn forge(key: &PublicKey, request: Request, signature: &[u8]) -> bulla::Result<Verified<Request, PublicKey>> {
    key.verify("anything", request, signature)
}
