//! What is tried between two programs: each way to sign, to encrypt and to compress a mail.
use std::fmt;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scheme {
    RsaPkcs1(Hash),
    /// With a salt as long as the hash.
    RsaPss(Hash),
    /// With the longest salt that there is room for, as openssl signs unless told otherwise.
    RsaPssLong(Hash),
    Ecdsa(Curve, Hash),
    /// P-256 with SHA-256, where the signer is named by the key's identifier and not by issuer and serial number.
    EcdsaByKeyId,
    Ed25519,
    /// 44, 65 or 87.
    MlDsa(u32),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Detached,
    Opaque,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cipher {
    /// The bits of its key.
    Cbc(u32),
    Gcm(u32),
    ChaCha20Poly1305,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    RsaPkcs1,
    /// As [`RsaPkcs1`](Self::RsaPkcs1), where the recipient is named by the key's identifier.
    RsaByKeyId,
    Oaep(Hash),
    /// With the key derivation of ANSI X9.63 (RFC 5753).
    Ecdh(Curve, Hash),
    /// P-256 with SHA-256, with the cofactor, which is 1.
    EcdhCofactor,
    /// P-256 with SHA-256, where the recipient is named by the key's identifier.
    EcdhByKeyId,
    /// With that derivation and SHA-256 (RFC 8418 section 2.1).
    X25519X963,
    /// With HKDF and SHA-256 (RFC 8418 section 2.2).
    X25519Hkdf,
    /// 512, 768 or 1024.
    MlKem(u32),
    /// A key that both have, of so many bits.
    Kek(u32),
    /// PBKDF2 with HMAC of this hash.
    Password(Hash),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cell {
    Signed(Scheme, Form),
    Sealed(Cipher, Way),
    Compressed,
}

impl Hash {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Hash::Sha1 => "sha1",
            Hash::Sha256 => "sha256",
            Hash::Sha384 => "sha384",
            Hash::Sha512 => "sha512",
        }
    }

    /// RFC 8551 section 3.5.3.2.
    pub(crate) fn micalg(self) -> &'static str {
        match self {
            Hash::Sha1 => "sha-1",
            Hash::Sha256 => "sha-256",
            Hash::Sha384 => "sha-384",
            Hash::Sha512 => "sha-512",
        }
    }
}

impl Curve {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Curve::P256 => "p256",
            Curve::P384 => "p384",
            Curve::P521 => "p521",
        }
    }
}

impl Cipher {
    /// Whether it has a tag, so that `AuthEnvelopedData` carries it.
    pub(crate) fn has_tag(self) -> bool {
        !matches!(self, Cipher::Cbc(_))
    }
}

impl Scheme {
    /// Who signs: a name of [`Lab`](super::lab::Lab).
    pub(crate) fn who(self) -> &'static str {
        match self {
            Scheme::RsaPkcs1(_) => "rsa2048",
            Scheme::RsaPss(_) | Scheme::RsaPssLong(_) => "rsa3072",
            Scheme::Ecdsa(curve, _) => curve.name(),
            Scheme::EcdsaByKeyId => "p256",
            Scheme::Ed25519 => "ed25519",
            Scheme::MlDsa(44) => "mldsa44",
            Scheme::MlDsa(65) => "mldsa65",
            Scheme::MlDsa(_) => "mldsa87",
        }
    }

    pub(crate) fn hash(self) -> Hash {
        match self {
            Scheme::RsaPkcs1(hash)
            | Scheme::RsaPss(hash)
            | Scheme::RsaPssLong(hash)
            | Scheme::Ecdsa(_, hash) => hash,
            Scheme::EcdsaByKeyId => Hash::Sha256,
            // RFC 8419 section 2.3, and RFC 9882 section 3.3.
            Scheme::Ed25519 | Scheme::MlDsa(_) => Hash::Sha512,
        }
    }
}

impl Way {
    /// For whom: a name of [`Lab`](super::lab::Lab). `None`: who knows the secret.
    pub(crate) fn whom(self) -> Option<&'static str> {
        match self {
            Way::RsaPkcs1 | Way::RsaByKeyId | Way::Oaep(_) => Some("rsa2048"),
            Way::Ecdh(curve, _) => Some(curve.name()),
            Way::EcdhCofactor | Way::EcdhByKeyId => Some("p256"),
            Way::X25519X963 | Way::X25519Hkdf => Some("x25519"),
            Way::MlKem(512) => Some("mlkem512"),
            Way::MlKem(768) => Some("mlkem768"),
            Way::MlKem(_) => Some("mlkem1024"),
            Way::Kek(_) | Way::Password(_) => None,
        }
    }
}

pub(crate) const SCHEMES: [Scheme; 17] = [
    Scheme::RsaPkcs1(Hash::Sha256),
    Scheme::RsaPkcs1(Hash::Sha384),
    Scheme::RsaPkcs1(Hash::Sha512),
    Scheme::RsaPss(Hash::Sha256),
    Scheme::RsaPss(Hash::Sha384),
    Scheme::RsaPss(Hash::Sha512),
    Scheme::RsaPssLong(Hash::Sha256),
    Scheme::Ecdsa(Curve::P256, Hash::Sha256),
    Scheme::Ecdsa(Curve::P384, Hash::Sha384),
    Scheme::Ecdsa(Curve::P521, Hash::Sha512),
    // RFC 5754 section 3.3 leaves the hash free.
    Scheme::Ecdsa(Curve::P256, Hash::Sha512),
    Scheme::Ecdsa(Curve::P384, Hash::Sha512),
    Scheme::EcdsaByKeyId,
    Scheme::Ed25519,
    Scheme::MlDsa(44),
    Scheme::MlDsa(65),
    Scheme::MlDsa(87),
];

pub(crate) const WAYS: [Way; 22] = [
    Way::RsaPkcs1,
    Way::RsaByKeyId,
    Way::Oaep(Hash::Sha1),
    Way::Oaep(Hash::Sha256),
    Way::Oaep(Hash::Sha384),
    Way::Oaep(Hash::Sha512),
    Way::Ecdh(Curve::P256, Hash::Sha1),
    Way::Ecdh(Curve::P256, Hash::Sha256),
    Way::Ecdh(Curve::P384, Hash::Sha384),
    Way::Ecdh(Curve::P521, Hash::Sha512),
    Way::EcdhCofactor,
    Way::EcdhByKeyId,
    Way::X25519X963,
    Way::X25519Hkdf,
    Way::MlKem(512),
    Way::MlKem(768),
    Way::MlKem(1024),
    Way::Kek(128),
    Way::Kek(192),
    Way::Kek(256),
    Way::Password(Hash::Sha1),
    Way::Password(Hash::Sha256),
];

pub(crate) const CIPHERS: [Cipher; 7] = [
    Cipher::Cbc(128),
    Cipher::Cbc(192),
    Cipher::Cbc(256),
    Cipher::Gcm(128),
    Cipher::Gcm(192),
    Cipher::Gcm(256),
    Cipher::ChaCha20Poly1305,
];

/// All there are, those of a kind side by side.
pub(crate) fn all() -> Vec<Cell> {
    let forms = [Form::Detached, Form::Opaque];
    let signed = SCHEMES.into_iter().flat_map(|scheme| forms.map(|form| Cell::Signed(scheme, form)));
    let sealed = WAYS.into_iter().flat_map(|way| CIPHERS.map(|cipher| Cell::Sealed(cipher, way)));
    signed.chain(sealed).chain([Cell::Compressed]).collect()
}

/// As the matrix and BouncyCastle's program call it.
impl fmt::Display for Scheme {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scheme::RsaPkcs1(hash) => write!(to, "rsa-{}", hash.name()),
            Scheme::RsaPss(hash) => write!(to, "pss-{}", hash.name()),
            Scheme::RsaPssLong(hash) => write!(to, "pss-{}-long-salt", hash.name()),
            Scheme::Ecdsa(curve, hash) => write!(to, "ecdsa-{}-{}", hash.name(), curve.name()),
            Scheme::EcdsaByKeyId => to.write_str("ecdsa-sha256-by-key-id"),
            Scheme::Ed25519 => to.write_str("ed25519"),
            Scheme::MlDsa(set) => write!(to, "ml-dsa-{set}"),
        }
    }
}

/// As openssl, the matrix and BouncyCastle's program call it.
impl fmt::Display for Cipher {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cipher::Cbc(bits) => write!(to, "aes-{bits}-cbc"),
            Cipher::Gcm(bits) => write!(to, "aes-{bits}-gcm"),
            Cipher::ChaCha20Poly1305 => to.write_str("chacha20-poly1305"),
        }
    }
}

/// As the matrix and BouncyCastle's program call it.
impl fmt::Display for Way {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::RsaPkcs1 => to.write_str("rsa"),
            Way::RsaByKeyId => to.write_str("rsa-by-key-id"),
            Way::Oaep(hash) => write!(to, "oaep-{}", hash.name()),
            Way::Ecdh(curve, hash) => write!(to, "ecdh-{}-{}", hash.name(), curve.name()),
            Way::EcdhCofactor => to.write_str("ecdh-cofactor"),
            Way::EcdhByKeyId => to.write_str("ecdh-by-key-id"),
            Way::X25519X963 => to.write_str("x25519-x963"),
            Way::X25519Hkdf => to.write_str("x25519-hkdf"),
            Way::MlKem(set) => write!(to, "ml-kem-{set}"),
            Way::Kek(bits) => write!(to, "kek-{bits}"),
            Way::Password(hash) => write!(to, "password-{}", hash.name()),
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Signed(scheme, Form::Detached) => write!(to, "{scheme} detached"),
            Cell::Signed(scheme, Form::Opaque) => write!(to, "{scheme} opaque"),
            Cell::Sealed(cipher, way) => write!(to, "{way} {cipher}"),
            Cell::Compressed => to.write_str("compressed"),
        }
    }
}
