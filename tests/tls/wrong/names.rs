//! Certificates of servers that are somebody else's, or name their server in a way that does not count.
use bulla::ErrorKind::{self, Untrusted, WrongName};

use super::made::{ALTERNATIVE_NAME, Case, Ground, dns, name};
use crate::make::{oid, sequence, tlv};

const NOT_FOR: &str = "it is not for";

/// One name in the wrong place, or a wrong one: the host, and the DNS names of the certificate.
const HOSTS: &[(&str, &[&str])] = &[
    ("www.example.org", &["www.example.com"]),
    ("www.example.org", &["example.org"]),
    ("www.example.org", &["org"]),
    ("www.example.org", &["ww.example.org"]),
    ("www.example.org", &["wwww.example.org"]),
    ("www.example.org", &["www.example.org.uk"]),
    ("www.example.org", &["a.www.example.org"]),
    ("www.example.org", &["wwwexample.org"]),
    ("www.example.org", &["www-example.org"]),
    ("www.example.org", &["www_example.org"]),
    ("www.example.org", &["www.examp1e.org"]),
    ("www.example.org", &["www.xn--exmple-cua.org"]),
    ("www.example.org", &["xn--www.example.org"]),
    ("www.example.org", &["mail.example.org", "ftp.example.org", "example.net"]),
    // Something before, behind or in between.
    ("www.example.org", &["www.example.org."]),
    ("www.example.org", &[".www.example.org"]),
    ("www.example.org", &["www..example.org"]),
    ("www.example.org", &[" www.example.org"]),
    ("www.example.org", &["www.example.org "]),
    ("www.example.org", &["www.example.org\n"]),
    ("www.example.org", &["www.example.org\t"]),
    ("www.example.org", &["www.example.org\0"]),
    ("www.example.org", &["www.example.org\0.evil.example"]),
    ("www.example.org", &["\0www.example.org"]),
    ("www.example.org", &["www.example.org:443"]),
    ("www.example.org", &["www.example.org/"]),
    ("www.example.org", &["https://www.example.org"]),
    ("www.example.org", &["user@www.example.org"]),
    ("www.example.org", &["www.example.org,www.example.com"]),
    ("www.example.org", &["%77ww.example.org"]),
    ("www.example.org", &["www\\.example\\.org"]),
    ("www.example.org", &["www.example.org\x7f"]),
    ("www.example.org", &[""]),
    ("www.example.org", &["."]),
    // Wildcards that are too wide, in the wrong place, or over more than a label.
    ("www.example.org", &["*"]),
    ("www.example.org", &["*."]),
    ("www.example.org", &["*.org"]),
    ("www.example.org", &["*.*"]),
    ("www.example.org", &["*.*.org"]),
    ("www.example.org", &["*.*.*"]),
    ("www.example.org", &["*.example.com"]),
    ("www.example.org", &["*.www.example.org"]),
    ("www.example.org", &["*.example.org."]),
    ("www.example.org", &["**.example.org"]),
    ("www.example.org", &["w*.example.org"]),
    ("www.example.org", &["*w.example.org"]),
    ("www.example.org", &["w*w.example.org"]),
    ("www.example.org", &["www*.example.org"]),
    ("www.example.org", &["www.*.org"]),
    ("www.example.org", &["www.example.*"]),
    ("www.example.org", &["www.ex*mple.org"]),
    ("www.example.org", &["?ww.example.org"]),
    ("www.example.org", &["[a-z]ww.example.org"]),
    ("www.example.org", &["*example.org"]),
    ("www.example.org", &["*..example.org"]),
    ("a.www.example.org", &["*.example.org"]),
    ("example.org", &["*.example.org"]),
    ("example.org", &["*.org"]),
    ("xn--bcher-kva.example.org", &["xn--*.example.org"]),
    ("xn--bcher-kva.example.org", &["bucher.example.org"]),
    ("localhost", &["*"]),
    ("localhost", &["*.localhost"]),
    ("localhost", &["localhost.localdomain"]),
    // Addresses are none of the names, and names no addresses.
    ("192.0.2.7", &["192.0.2.7"]),
    ("192.0.2.7", &["*.0.2.7"]),
    ("192.0.2.7", &["7.2.0.192.in-addr.arpa"]),
    ("2001:db8::7", &["2001:db8::7"]),
    ("2001:db8::7", &["[2001:db8::7]"]),
];

pub(crate) fn rows(ground: &Ground) -> Vec<Case> {
    let named = |what: String, names: &[u8], kind: ErrorKind, word: &str| {
        ground.row(what, &ground.leaf().instead(ALTERNATIVE_NAME, false, names), kind, word)
    };
    let mut rows = Vec::new();
    for (host, names) in HOSTS {
        let all: Vec<u8> = names.iter().flat_map(|name| dns(name)).collect();
        let what = format!("{host:?} by {names:?}");
        rows.push(named(what, &sequence(&[&all]), WrongName, &format!("{NOT_FOR} {host}")).host(host));
    }
    // Names of other kinds, which look like the host's.
    let host = "www.example.org";
    let text = |tag: u8| tlv(tag, &[host.as_bytes()]);
    let other = tlv(0xa0, &[&oid("1.3.6.1.4.1.99999.1"), &tlv(0xa0, &[&tlv(12, &[host.as_bytes()])])]);
    let service = format!("_https.{host}");
    let srv = tlv(0xa0, &[&oid("1.3.6.1.5.5.7.8.7"), &tlv(0xa0, &[&tlv(22, &[service.as_bytes()])])]);
    for (what, one) in [
        ("an e-mail address", tlv(0x81, &[b"bob@www.example.org"])),
        ("an e-mail address without its box", text(0x81)),
        ("a URI", tlv(0x86, &[b"https://www.example.org/"])),
        ("a URI of the bare host", text(0x86)),
        ("a directory's name", tlv(0xa4, &[&name("CN=www.example.org")])),
        ("another kind of name", other),
        ("a service's name", srv),
        ("a registered identifier", tlv(0x88, &[&oid("1.3.6.1.4.1.99999.1")[2..]])),
        ("an X.400 address", tlv(0xa3, &[&[0x30, 0]])),
        ("an address", tlv(0x87, &[&[192, 0, 2, 7]])),
    ] {
        rows.push(named(format!("{host} by {what}"), &sequence(&[&one]), WrongName, NOT_FOR));
    }
    let mapped = [&[0; 10][..], &[0xff, 0xff, 192, 0, 2, 7]].concat();
    let compatible = [&[0; 12][..], &[192, 0, 2, 7]].concat();
    for (host, bytes) in [
        ("192.0.2.7", &[192, 0, 2, 8][..]),
        ("192.0.2.7", &[7, 2, 0, 192]),
        ("192.0.2.7", &mapped),
        ("192.0.2.7", &compatible),
        ("::ffff:192.0.2.7", &mapped),
        ("2001:db8::7", &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8]),
        ("2001:db8::7", &[192, 0, 2, 7]),
        ("www.example.org", &[119, 119, 119, 46]),
    ] {
        let names = sequence(&[&tlv(0x87, &[bytes])]);
        rows.push(named(format!("{host} by the address {bytes:?}"), &names, WrongName, NOT_FOR).host(host));
    }
    // Only where nobody looks any more.
    for subject in
        ["CN=www.example.org", "CN=*.example.org", "CN=www.example.org,O=Example", "DC=www.example.org"]
    {
        let leaf = ground.leaf().without(ALTERNATIVE_NAME).but(|made| made.subject = name(subject));
        rows.push(ground.row(format!("no name but {subject}"), &leaf, WrongName, "but for nobody"));
        let leaf = leaf.with(ALTERNATIVE_NAME, false, &sequence(&[&dns("www.example.com")]));
        rows.push(ground.row(
            format!("{subject} beside another name"),
            &leaf,
            WrongName,
            "DNS:www.example.com",
        ));
    }
    rows.push(named("no name in the list".into(), &sequence(&[]), WrongName, "but for nobody"));
    // Names that cannot be read.
    let (good, bad) = (dns(host), "2.5.29.17 is not what");
    for (what, value) in [
        ("a name beyond ASCII", sequence(&[&dns("www.exämple.org")])),
        ("a good name, and one beyond ASCII", sequence(&[&good, &dns("www.exämple.org")])),
        ("a good name, and an address of five bytes", sequence(&[&good, &tlv(0x87, &[&[192, 0, 2, 7, 0]])])),
        ("a good name, and an address of no byte", sequence(&[&good, &tlv(0x87, &[])])),
        ("a good name, and a network", sequence(&[&good, &tlv(0x87, &[&[192, 0, 2, 0, 255, 255, 255, 0]])])),
        ("a good name, and one of a kind that there is not", sequence(&[&good, &tlv(0x89, &[b"x"])])),
        ("a name as a string", sequence(&[&tlv(22, &[host.as_bytes()])])),
        ("a name in pieces", sequence(&[&tlv(0xa2, &[&tlv(22, &[host.as_bytes()])])])),
        ("a set of names", tlv(0x31, &[&good])),
        ("a name without its list", good.clone()),
        ("bytes behind the list", [sequence(&[&good]), vec![0]].concat()),
        ("a list that is cut short", sequence(&[&good])[..10].to_vec()),
        ("nothing", Vec::new()),
    ] {
        rows.push(named(format!("names: {what}"), &value, Untrusted, bad));
    }
    rows
}

/// That what is wrong above is wrong by what it says, and not by how it is made.
pub(crate) fn good(ground: &Ground) -> Vec<Case> {
    let named = |host: &str, names: &[u8]| {
        let leaf = ground.leaf().instead(ALTERNATIVE_NAME, false, &sequence(&[names]));
        ground.row(format!("good: {host}"), &leaf, WrongName, "").host(host)
    };
    vec![
        named("www.example.org", &dns("www.example.org")),
        named("www.example.org", &dns("WWW.EXAMPLE.ORG")),
        named("www.example.org.", &dns("*.example.org")),
        named("localhost", &dns("localhost")),
        named("192.0.2.7", &tlv(0x87, &[&[192, 0, 2, 7]])),
        named("xn--bcher-kva.example.org", &dns("*.example.org")),
    ]
}
