//! Certificates that were revoked, or of which nobody can tell, and such as a rule of the caller's takes away.
use bulla::ErrorKind::{self, NotAllowed, Revoked, Undetermined};
use bulla::tls::{Allowed, Trust};
use bulla::x509::Crl;

use super::made::{Case, DAY, Ground, Made, certificate, purposes};
use crate::make::{
    Answer, DELTA, ENUMERATED, EXTENDED_KEY_USAGE, GOOD, ISSUING_POINT, KEY_USAGE, List, NO_CHECK, NOT_KNOWN,
    NOW, Party, REASON, Response, UNKNOWN, extension, generalized, id, p256, revoked, sequence,
};

/// As RFC 5280 section 5.3.1 counts them.
const REASONS: [(u8, &str); 10] = [
    (0, "Unspecified"),
    (1, "Key Compromise"),
    (2, "CA Compromise"),
    (3, "Affiliation Changed"),
    (4, "Superseded"),
    (5, "Cessation Of Operation"),
    (6, "Certificate Hold"),
    (8, "Remove From CRL"),
    (9, "Privilege Withdrawn"),
    (10, "AA Compromise"),
];

fn reason(code: u8) -> Vec<u8> {
    extension(REASON, false, &[ENUMERATED, 1, code])
}

/// The two CAs, each with its key, its name and whom it lists.
fn issuers(ground: &Ground) -> [(&'static str, &'static str, &bulla::PrivateKey); 2] {
    [("the end", "CN=Middle", &ground.middle_key), ("the CA", "CN=Root", &ground.root_key)]
}

pub(crate) fn lists(ground: &Ground) -> Vec<Case> {
    let mut rows = Vec::new();
    let plain = |what: String, trust: Trust, kind: ErrorKind, word: &str| {
        ground.row(what, &ground.leaf(), kind, word).trust(trust)
    };
    let by = |crls: &[Crl]| ground.trust().crls(crls.to_vec());
    // Both have this number, each of its own issuer.
    let serial = &ground.leaf().serial[2..];
    for (whom, name, key) in issuers(ground) {
        let listed = |extensions: &[Vec<u8>]| List::by(name).entry(serial, extensions);
        for (code, word) in REASONS {
            let crl = listed(&[reason(code)]).sign(key);
            rows.push(plain(format!("{whom} is revoked: {word}"), by(&[crl]), Revoked, word));
        }
        let crl = listed(&[]).sign(key);
        rows.push(plain(
            format!("{whom} is revoked"),
            by(std::slice::from_ref(&crl)),
            Revoked,
            "it was revoked at",
        ));
        // A newer list without it, and an older one with it.
        let clean =
            List { times: vec![generalized(NOW), generalized(NOW + 2 * DAY)], ..List::by(name) }.sign(key);
        rows.push(plain(
            format!("{whom} is revoked in one of two lists"),
            by(&[clean, crl]),
            Revoked,
            "revoked at",
        ));
        let many = (1..=200).fold(List::by(name), |list, number| list.entry(&[1, number], &[]));
        let crl = many.entry(serial, &[reason(1)]).sign(key);
        rows.push(plain(format!("{whom} is the last of many"), by(&[crl]), Revoked, "Key Compromise"));

        let other = p256();
        let within = |times: [i64; 2]| List { times: times.map(generalized).to_vec(), ..List::by(name) };
        let partly = sequence(&[&[0x83, 2, 6, 0x40]]);
        for (what, crl, word) in [
            ("expired", within([NOW - 2 * DAY, NOW - DAY]).sign(key), "the next was due by"),
            (
                "that expired ten years ago",
                within([NOW - 3660 * DAY, NOW - 3650 * DAY]).sign(key),
                "the next was due by 2016",
            ),
            ("that is to come", within([NOW + DAY, NOW + 2 * DAY]).sign(key), "its CRL: it is from"),
            ("by a namesake", List::by(name).sign(&other), "signed by nobody who may"),
            ("by the end", List::by(name).sign(&ground.key), "signed by nobody who may"),
            (
                "with something critical",
                List::by(name).with(UNKNOWN, true, &[5, 0]).sign(key),
                "critical extension",
            ),
            (
                "for one reason",
                List::by(name).with(ISSUING_POINT, true, &partly).sign(key),
                "for some reasons",
            ),
            ("of changes alone", List::by(name).with(DELTA, true, &[2, 1, 1]).sign(key), "delta"),
            ("with a reason that there is not", listed(&[reason(7)]).sign(key), "2.5.29.21 is not what"),
            (
                "with something critical of it",
                listed(&[extension(UNKNOWN, true, &[5, 0])]).sign(key),
                "critical extension",
            ),
            (
                "with something critical of another",
                List::by(name).entry(&[9], &[extension(UNKNOWN, true, &[5, 0])]).sign(key),
                "critical extension",
            ),
            (
                "that names no next",
                List { times: vec![generalized(NOW - DAY)], ..List::by(name) }.sign(key),
                "when the next is due",
            ),
        ] {
            rows.push(plain(format!("{whom}: a list {what}"), by(&[crl]), Undetermined, word));
        }
        // Where each has to be spoken of, it is not enough that one is.
        let of = if name == "CN=Root" { "CN=Middle" } else { "CN=Root" };
        let other_key = if name == "CN=Root" { &ground.middle_key } else { &ground.root_key };
        let half = ground.trust().require_revocation().crls([List::by(of).sign(other_key)]);
        rows.push(plain(
            format!("{whom} alone is not spoken of"),
            half,
            Undetermined,
            "nothing of its issuer",
        ));
    }
    let require = || ground.trust().require_revocation();
    rows.push(plain(
        "no list where one is required".into(),
        require(),
        Undetermined,
        "nothing of its issuer",
    ));
    let strange = List::by("CN=Stranger").sign(&p256());
    rows.push(plain(
        "a stranger's list".into(),
        require().crls([strange]),
        Undetermined,
        "nothing of its issuer",
    ));
    // A CA whose key is not for lists.
    let ca = ground.ca().instead(KEY_USAGE, true, &[3, 2, 2, 4]);
    let row = ground.below("a list by a CA that may not", &ca, Undetermined, "signed by nobody who may");
    rows.push(row.trust(by(&[List::by("CN=Middle").sign(&ground.middle_key)])));
    rows
}

/// Stapled responses: servers alone have them.
pub(crate) fn stapled(ground: &Ground) -> Vec<Case> {
    let mut rows = Vec::new();
    let leaf = ground.leaf().sign(&ground.middle_key);
    let middle = certificate(&ground.middle);
    let about = id(&certificate(&leaf), &middle);
    let key = &ground.middle_key;
    let mut row = |what: &str, ocsp: Vec<u8>, kind: ErrorKind, word: &str| {
        rows.push(ground.row(format!("OCSP: {what}"), &ground.leaf(), kind, word).staple(ocsp));
    };
    let answer = |status: &[u8]| Answer::new(&about, status);
    let by_ca = |answer: Answer| Response::by("CN=Middle", &[answer]);
    for (code, word) in REASONS {
        row(&format!("revoked, {word}"), by_ca(answer(&revoked(Some(code)))).der(key), Revoked, word);
    }
    row("revoked", by_ca(answer(&revoked(None))).der(key), Revoked, "it was revoked at");
    row("not known", by_ca(answer(NOT_KNOWN)).der(key), Undetermined, "does not know it");
    let at = |this: i64, next: i64| Answer { this_update: this, next_update: Some(next), ..answer(GOOD) };
    let said = "its OCSP response";
    row("over", by_ca(at(NOW - 2 * DAY, NOW - DAY)).der(key), Undetermined, "it was good from");
    row("to come", by_ca(at(NOW + DAY, NOW + 2 * DAY)).der(key), Undetermined, "OCSP response: it is from");
    row("of a namesake", by_ca(answer(GOOD)).der(&p256()), Undetermined, said);
    row("of the end itself", by_ca(answer(GOOD)).der(&ground.key), Undetermined, said);
    // Whoever the CA did not make its responder answers for nobody.
    let responder = |draft: Made, signed: &bulla::PrivateKey| {
        let key = p256();
        let der = draft.but(|made| made.key = key.public().as_der().to_vec()).sign(signed);
        Party { certificate: certificate(&der), key }
    };
    let draft = |all: &[&str]| {
        Made::new("CN=Responder", "CN=Middle", &[]).with(EXTENDED_KEY_USAGE, false, &purposes(all)).with(
            NO_CHECK,
            false,
            &[5, 0],
        )
    };
    let answers = ["1.3.6.1.5.5.7.3.9"];
    let not_for = "is not for signing OCSP responses";
    for (what, party, word) in [
        ("one who may not", responder(draft(&[ground.purpose()]), key), not_for),
        ("one who may do anything", responder(draft(&["2.5.29.37.0"]), key), not_for),
        (
            "one whose time is over",
            responder(draft(&answers).valid(NOW - 2 * DAY, NOW - DAY), key),
            "certificate is valid from",
        ),
        ("one who may have been revoked", responder(draft(&answers).without(NO_CHECK), key), "nobody says"),
        ("one whom another made", responder(draft(&answers), &p256()), said),
        (
            "one whom the root made",
            responder(
                draft(&answers).but(|made| made.issuer = super::made::name("CN=Root")),
                &ground.root_key,
            ),
            "is not from the issuer itself",
        ),
    ] {
        let response = Response::by("CN=Responder", &[answer(GOOD)]).with(&party.certificate);
        row(&format!("by {what}"), response.der(&party.key), Undetermined, word);
    }
    // What says nothing of it is none where one is required.
    let other = Made::new("CN=Other", "CN=Middle", ground.key.public().as_der());
    let other = other.but(|made| made.serial = vec![2, 1, 9]).sign(key);
    let good_of_another = Response::by("CN=Middle", &[Answer::new(&id(&certificate(&other), &middle), GOOD)]);
    let mut required = |what: &str, ocsp: Vec<u8>, word: &str| {
        let root_list = List::by("CN=Root").sign(&ground.root_key);
        let trust = ground.trust().require_revocation().crls([root_list]);
        let row = ground.row(format!("OCSP required: {what}"), &ground.leaf(), Undetermined, word);
        rows.push(row.staple(ocsp).trust(trust));
    };
    required("about another", good_of_another.der(key), "nothing of its issuer");
    required("later, please", sequence(&[&[ENUMERATED, 1, 3]]), "nothing of its issuer");
    for (what, ocsp) in [
        ("cut off", by_ca(answer(GOOD)).der(key)[..60].to_vec()),
        ("with a byte behind", [by_ca(answer(GOOD)).der(key), vec![0]].concat()),
        ("text", b"good".to_vec()),
    ] {
        let row = ground.row(
            format!("OCSP: {what}"),
            &ground.leaf(),
            ErrorKind::Malformed,
            "OCSP response: it is none in DER",
        );
        rows.push(row.staple(ocsp));
    }
    rows
}

/// Rules of the caller's: the certificate itself is sound.
pub(crate) fn rules(ground: &Ground) -> Vec<Case> {
    let stranger = || p256().public().fingerprint();
    let own = ground.key.public().fingerprint();
    let trust = || ground.trust();
    let (pinned, none_of) = ("none of the pinned keys", "none of those that are let in");
    let host = |text: &str| Allowed::Host(text.parse().unwrap());
    let email = |text: &str| Allowed::Email(text.parse().unwrap());
    let mut rows: Vec<Case> = [
        ("a stranger's pin", trust().pin([stranger()]), pinned),
        ("many strangers' pins", trust().pin((0..20).map(|_| stranger())), pinned),
        ("a pin of nobody's", trust().pin([stranger()]).only([Allowed::Key(own)]), pinned),
        ("nobody is let in", trust().only([]), none_of),
        ("another key is let in", trust().only([Allowed::Key(stranger())]), none_of),
        (
            "the root's key is let in",
            trust().only([Allowed::Key(ground.root_key.public().fingerprint())]),
            none_of,
        ),
        (
            "the CA's key is let in",
            trust().only([Allowed::Key(ground.middle_key.public().fingerprint())]),
            none_of,
        ),
        ("another host is let in", trust().only([host("www.example.com")]), none_of),
        ("the host above is let in", trust().only([host("example.org")]), none_of),
        ("a host below is let in", trust().only([host("a.www.example.org")]), none_of),
        ("an address is let in", trust().only([host("192.0.2.7")]), none_of),
        ("a mailbox is let in", trust().only([email("bob@www.example.org")]), none_of),
        (
            "several others are let in",
            trust().only([host("a.example")]).only([email("a@b.example")]),
            none_of,
        ),
        ("a check says no", trust().also(|_| Err("not on Sundays".into())), "not on Sundays"),
        ("the first check says no", trust().also(|_| Err("not today".into())).also(|_| Ok(())), "not today"),
        ("the last check says no", trust().also(|_| Ok(())).also(|_| Err("nor today".into())), "nor today"),
        (
            "a check of the path",
            trust().also(|peer| match peer.by().certificates().len() {
                1 => Ok(()),
                length => Err(format!("{length} are too many")),
            }),
            "2 are too many",
        ),
    ]
    .into_iter()
    .map(|(what, trust, word)| ground.row(what, &ground.leaf(), NotAllowed, word).trust(trust))
    .collect();
    // Shown beside the path, a pinned key is not on it.
    let beside = p256();
    let other = Made::ca("CN=Other", "CN=Other", &beside).sign(&beside);
    let chain = [ground.leaf().sign(&ground.middle_key), ground.middle.clone(), other];
    let row = ground.chain("a pinned key beside the path", &chain, NotAllowed, pinned);
    rows.push(row.trust(trust().pin([beside.public().fingerprint()])));
    // A rule lets nobody in whom nobody vouches for.
    let alone = ground.leaf().but(|made| made.issuer = super::made::name("CN=End")).sign(&ground.key);
    for (what, trust) in [
        ("a pin", trust().pin([own])),
        ("a key that is let in", trust().only([Allowed::Key(own)])),
        ("a host that is let in", trust().only([host("www.example.org")])),
        ("a check that is content", trust().also(|_| Ok(()))),
    ] {
        let chain = std::slice::from_ref(&alone);
        let row = ground.chain(
            format!("{what} is no trust"),
            chain,
            ErrorKind::Untrusted,
            "nobody trusted issued it",
        );
        rows.push(row.trust(trust));
    }
    rows
}
