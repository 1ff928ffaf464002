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
