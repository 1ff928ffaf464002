//! Every bound on hostile input, with the source of its number. Checked before memory or work is spent.

/// Bytes of a header, version line to MAC line. Ours; 1024 post-quantum stanzas do not fit, 650 do.
pub(crate) const HEADER_BYTES: usize = 1 << 20;
/// Stanzas in a header. Ours; age sets none, and its first tools had 20 (agebox PR #67 outgrew it).
pub(crate) const STANZAS: usize = 1024;
/// Bytes of sealed metadata before its tag. Ours: a 1 KiB name, a media type and room.
pub(crate) const META_BYTES: usize = 4096;
/// Bytes of an original file name. Twice the 255 UTF-16 units of NTFS and the 255 bytes of Linux, with room.
pub(crate) const META_NAME_BYTES: usize = 1024;
/// Bytes of a media type: RFC 6838 section 4.2 allows 127 for each half.
pub(crate) const META_MEDIA_TYPE_BYTES: usize = 255;

/// Chunks of a Cobblestone message: 4 PiB, as Python's `cryptography` has it. C2SP chunked-encryption lets AES-128
/// wear out there; its texts say 2^38 or 2^40.
pub(crate) const COBBLESTONE_CHUNKS: u64 = 1 << 38;
/// Chunks of an age payload. age allows 2^88; at 64 KiB a chunk this is 2^56 bytes, 64 PiB.
pub(crate) const AGE_CHUNKS: u64 = 1 << 40;

/// White space allowed before and after an armor. age (Go) allows 1024 bytes.
pub(crate) const ARMOR_WHITESPACE_BYTES: usize = 1024;

/// Argon2id memory in KiB. Above: RFC 9106's second choice (64 MiB) sixteen times over; below: OWASP's least (19 MiB) is above it.
pub(crate) const ARGON2_MAX_MEMORY_KIB: u32 = 1 << 20;
/// See [`ARGON2_MAX_MEMORY_KIB`].
pub(crate) const ARGON2_MIN_MEMORY_KIB: u32 = 8 << 10;
/// Argon2id passes. RFC 9106 section 4 recommends 1 and 3.
pub(crate) const ARGON2_MAX_PASSES: u32 = 16;
/// Argon2id lanes. RFC 9106 section 4 recommends 4.
pub(crate) const ARGON2_MAX_LANES: u32 = 16;
/// Passes over the most memory, summed over all tries of one opening: 4 GiB × passes, about 6 s of one core.
pub(crate) const KDF_PASSES_AT_FULL_MEMORY: u64 = 4;
/// PBKDF2 iterations, the upper bound over all tries of one opening. OWASP (2023) asks 210 000 for SHA-512; the upper bound is about 3 s.
pub(crate) const PBKDF2_MIN_ITERATIONS: u32 = 100_000;
/// See [`PBKDF2_MIN_ITERATIONS`].
pub(crate) const PBKDF2_MAX_ITERATIONS: u32 = 10_000_000;
/// Passphrase stanzas in a header. Ours: each that is tried costs a whole KDF.
pub(crate) const PASSPHRASE_STANZAS: usize = 4;

/// Bytes of an identity file, recipients file or SSH key. Ours: hundreds of keys.
pub(crate) const KEY_FILE_BYTES: usize = 1 << 20;
/// Bytes of a Bech32 key: `age1pq` recipients have 1959 characters.
pub(crate) const BECH32_CHARS: usize = 4096;
/// Bytes of a passphrase. Ours: enough for any sentence; Argon2id itself takes 2^32 - 1.
pub(crate) const PASSPHRASE_BYTES: usize = 4096;
/// bcrypt rounds of an encrypted SSH key: ssh-keygen writes 16 (24 from OpenSSH 9.9); 1000 is about 10 s.
pub(crate) const SSH_BCRYPT_ROUNDS: u32 = 1000;
/// RSA modulus bits: NIST SP 800-131A asks for 2048; OpenSSH stops at 16384, and so much work would stop a reader.
pub(crate) const RSA_MIN_BITS: usize = 2048;
/// See [`RSA_MIN_BITS`].
pub(crate) const RSA_MAX_BITS: usize = 8192;
/// RSA modulus bits of old certificates and messages, which are read only on request: FIPS 186-4 had no shorter ones.
pub(crate) const RSA_MIN_BITS_OLD: usize = 1024;
/// Bits of p of DSA keys, which are read only on request: FIPS 186-2 stops at 1024, FIPS 186-4 section 4.2 at 3072.
pub(crate) const DSA_BITS: std::ops::RangeInclusive<usize> = 1024..=3072;
/// RSA operations in one opening. age's files name a key once; each costs up to 70 ms.
pub(crate) const SSH_RSA_TRIES: u32 = 16;
/// Tags of `key` stanzas compared in one opening, stanzas times keys: about 0.3 s. Ours: 1024 stanzas for a ring of 256.
pub(crate) const KEY_TRIES: u32 = 1 << 18;
/// Key agreements (X25519, X-Wing) in one opening, stanzas times identities: about 0.8 s. Ours: 650 stanzas for 6 identities.
pub(crate) const AGREEMENT_TRIES: u32 = 1 << 12;
/// Keys in a keyring. Ours: a key a day for eleven years.
pub(crate) const KEYRING_KEYS: usize = 4096;

/// Entries of a directory that is extracted, and folders that they bring with them. Ours: more files than most disks hold.
pub(crate) const ARCHIVE_ENTRIES: u64 = 10_000_000;
/// Depth of a path in a directory that is extracted. Ours; `PATH_MAX` (4096) allows 2048.
pub(crate) const ARCHIVE_DEPTH: usize = 256;
/// Bytes after the end of a tar stream, all zero: a record of 20 blocks of 512, POSIX's default.
pub(crate) const ARCHIVE_FILLING: usize = 10 * 1024;
/// Bytes of a path in a directory that is extracted: Linux's `PATH_MAX`.
pub(crate) const ARCHIVE_PATH_BYTES: usize = 4096;

/// Bytes of an object identifier's value. Ours; the longest in use, of vendors' templates and UUIDs, have about 40.
pub(crate) const OID_BYTES: usize = 64;
/// Bytes of a certificate, request or OCSP response. Ours: ML-DSA-87 with chains of policies has about 10 KiB; webpki stops at 64 KiB.
pub(crate) const CERTIFICATE_BYTES: usize = 1 << 18;
/// Extensions of a certificate. Ours: the richest in use have about 20.
pub(crate) const EXTENSIONS: usize = 256;
/// Bytes of a name. Ours: the longest in use have under 500; comparing costs about 0.1 µs a byte.
pub(crate) const NAME_BYTES: usize = 4096;
/// Attributes of a name. Ours: the longest of PKITS has 20.
pub(crate) const NAME_ATTRIBUTES: usize = 256;
/// Names in an extension. Ours: the largest certificates of content networks have a few hundred, CAs allow 2000.
pub(crate) const GENERAL_NAMES: usize = 4096;
/// Policies, or mappings of them, in an extension. Ours; with it the graph of RFC 9618 stays small.
pub(crate) const POLICIES: usize = 1024;

/// Values within values in BER. Ours: certificates in signed messages in PKCS #7 come to 16.
pub(crate) const BER_DEPTH: usize = 32;
/// Bytes of a PKCS #12 file. Ours: a key with its chain has 5 KiB, a Java trust store of all roots 200 KiB.
pub(crate) const PKCS12_BYTES: usize = 16 << 20;
/// Bags in a PKCS #12 file: keys, certificates and all else. Ours: the largest trust stores have a few hundred.
pub(crate) const PKCS12_BAGS: usize = 4096;
/// Bags within bags (RFC 7292 section 4.2.6). Ours: no program nests them.
pub(crate) const PKCS12_DEPTH: usize = 4;
/// Bytes of the key of PBMAC1: RFC 9579 section 9 sets the least, OpenSSL the most.
pub(crate) const PBMAC1_KEY_BYTES: std::ops::RangeInclusive<usize> = 20..=64;
/// Bytes of a PKCS #7 bundle of certificates and CRLs. Ours: the largest CRLs in use have about 50 MB.
pub(crate) const PKCS7_BYTES: usize = 64 << 20;
/// Trust anchors. Ours: the systems' stores have 150.
pub(crate) const ANCHORS: usize = 4096;
/// Bytes of a file of trust anchors. Ours: the systems' bundles have 220 KiB.
pub(crate) const ANCHOR_FILE_BYTES: u64 = 16 << 20;
/// Certificates of a path, from its end to an issuer of the anchor's. webpki allows 8; bridges between companies have more.
pub(crate) const PATH_CERTIFICATES: usize = 16;
/// Certificates given to build paths of. Ours: all intermediate CAs that Mozilla knows are about 2000.
pub(crate) const INTERMEDIATES: usize = 4096;
/// Their bytes in all: so many of 4 KiB.
pub(crate) const INTERMEDIATES_BYTES: usize = 16 << 20;
/// Possible issuers looked at, and certificates of paths judged, while a path is built. webpki's bound on calls is 200 000; ours cost more each, about 5 µs.
pub(crate) const PATH_STEPS: u32 = 20_000;
/// Signatures checked in one validation, CRLs and OCSP responses included. webpki allows 100 without those; about 0.3 s.
pub(crate) const PATH_SIGNATURES: u32 = 256;
/// Names compared in one validation, with name constraints and with the scopes of CRLs: webpki's number. Long names count
/// for more.
pub(crate) const NAME_COMPARISONS: u32 = 250_000;
/// Bytes of names that are compared as they stand, and count for one comparison. Ours: no host has more.
pub(crate) const NAME_BYTES_COMPARED: usize = 256;
/// Bytes of names that are folded first (RFC 4518), and count for one comparison. Ours: about 2 µs.
pub(crate) const NAME_BYTES_FOLDED: usize = 16;

/// Bytes of a CRL. Ours: the largest in use have about 50 MB; a million entries with reasons come to 40.
pub(crate) const CRL_BYTES: usize = 256 << 20;
/// Bytes of the number of a CRL: RFC 5280 section 5.2.3.
pub(crate) const CRL_NUMBER_BYTES: usize = 20;
/// Answers in an OCSP response. Ours: responders give one, and a request for a whole path has a handful.
pub(crate) const OCSP_ANSWERS: usize = 64;
/// Certificates in an OCSP response. Ours: it is the responder's, and with some responders the path above it.
pub(crate) const OCSP_CERTIFICATES: usize = 16;
/// Certificates of a credential. Ours: PKCS #12 files with all of a company's CAs have a dozen.
pub(crate) const CREDENTIAL_CHAIN: usize = 64;
/// Signers of CRLs validated inside of each other, each with CRLs of its own. Ours: PKITS needs 2.
pub(crate) const CRL_SIGNERS_DEPTH: usize = 4;
/// CRLs given to one validation. Ours.
pub(crate) const CRLS: usize = 1024;
/// Attributes of a certificate request, and their values. Ours: Microsoft's programs write five.
pub(crate) const REQUEST_ATTRIBUTES: usize = 256;
/// OCSP responses given to one validation. Ours.
pub(crate) const OCSP_RESPONSES: usize = 1024;

/// Bytes of the header of a mail or a part. Ours: the longest in use, with many signatures of those it passed, have 100 KiB.
pub(crate) const MIME_HEADER_BYTES: usize = 1 << 18;
/// Fields of a header. Ours: mail that passed many hands has 100.
pub(crate) const MIME_FIELDS: usize = 1000;
/// Parts of a multipart. Ours: what is signed has two.
pub(crate) const MIME_PARTS: usize = 1000;
/// Attributes of a signer. Ours: the richest in use have ten.
pub(crate) const CMS_ATTRIBUTES: usize = 64;
/// Signers of a message. Ours: each costs a path.
pub(crate) const CMS_SIGNERS: usize = 16;
/// Certificates, and CRLs, in a message. Ours: programs put in a chain for each signer.
pub(crate) const CMS_CERTIFICATES: usize = 1024;
/// Capabilities that somebody's program says it has. Ours: the longest lists in use have 30.
pub(crate) const CMS_CAPABILITIES: usize = 256;
/// Bytes of certificates, CRLs and signatures in a message. Ours: the largest CRLs that programs put in have about 10 MB.
pub(crate) const CMS_SIGNATURES_BYTES: usize = 16 << 20;
/// Bytes of a line of quoted-printable text. RFC 2045 section 6.7 allows 76; old programs wrote a paragraph in each.
pub(crate) const QUOTED_LINE_BYTES: usize = 64 << 10;
/// Recipients of a message. Ours: the largest lists of a company; each has 300 bytes, or with ML-KEM 1500.
pub(crate) const CMS_RECIPIENTS: usize = 4096;
/// Bytes of what stands before the content of an encrypted message: so many recipients with ML-KEM-1024, and certificates.
pub(crate) const CMS_HEAD_BYTES: usize = 8 << 20;
/// Bytes of what stands after it: attributes and a tag. Ours.
pub(crate) const CMS_TAIL_BYTES: usize = 1 << 18;
/// Passphrases' infos that are tried in a message. Ours: each costs a whole KDF, and programs write one.
pub(crate) const CMS_PASSPHRASES: usize = 4;
/// Layers of a message, one within the other. Ours: a triple wrap (RFC 2634) has three.
pub(crate) const SMIME_LAYERS: usize = 8;
/// Bytes of a mail that was compressed. Ours: zlib makes a thousand of one.
pub(crate) const SMIME_INFLATED_BYTES: u64 = 256 << 20;
/// Bytes of a line without its end, in mail that any server takes: RFC 5321 section 4.5.3.1.6.
pub(crate) const MIME_LINE_BYTES: usize = 998;
/// Multiparts within multiparts, where they are read in each other. Ours: mail that was forwarded often has five.
pub(crate) const MIME_DEPTH: usize = 16;
/// Bytes of a mail that is written anew in 7 bits, which takes memory. Ours: servers take 25 to 150 MB.
pub(crate) const SEVEN_BIT_BYTES: usize = 64 << 20;
/// Parameters of a field, pieces of RFC 2231 counted each. Ours: the longest file names come in twenty pieces.
pub(crate) const MIME_PARAMETERS: usize = 64;
/// Certificates tried for one signature. Ours: one has that issuer and number, and a key may have been certified anew.
pub(crate) const CMS_CANDIDATES: usize = 4;
/// Certificates of a message with the number that is looked for whose issuer is compared letter by letter. Ours: it is one.
pub(crate) const CMS_ISSUERS_COMPARED: usize = 16;

/// Characters of a cookie, its name and value: draft-ietf-httpbis-rfc6265bis section 5.6, which all browsers keep to.
pub(crate) const COOKIE_CHARS: usize = 4096;
/// Bytes that so many characters of base64 can hold.
pub(crate) const TOKEN_BYTES: usize = COOKIE_CHARS / 4 * 3;
/// Keys in a token keyring. Ours: a key a week, and tokens that last a year.
pub(crate) const TOKEN_KEYRING_KEYS: usize = 64;
/// Seconds that a token may last: 400 days, as long as browsers keep a cookie (draft-ietf-httpbis-rfc6265bis section 5.5).
pub(crate) const TOKEN_LIFETIME_SECONDS: u64 = 400 * 86_400;
/// Seconds by which the clocks of two hosts that share keys may differ: so far in the future a token may have been issued. Ours.
pub(crate) const TOKEN_LEEWAY_SECONDS: u64 = 30;
/// Bytes of a secret of other programs, under which their tokens are read. Ours: a shorter one can be guessed, and so tokens
/// made; M2Crypto has 20, Django 50.
#[cfg(feature = "legacy-cookies")]
pub(crate) const OLD_SECRET_BYTES: usize = 16;
/// Bytes of what is compressed in a token of other programs. Ours: what fits into a cookie is seldom ten times as long in JSON.
#[cfg(feature = "legacy-cookies")]
pub(crate) const OLD_TOKEN_INFLATED_BYTES: usize = 64 << 10;
/// Sessions and people whose end is kept in memory. Ours: about 150 MiB.
pub(crate) const REVOCATIONS: usize = 1 << 20;
/// Seconds in which a request that is under way may still go by what was replaced a moment ago. Ours: requests take less.
pub(crate) const REPLACED_GRACE_SECONDS: u64 = 10;
/// Bytes of a value in a store. Ours: what belongs into a database has more.
pub(crate) const STORE_VALUE_BYTES: usize = 64 << 10;
/// Bytes of all values in a store that is in memory, and of what keeping them costs. Ours: a quarter of a million small ones.
pub(crate) const MEMORY_STORE_BYTES: usize = 64 << 20;
/// Certificates that the other side of a connection shows. Ours: chains have two to four; OpenSSL takes ten.
#[cfg(feature = "tls")]
pub(crate) const TLS_CERTIFICATES: usize = 32;
/// Paths of peers that are remembered to have held. Ours: a few megabytes.
#[cfg(feature = "tls")]
pub(crate) const TLS_PATHS: usize = 1024;
/// Bytes of certificates of a path that is remembered. Ours: chains have two to six thousand.
#[cfg(feature = "tls")]
pub(crate) const TLS_PATH_BYTES: usize = 16 << 10;
/// Bytes of names of CAs in a server's question for a certificate. Ours: RFC 8446 section 4.2.4 allows 64 KiB for them, and a whole
/// message may have no more.
#[cfg(feature = "tls")]
pub(crate) const TLS_AUTHORITIES_BYTES: usize = 32 << 10;
/// Seconds for which a ticket counts. RFC 8446 section 4.6.1 allows a week; who finds a ticket's key reads what was sent by it.
#[cfg(feature = "tls")]
pub(crate) const TLS_TICKET_SECONDS: u64 = 12 * 3600;
/// Seconds for which a ticket counts that stands for a client's certificate. Ours: so long the certificate's key need not be shown.
#[cfg(feature = "tls")]
pub(crate) const TLS_CLIENT_TICKET_SECONDS: u64 = 600;
/// Names of hosts that a server shows certificates for. Ours: hosters have more, and shards.
#[cfg(feature = "tls")]
pub(crate) const TLS_NAMES: usize = 100_000;
/// Bytes that a server says before TLS begins. Ours: the longest greetings of mail servers have a few thousand.
#[cfg(feature = "tls")]
pub(crate) const STARTTLS_BYTES: usize = 64 << 10;
/// Seconds that it may take until TLS begins: as long as the handshake after it.
#[cfg(feature = "tls")]
pub(crate) const STARTTLS_SECONDS: u64 = 60;
/// Seconds that a new password may take over a connection: as long as the handshake before it.
#[cfg(feature = "opaque")]
pub(crate) const TLS_ENROLMENT_SECONDS: u64 = 60;
/// Bytes of what is said to prove something inside of a connection, at once. Ours: a name and a proof have 300.
#[cfg(feature = "tls")]
pub(crate) const TLS_PROOF_BYTES: usize = 1024;
/// Bytes of a shared key: RFC 9257 section 4.2 asks for 128 bits of randomness at least.
#[cfg(feature = "tls")]
pub(crate) const SHARED_KEY_BYTES: usize = 16;
/// See [`SHARED_KEY_BYTES`]: more than a hash takes in at once is none.
#[cfg(feature = "tls")]
pub(crate) const SHARED_KEY_MAX_BYTES: usize = 64;
/// Bytes of the name of a shared key. Ours: a length of one byte.
#[cfg(feature = "tls")]
pub(crate) const SHARED_KEY_IDENTITY_BYTES: usize = 255;
/// Sessions that a store is asked for in one handshake. Ours: clients offer one, and a message has room for nine hundred.
#[cfg(feature = "tls")]
pub(crate) const TLS_SESSIONS_ASKED: usize = 2;
/// Shared keys that a server has in memory. Ours: about 20 MiB; who has more has a database.
#[cfg(feature = "tls")]
pub(crate) const SHARED_KEYS: usize = 1 << 16;
/// Bytes of a user's name. Ours: a length of one byte.
#[cfg(feature = "opaque")]
pub(crate) const USER_NAME_BYTES: usize = 255;
/// Tries of a user's password at once, at most: NIST SP 800-63B-4 section 3.2.2 allows 100 that fail one after the other.
#[cfg(feature = "opaque")]
pub(crate) const PASSWORD_TRIES: u32 = 100;
/// Counters of tries, which users share by chance if there are more of them. Ours: 8 MiB, which nobody fills by ten thousand tries a second.
#[cfg(feature = "opaque")]
pub(crate) const PASSWORD_COUNTERS: usize = 1 << 20;
/// Clients of TLS 1.2 without tickets that a server knows again. rustls's number.
#[cfg(feature = "tls")]
pub(crate) const TLS_SESSIONS: usize = 256;
