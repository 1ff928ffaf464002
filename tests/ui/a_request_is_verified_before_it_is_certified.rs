use bulla::x509::{Authority, Profile, Request};

fn main() {}

fn certify(root: &Authority, profile: Profile, request: Request) {
    let _ = root.from_request(profile, &request);
}
