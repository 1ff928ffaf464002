//! Chains that lead nowhere, to somebody else, or past what a CA on them may do.
use bulla::ErrorKind::{OverLimit, Untrusted};

use super::made::{
    ALTERNATIVE_NAME, BASIC_CONSTRAINTS, Case, Ground, Made, NAME_CONSTRAINTS, certificate, dns, name,
    trusting,
};
use crate::make::{KEY_USAGE, UNKNOWN, extension, oid, p256, sequence, tlv};
use crate::tls::lab::HOST;

const NOBODY: &str = "nobody trusted issued it";
const NOT_SIGNED: &str = "the key of whom it names as its issuer did not sign it";
const OUTSIDE: &str = "is outside of the names";
const PERMITTED: u8 = 0xa0;
const EXCLUDED: u8 = 0xa1;

pub(crate) fn roots(ground: &Ground) -> Vec<Case> {
    let leaf = || ground.leaf().sign(&ground.middle_key);
    let middle = || ground.middle.clone();
    let row = |what: &str, chain: &[Vec<u8>], word: &str| ground.chain(what, chain, Untrusted, word);
    let other = p256();
    let root_of = |subject: &str| Made::ca(subject, subject, &other).sign(&other);
    let alone = |issuer: &str| ground.leaf().but(|made| made.issuer = name(issuer));
    let own = alone("CN=End").sign(&ground.key);
    // Two CAs that vouch for each other, and nobody for them.
    let rounds = [("CN=Middle", "CN=Round"), ("CN=Round", "CN=Middle")]
        .map(|(subject, issuer)| Made::ca(subject, issuer, &ground.middle_key).sign(&ground.middle_key));
    let longest: Vec<Vec<u8>> = std::iter::once(leaf()).chain((0..31).map(|_| middle())).collect();
    vec![
        row("another root", &[leaf(), middle()], NOBODY).trust(trusting(&certificate(&root_of("CN=Other")))),
        row("another root of the same name", &[leaf(), middle()], NOT_SIGNED)
            .trust(trusting(&certificate(&root_of("CN=Root")))),
        row("another root, which is shown, too", &[leaf(), middle(), root_of("CN=Other")], NOBODY)
            .trust(trusting(&certificate(&root_of("CN=Third")))),
        row("a root of its own, which is shown", &[alone("CN=Own").sign(&other), root_of("CN=Own")], NOBODY),
        row(
            "a root of the anchor's name, which is shown",
            &[alone("CN=Root").sign(&other), root_of("CN=Root")],
            NOT_SIGNED,
        ),
        row("the CA in the middle first", &[middle(), leaf()], "it is a CA's"),
        row("the CA in the middle is missing", &[leaf()], NOBODY),
        row(
            "the root in the place of the CA in the middle",
            &[leaf(), ground.root.as_der().to_vec()],
            NOBODY,
        ),
        row("it vouches for itself", std::slice::from_ref(&own), NOBODY),
        row("it vouches for itself, and shows the anchor", &[own, ground.root.as_der().to_vec()], NOBODY),
        row("another names the root as its issuer", &[alone("CN=Root").sign(&other)], NOT_SIGNED),
        row(
            "the CA in the middle named the root",
            &[alone("CN=Root").sign(&ground.middle_key), middle()],
            NOT_SIGNED,
        ),
        row(
            "the root named the CA in the middle",
            &[ground.leaf().sign(&ground.root_key), middle()],
            NOT_SIGNED,
        ),
        row("signed by the CA's namesake", &[ground.leaf().sign(&other), middle()], NOT_SIGNED),
        row(
            "signed by its own key in the CA's name",
            &[ground.leaf().sign(&ground.key), middle()],
            NOT_SIGNED,
        ),
        row(
            "the CA's namesake is shown",
            &[leaf(), Made::ca("CN=Middle", "CN=Root", &other).sign(&ground.root_key)],
            NOT_SIGNED,
        ),
        row(
            "the CA's namesake signed both",
            &[ground.leaf().sign(&other), Made::ca("CN=Middle", "CN=Root", &other).sign(&other)],
            NOT_SIGNED,
        ),
        row(
            "an issuer's name in other words",
            &[alone("CN=Middle,O=Example").sign(&ground.middle_key), middle()],
            NOBODY,
        ),
        row(
            "an issuer without a name",
            &[ground.leaf().but(|made| made.issuer = sequence(&[])).sign(&ground.middle_key), middle()],
            NOBODY,
        ),
        row("two CAs in a round", &[leaf(), rounds[0].clone(), rounds[1].clone()], NOBODY),
        row(
            "the leaf as its own issuer, too",
            &[alone("CN=End").sign(&ground.key), alone("CN=End").sign(&ground.key)],
            NOBODY,
        ),
        ground.chain(
            "as many as are allowed, and one more",
            &[longest, vec![middle()]].concat(),
            OverLimit,
            "over 32",
        ),
    ]
}

/// Rows with CAs below each other: each name is certified by the one before it, from the root on.
fn tower(ground: &Ground, what: &str, cas: &[Made], keys: &[&bulla::PrivateKey], word: &str) -> Case {
    let mut chain = vec![ground.leaf().sign(keys.last().unwrap())];
    let signers = std::iter::once(&ground.root_key).chain(keys.iter().copied());
    let mut signed: Vec<Vec<u8>> = cas.iter().zip(signers).map(|(ca, key)| ca.sign(key)).collect();
    signed.reverse();
    chain.extend(signed);
    ground.chain(what, &chain, Untrusted, word)
}

pub(crate) fn authorities(ground: &Ground) -> Vec<Case> {
    let mut rows = Vec::new();
    let bounded = |most: u8| sequence(&[&[1, 1, 0xff], &[2, 1, most]]);
    let longer = "more CAs above it than one of them allows";
    let keys: Vec<_> = (0..3).map(|_| p256()).collect();
    let names = ["CN=Root", "CN=First", "CN=Second", "CN=Third"];
    // So many CAs below one that allows fewer: at each place of the path.
    for cas in 2..=4_usize {
        for bounded_at in 0..cas - 1 {
            for most in 0..cas - 1 - bounded_at {
                let mut all = Vec::new();
                let mut by = Vec::new();
                for at in 0..cas {
                    let last = at + 1 == cas;
                    let key = if last { &ground.middle_key } else { &keys[at] };
                    let subject = if last { "CN=Middle" } else { names[at + 1] };
                    let ca = Made::ca(subject, names[at], key);
                    let most = u8::try_from(most).unwrap();
                    all.push(if at == bounded_at {
                        ca.instead(BASIC_CONSTRAINTS, true, &bounded(most))
                    } else {
                        ca
                    });
                    by.push(key);
                }
                let what = format!("{cas} CAs, of which number {bounded_at} allows {most}");
                rows.push(tower(ground, &what, &all, &by, longer));
            }
        }
    }
    let root = Made::ca("CN=Root", "CN=Root", &ground.root_key).instead(BASIC_CONSTRAINTS, true, &bounded(0));
    let root = certificate(&root.sign(&ground.root_key));
    rows.push(
        ground.row("the root allows no CA below", &ground.leaf(), Untrusted, longer).trust(trusting(&root)),
    );

    let no_ca = "it is no CA's";
    for (what, ca) in [
        ("without constraints", ground.ca().without(BASIC_CONSTRAINTS)),
        ("whose constraints say nothing", ground.ca().instead(BASIC_CONSTRAINTS, true, &sequence(&[]))),
        ("that says it is none", ground.ca().instead(BASIC_CONSTRAINTS, true, &sequence(&[&[1, 1, 0]]))),
        ("that says but a length", ground.ca().instead(BASIC_CONSTRAINTS, true, &sequence(&[&[2, 1, 1]]))),
        ("that says nothing at all", ground.ca().but(|made| made.extensions.clear())),
        (
            "of version 1",
            ground.ca().but(|made| {
                made.extensions.clear();
                made.version.clear();
            }),
        ),
    ] {
        rows.push(ground.below(format!("a CA {what}"), &ca, Untrusted, no_ca));
    }
    // An end that issues another end.
    let by_end = ground.leaf().but(|made| made.subject = name("CN=Middle"));
    let by_end = by_end.but(|made| {
        made.issuer = name("CN=Root");
        made.key = ground.middle_key.public().as_der().to_vec();
    });
    rows.push(ground.below("an end as a CA", &by_end, Untrusted, no_ca));
    rows.push(ground.below(
        "an end as a CA, its key for certificates",
        &by_end.instead(KEY_USAGE, true, &[3, 2, 2, 4]),
        Untrusted,
        no_ca,
    ));
    let odd = ground.ca().instead(KEY_USAGE, true, &[3, 2, 8, 4]);
    rows.push(ground.below("a CA's key usage that cannot be read", &odd, Untrusted, "2.5.29.15 is not what"));
    // Policies that are asked for on the way, and are not there (RFC 5280 section 4.2.1.11).
    let explicit = |skip: u8| sequence(&[&[0x80, 1, skip]]);
    let policy = |id: &str| sequence(&[&sequence(&[&oid(id)])]);
    let (constraints, policies) = ("2.5.29.36", "2.5.29.32");
    let asked = "a policy is asked for";
    let ca = || ground.ca().with(policies, false, &policy("1.3.6.1.4.1.99999.1"));
    rows.push(ground.below(
        "a policy is asked for",
        &ground.ca().with(constraints, true, &explicit(0)),
        Untrusted,
        asked,
    ));
    rows.push(ground.below(
        "a policy is asked for, and the end has none",
        &ca().with(constraints, true, &explicit(0)),
        Untrusted,
        asked,
    ));
    let leaf = ground.leaf().with(policies, false, &policy("1.3.6.1.4.1.99999.2")).sign(&ground.middle_key);
    let chain = [leaf, ca().with(constraints, true, &explicit(0)).sign(&ground.root_key)];
    rows.push(ground.chain("a policy is asked for, and the end has another", &chain, Untrusted, asked));
    let mapped = sequence(&[&sequence(&[&oid("2.5.29.32.0"), &oid("1.3.6.1.4.1.99999.2")])]);
    let any = ca().with("2.5.29.33", true, &mapped);
    rows.push(ground.below("it maps any policy", &any, Untrusted, "stands for any"));
    rows
}

/// Constraints of the CA in the middle, and a name of the end, or its subject.
pub(crate) fn constraints(ground: &Ground) -> Vec<Case> {
    let mut rows = Vec::new();
    let network = |bytes: &[u8]| tlv(0x87, &[bytes]);
    let directory = |text: &str| tlv(0xa4, &[&name(text)]);
    let email = |text: &str| tlv(0x81, &[text.as_bytes()]);
    let uri = |text: &str| tlv(0x86, &[text.as_bytes()]);
    let v6 = |last: u8| [&[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[last]].concat();
    let v6_network = network(&[&v6(0)[..], &[0xff; 15], &[0xf0]].concat());
    let mapped = |last: [u8; 4]| [&[0; 10][..], &[0xff, 0xff], &last].concat();
    let ten = || network(&[10, 0, 0, 0, 255, 0, 0, 0]);
    let other =
        |text: &str| tlv(0xa0, &[&oid("1.3.6.1.4.1.99999.1"), &tlv(0xa0, &[&tlv(12, &[text.as_bytes()])])]);
    for (side, tree, more) in [
        (PERMITTED, dns("example.com"), None),
        (PERMITTED, dns("www.example.com"), None),
        (PERMITTED, dns("a.www.example.org"), None),
        (PERMITTED, dns("xample.org"), None),
        (PERMITTED, dns(".www.example.org"), None),
        (PERMITTED, dns("org.example.www"), None),
        (EXCLUDED, dns("www.example.org"), None),
        (EXCLUDED, dns("WWW.EXAMPLE.ORG"), None),
        (EXCLUDED, dns("example.org"), None),
        (EXCLUDED, dns(".example.org"), None),
        (EXCLUDED, dns("org"), None),
        (EXCLUDED, dns(""), None),
        // The host itself is all right, another name beside it is not.
        (PERMITTED, dns("example.org"), Some(dns("www.example.com"))),
        (PERMITTED, dns("example.org"), Some(dns("*.org"))),
        (PERMITTED, dns("www.example.org"), Some(dns("*.example.org"))),
        (EXCLUDED, dns("bank.example"), Some(dns("bank.example"))),
        (EXCLUDED, dns("bank.example"), Some(dns("www.bank.example."))),
        (EXCLUDED, dns("bank.example"), Some(dns("*.example"))),
        (EXCLUDED, dns("a.bank.example"), Some(dns("*.bank.example"))),
        (PERMITTED, ten(), Some(network(&[11, 0, 0, 1]))),
        (PERMITTED, ten(), Some(network(&mapped([10, 0, 0, 1])))),
        (EXCLUDED, ten(), Some(network(&[10, 1, 2, 3]))),
        (EXCLUDED, ten(), Some(network(&mapped([10, 1, 2, 3])))),
        (PERMITTED, v6_network.clone(), Some(network(&v6(16)))),
        (EXCLUDED, v6_network, Some(network(&v6(7)))),
        (EXCLUDED, network(&[0; 8]), Some(network(&[192, 0, 2, 7]))),
        (PERMITTED, email("example.org"), Some(email("bob@example.com"))),
        (PERMITTED, email("bob@example.org"), Some(email("eve@example.org"))),
        (PERMITTED, email(".example.org"), Some(email("bob@example.org"))),
        (EXCLUDED, email("example.org"), Some(email("bob@example.org"))),
        (EXCLUDED, email("bob@example.org"), Some(email("bob@EXAMPLE.org"))),
        (PERMITTED, uri("example.org"), Some(uri("https://example.com/"))),
        (PERMITTED, uri(".example.org"), Some(uri("https://example.org/"))),
        (EXCLUDED, uri("example.org"), Some(uri("https://bob@example.org:8443/x"))),
        (PERMITTED, directory("O=Example"), None),
        (PERMITTED, directory("CN=Other"), None),
        (EXCLUDED, directory("CN=End"), None),
        (EXCLUDED, directory("CN=END"), None),
        (EXCLUDED, directory("O=Bank"), Some(directory("O=Bank"))),
        (EXCLUDED, directory("O=Bank"), Some(directory("CN=x,O=B\u{ad}ank"))),
    ] {
        let trees = sequence(&[&tlv(side, &[&sequence(&[&tree])])]);
        let leaf = match &more {
            None => ground.leaf(),
            Some(more) => ground.leaf().instead(ALTERNATIVE_NAME, false, &sequence(&[&dns(HOST), more])),
        };
        let verb = if side == PERMITTED { "permits" } else { "excludes" };
        let what = format!("the CA {verb} {:?}, {more:?}", String::from_utf8_lossy(&tree[2..]));
        let chain = |ca: Made| [leaf.sign(&ground.middle_key), ca.sign(&ground.root_key)];
        let ca = ground.ca().with(NAME_CONSTRAINTS, true, &trees);
        rows.push(ground.chain(what, &chain(ca), Untrusted, OUTSIDE));
    }
    // What a root says binds, too.
    let trees = sequence(&[&tlv(EXCLUDED, &[&sequence(&[&dns("example.org")])])]);
    let root = Made::ca("CN=Root", "CN=Root", &ground.root_key).with(NAME_CONSTRAINTS, true, &trees);
    let root = certificate(&root.sign(&ground.root_key));
    rows.push(
        ground.row("the root excludes the host", &ground.leaf(), Untrusted, OUTSIDE).trust(trusting(&root)),
    );
    // What cannot be compared is refused.
    for (tree, more) in [
        (dns("example.net"), dns("a.example.org..")),
        (dns("example.com"), dns("w*.example.net")),
        (dns("exa mple.org"), dns("www.example.net")),
        (other("a"), other("b")),
        (uri("example.org"), uri("urn:x")),
        (uri("example.org"), uri("https://192.0.2.7/")),
        (email("example.org"), email("nobody")),
    ] {
        let trees = sequence(&[&tlv(EXCLUDED, &[&sequence(&[&tree])])]);
        let leaf = ground.leaf().instead(ALTERNATIVE_NAME, false, &sequence(&[&dns(HOST), &more]));
        let ca = ground.ca().with(NAME_CONSTRAINTS, true, &trees).sign(&ground.root_key);
        let what = format!("{tree:?} against {more:?}");
        rows.push(ground.chain(what, &[leaf.sign(&ground.middle_key), ca], Untrusted, "cannot be compared"));
    }
    for (what, value) in [
        ("no value", Vec::new()),
        ("neither the one nor the other", sequence(&[])),
        (
            "a network of five bytes",
            sequence(&[&tlv(EXCLUDED, &[&sequence(&[&network(&[10, 0, 0, 0, 255])])])]),
        ),
        (
            "a least distance",
            sequence(&[&tlv(EXCLUDED, &[&sequence(&[&dns("example.net"), &[0x80, 1, 1]])])]),
        ),
        ("a list of a third kind", sequence(&[&tlv(0xa2, &[&sequence(&[&dns("example.net")])])])),
    ] {
        for critical in [false, true] {
            let ca = ground.ca().with(NAME_CONSTRAINTS, critical, &value);
            let word = if critical { "is not understood" } else { "2.5.29.30 is not what" };
            rows.push(ground.below(
                format!("constraints: {what}, critical {critical}"),
                &ca,
                Untrusted,
                word,
            ));
        }
    }
    rows
}

/// Critical extensions that nobody knows, or nobody can read.
pub(crate) fn critical(ground: &Ground) -> Vec<Case> {
    let mut rows = Vec::new();
    for (id, value) in [
        (UNKNOWN, vec![5, 0]),
        (UNKNOWN, Vec::new()),
        // A certificate for a log alone (RFC 6962 section 3.1).
        ("1.3.6.1.4.1.11129.2.4.3", vec![5, 0]),
        // Of Netscape's, of Microsoft's, and of those that may not be critical.
        ("2.16.840.1.113730.1.1", vec![3, 2, 6, 0x40]),
        ("1.3.6.1.4.1.311.20.2", vec![30, 2, 0, 65]),
        ("2.5.29.16", sequence(&[])),
        ("2.5.29.46", sequence(&[])),
        ("2.5.29.9", sequence(&[])),
        ("1.3.6.1.5.5.7.1.1", sequence(&[])),
        ("1.3.6.1.5.5.7.1.24", sequence(&[&[2, 1, 5]])),
        ("1.3.6.1.5.5.7.1.3", sequence(&[])),
        // Known, and not to be read.
        ("2.5.29.14", vec![5, 0]),
        ("2.5.29.18", vec![5, 0]),
        ("2.5.29.31", vec![5, 0]),
        ("2.5.29.32", vec![5, 0]),
        ("2.5.29.33", vec![5, 0]),
        ("2.5.29.36", vec![5, 0]),
        ("2.5.29.54", vec![5, 0]),
    ] {
        let word = format!("its critical extension {id} is not understood");
        let what = format!("critical: {id} {value:?}");
        rows.push(ground.row(
            format!("{what} of the end"),
            &ground.leaf().with(id, true, &value),
            Untrusted,
            &word,
        ));
        rows.push(ground.below(
            format!("{what} of the CA"),
            &ground.ca().with(id, true, &value),
            Untrusted,
            &word,
        ));
    }
    let twice = "an extension is there twice";
    for (what, id, value) in
        [("one that nobody knows", UNKNOWN, vec![5, 0]), ("its issuer's key", "2.5.29.35", sequence(&[]))]
    {
        rows.push(ground.row(
            format!("{what}, twice"),
            &ground.leaf().with(id, false, &value).with(id, false, &value),
            Untrusted,
            twice,
        ));
        rows.push(ground.below(
            format!("{what}, twice in the CA's"),
            &ground.ca().with(id, false, &value).with(id, false, &value),
            Untrusted,
            twice,
        ));
    }
    for at in 0..4 {
        let leaf = ground.leaf().but(|made| made.extensions.push(made.extensions[at].clone()));
        rows.push(ground.row(format!("extension {at} twice"), &leaf, Untrusted, "twice"));
    }
    for id in [ALTERNATIVE_NAME, BASIC_CONSTRAINTS] {
        // Another value, which an old reader would take: the first, or the last.
        let value = if id == ALTERNATIVE_NAME {
            sequence(&[&dns("www.example.com")])
        } else {
            sequence(&[&[1, 1, 0xff]])
        };
        for first in [false, true] {
            let leaf = ground.leaf().but(|made| {
                let at = if first { 0 } else { made.extensions.len() };
                made.extensions.insert(at, (id.to_owned(), extension(id, false, &value)));
            });
            rows.push(ground.row(format!("{id} twice, another first {first}"), &leaf, Untrusted, "twice"));
        }
    }
    rows
}
