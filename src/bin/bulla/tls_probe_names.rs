//! Suites and groups by their numbers at IANA, with what is wrong with them: what `bulla tls probe` asks servers for.

/// Suites of TLS 1.3 (RFC 8446 appendix B.4).
pub(crate) const SUITES_TLS13: [u16; 5] = [0x1302, 0x1303, 0x1301, 0x1304, 0x1305];

/// Groups, the post-quantum ones first (draft-ietf-tls-ecdhe-mlkem; RFC 8446 section 4.2.7).
pub(crate) const GROUPS: [(u16, &str); 12] = [
    (0x11ec, "X25519MLKEM768"),
    (0x11eb, "SecP256r1MLKEM768"),
    (0x11ed, "SecP384r1MLKEM1024"),
    (29, "x25519"),
    (23, "secp256r1"),
    (24, "secp384r1"),
    (25, "secp521r1"),
    (30, "x448"),
    (256, "ffdhe2048"),
    (257, "ffdhe3072"),
    (258, "ffdhe4096"),
    (22, "secp256k1"),
];

/// Groups that hold against quantum computers.
pub(crate) const POST_QUANTUM: [u16; 3] = [0x11ec, 0x11eb, 0x11ed];

/// Suites older than TLS 1.3: those that servers have had in use.
const SUITES: [(u16, &str); 74] = [
    (0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    (0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    (0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xc0ad, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM"),
    (0xc0ac, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"),
    (0xc0af, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8"),
    (0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"),
    (0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"),
    (0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
    (0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    (0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    (0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
    (0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    (0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    (0xc008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"),
    (0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"),
    (0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA"),
    (0xc006, "TLS_ECDHE_ECDSA_WITH_NULL_SHA"),
    (0xc010, "TLS_ECDHE_RSA_WITH_NULL_SHA"),
    (0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xc09f, "TLS_DHE_RSA_WITH_AES_256_CCM"),
    (0xc09e, "TLS_DHE_RSA_WITH_AES_128_CCM"),
    (0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"),
    (0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"),
    (0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"),
    (0x0088, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA"),
    (0x0045, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA"),
    (0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x0015, "TLS_DHE_RSA_WITH_DES_CBC_SHA"),
    (0x0014, "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA"),
    (0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"),
    (0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    (0xc09d, "TLS_RSA_WITH_AES_256_CCM"),
    (0xc09c, "TLS_RSA_WITH_AES_128_CCM"),
    (0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"),
    (0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"),
    (0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"),
    (0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"),
    (0x0084, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA"),
    (0x0041, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA"),
    (0x0096, "TLS_RSA_WITH_SEED_CBC_SHA"),
    (0x0007, "TLS_RSA_WITH_IDEA_CBC_SHA"),
    (0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x0009, "TLS_RSA_WITH_DES_CBC_SHA"),
    (0x0005, "TLS_RSA_WITH_RC4_128_SHA"),
    (0x0004, "TLS_RSA_WITH_RC4_128_MD5"),
    (0x0008, "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"),
    (0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5"),
    (0x003b, "TLS_RSA_WITH_NULL_SHA256"),
    (0x0002, "TLS_RSA_WITH_NULL_SHA"),
    (0x0001, "TLS_RSA_WITH_NULL_MD5"),
    (0x00a7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384"),
    (0x00a6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256"),
    (0x006d, "TLS_DH_anon_WITH_AES_256_CBC_SHA256"),
    (0x006c, "TLS_DH_anon_WITH_AES_128_CBC_SHA256"),
    (0x003a, "TLS_DH_anon_WITH_AES_256_CBC_SHA"),
    (0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA"),
    (0x001b, "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA"),
    (0x0018, "TLS_DH_anon_WITH_RC4_128_MD5"),
    (0xc019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA"),
    (0xc018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"),
    (0xc017, "TLS_ECDH_anon_WITH_3DES_EDE_CBC_SHA"),
    (0xc016, "TLS_ECDH_anon_WITH_RC4_128_SHA"),
    (0xc015, "TLS_ECDH_anon_WITH_NULL_SHA"),
    (0x00a3, "TLS_DHE_DSS_WITH_AES_256_GCM_SHA384"),
    (0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA"),
];

/// How bad something is: the worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Severity {
    /// Clients refuse it, or somebody in between can read or change what is said.
    Serious,
    /// It should not be there.
    Weak,
    /// Good to know.
    Note,
}

pub(crate) fn suites() -> Vec<u16> {
    SUITES.iter().map(|(number, _)| *number).collect()
}

pub(crate) fn suite_name(number: u16) -> String {
    let of_tls13 = match number {
        0x1301 => Some("TLS_AES_128_GCM_SHA256"),
        0x1302 => Some("TLS_AES_256_GCM_SHA384"),
        0x1303 => Some("TLS_CHACHA20_POLY1305_SHA256"),
        0x1304 => Some("TLS_AES_128_CCM_SHA256"),
        0x1305 => Some("TLS_AES_128_CCM_8_SHA256"),
        _ => None,
    };
    let old = || SUITES.iter().find(|(known, _)| *known == number).map(|(_, name)| *name);
    of_tls13.or_else(old).map_or_else(|| format!("0x{number:04x}"), str::to_owned)
}

pub(crate) fn group_name(number: u16) -> String {
    let known = GROUPS.iter().find(|(known, _)| *known == number);
    known.map_or_else(|| format!("0x{number:04x}"), |(_, name)| (*name).to_owned())
}

/// What is wrong with a suite, by the words of its name (RFC 9325 section 4).
pub(crate) fn wrong_with(suite: &str) -> Option<(Severity, &'static str)> {
    const WRONG: [(&str, Severity, &str); 10] = [
        ("_anon_", Severity::Serious, "the server does not say who it is"),
        ("_NULL_", Severity::Serious, "nothing is encrypted"),
        ("EXPORT", Severity::Serious, "its keys have 40 bits"),
        ("_RC4_", Severity::Serious, "RC4 is broken (RFC 7465)"),
        ("_DES_", Severity::Serious, "its keys have 56 bits"),
        ("_3DES_", Severity::Weak, "64-bit blocks repeat (CVE-2016-2183)"),
        ("_IDEA_", Severity::Weak, "64-bit blocks repeat (CVE-2016-2183)"),
        ("TLS_RSA_", Severity::Weak, "whoever gets the server's key reads what was recorded"),
        ("_CBC_", Severity::Weak, "CBC leaks by time (Lucky Thirteen)"),
        ("_CCM_8", Severity::Weak, "its tags have 64 bits"),
    ];
    let found = WRONG.iter().find(|(word, _, _)| suite.contains(word));
    found.map(|(_, severity, why)| (*severity, *why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_there_once_and_every_old_weakness_is_known_by_name() {
        let mut numbers = suites();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), SUITES.len());
        let sound: Vec<&str> =
            SUITES.iter().map(|(_, name)| *name).filter(|name| wrong_with(name).is_none()).collect();
        assert!(
            sound.iter().all(|name| name.contains("DHE_")
                && (name.contains("_GCM_") || name.ends_with("_CCM") || name.contains("_POLY1305_"))),
            "{sound:?}"
        );
        assert_eq!(sound.len(), 14);
        let severity = |name| wrong_with(name).map(|(severity, _)| severity);
        assert_eq!(severity("TLS_RSA_WITH_RC4_128_SHA"), Some(Severity::Serious));
        assert_eq!(severity("TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"), Some(Severity::Weak));
        assert!(SUITES_TLS13.iter().all(|suite| suite_name(*suite).starts_with("TLS_")));
        assert_eq!((suite_name(0x7777), group_name(0x7777)), ("0x7777".to_owned(), "0x7777".to_owned()));
    }
}
