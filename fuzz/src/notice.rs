//! Notices of revocations: nobody without the key writes one, and what a holder of the key writes is read within its bounds or refused.
use std::sync::LazyLock;
use std::time::Duration;

use bulla::Time;
use bulla::cookie::{Notices, Revocation, Revocations};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const NOW: Time = Time::from_unix(1_800_000_000);
const BODY: usize = Notices::LENGTH - 32;

static NOTICES: LazyLock<Notices> = LazyLock::new(|| Notices::new(&crate::KEY, "fuzz"));

/// The key of src/cookie/notice.rs.
static MAC: LazyLock<[u8; 32]> = LazyLock::new(|| {
    let mut info = 2_u64.to_le_bytes().to_vec();
    for part in [&b"bulla/notice/v1"[..], b"fuzz"] {
        info.extend((part.len() as u64).to_le_bytes());
        info.extend(part);
    }
    let mut key = [0; 32];
    hkdf::Hkdf::<Sha256>::new(None, crate::KEY.expose_bytes()).expand(&info, &mut key).unwrap();
    key
});

pub fn check(data: &[u8]) {
    assert!(NOTICES.read(data, NOW).is_err(), "nobody signed it");
    let mac = Hmac::<Sha256>::new_from_slice(&*MAC).unwrap().chain_update(data);
    let signed = [data, &mac.finalize().into_bytes()].concat();
    let Ok(revocation) = NOTICES.read(&signed, NOW) else { return };
    assert_eq!(data.len(), BODY);
    assert_eq!(Notices::place(&revocation), data[..33]);
    let (soon, last) = (NOW + Duration::from_secs(30), NOW + Duration::from_secs(400 * 86_400 + 30));
    match revocation {
        Revocation::Session { from, until, .. }
        | Revocation::Subject { authenticated_until: from, until, .. } => {
            assert!(from <= soon && until <= last);
        }
        Revocation::Generation(_) => {}
        _ => panic!("a kind that this target does not know"),
    }
    assert!(
        NOTICES.read(&NOTICES.write(&revocation), NOW).unwrap() == revocation,
        "it changes when it is written"
    );
    let revocations = Revocations::new();
    revocations.apply(revocation, NOW).unwrap();
    assert!(revocations.all().contains(&revocation));
}
