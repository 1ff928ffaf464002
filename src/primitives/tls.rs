//! The algorithms of TLS connections: AWS-LC behind rustls, the post-quantum key exchange first.
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::{self, kx_group, sign};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::SigningKey;
use rustls::{CipherSuite, NamedGroup};

use crate::secret::SecretVec;

/// Best first. X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem) holds as long as one of its halves does.
const GROUPS: [&dyn SupportedKxGroup; 4] =
    [kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];

/// All of them that pass: AES-GCM and ChaCha20-Poly1305 with ephemeral keys, and nothing else.
pub(crate) fn provider(
    suite: impl Fn(CipherSuite) -> bool,
    group: impl Fn(NamedGroup) -> bool,
) -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.retain(|known| suite(known.suite()));
    provider.kx_groups = GROUPS.into_iter().filter(|known| group(known.name())).collect();
    provider
}

/// A private key (PKCS #8) as AWS-LC signs with it: its RSA takes the same time for all keys and messages, which counts where
/// anybody may ask for signatures. `None` for kinds that TLS has no signatures of.
pub(crate) fn signing_key(pkcs8: &SecretVec) -> Option<Arc<dyn SigningKey>> {
    // Borrowed: rustls's own copy would not be wiped.
    sign::any_supported_type(&PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8.as_slice()))).ok()
}
