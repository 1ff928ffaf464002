//! openssl: it takes our chains for what they are for, and we read and extend what it made.
use bulla::x509::{Authority, Certificate, Credential, Issue, Profile, Request, Spkac, Subtree};
use bulla::{ErrorKind, KeyKind, Passphrase, PrivateKey};

use crate::bench::{Bench, Chain};
use crate::{key, name};

/// Kinds that openssl 3.0 knows.
const KINDS: [KeyKind; 5] =
    [KeyKind::RSA_3072, KeyKind::P256, KeyKind::P384, KeyKind::P521, KeyKind::Ed25519];

const VERIFY: &str = "verify -x509_strict -CAfile root.pem -untrusted middle.pem";

#[test]
fn openssl_takes_each_leaf_for_what_it_is_for_and_nothing_else() {
    let Some(openssl) = Bench::of("openssl") else { return };
    for kind in KINDS {
        Chain::of(kind).write(&openssl);
        for (purpose, good) in [
            ("-purpose smimesign -verify_email bob@example.org", "mail.pem"),
            ("-purpose sslserver -verify_hostname www.example.org", "server.pem"),
            ("-purpose sslserver -verify_hostname any.example.net", "server.pem"),
            ("-purpose sslserver -verify_ip 192.0.2.1", "server.pem"),
            ("-purpose sslclient", "client.pem"),
            ("-purpose sslclient -policy_check -explicit_policy -policy 1.2.3.4", "client.pem"),
        ] {
            // A policy that the authority does not have is none of the path.
            let explicit = purpose.contains("explicit");
            for leaf in ["mail.pem", "server.pem", "client.pem"] {
                let result = openssl.try_run(&format!("{VERIFY} {purpose} {leaf}"));
                assert_eq!(result.is_ok(), leaf == good && !explicit, "{kind}: {purpose} {leaf}: {result:?}");
            }
        }
        for words in [
            "-purpose smimesign -verify_email eve@example.org mail.pem",
            "-purpose sslserver -verify_hostname example.net server.pem",
        ] {
            assert!(openssl.try_run(&format!("{VERIFY} {words}")).is_err(), "{words}");
        }
        // Of our kinds only RSA keys encipher keys; openssl knows no other way to encrypt mail.
        let encrypts = openssl.try_run(&format!("{VERIFY} -purpose smimeencrypt mail.pem")).is_ok();
        assert_eq!(encrypts, kind == KeyKind::RSA_3072, "{kind}");
    }
}

#[test]
fn openssl_takes_a_self_signed_certificate_that_it_is_told_to_trust() {
    let Some(openssl) = Bench::of("openssl") else { return };
    let key = key();
    let issued =
        Issue::self_signed_for(Profile::tls_server(&["localhost"]).unwrap(), &key).unwrap().sign().unwrap();
    openssl.write("root.pem", issued.to_pem());
    openssl
        .run("verify -x509_strict -CAfile root.pem -purpose sslserver -verify_hostname localhost root.pem");
    openssl.write("root.pem", Issue::self_signed(&name("CN=Bob"), &key).unwrap().to_pem());
    openssl.run("verify -x509_strict -CAfile root.pem root.pem");
}

#[test]
fn openssl_and_bulla_hold_an_authority_to_its_constraints() {
    let Some(openssl) = Bench::of("openssl") else { return };
    let root_key = key();
    let root = Issue::root(&name("CN=Root"), &root_key)
        .permit(Subtree::Email("example.org".into()))
        .permit(Subtree::Dns("example.org".into()))
        .exclude(Subtree::Dns("secret.example.org".into()))
        .sign()
        .unwrap();
    openssl.write("root.pem", root.to_pem());
    let root = Authority::new(Credential::new(root_key, [root]).unwrap()).unwrap();
    let middle_key = key();
    let middle = root.intermediate(&name("CN=Middle"), middle_key.public(), 0).unwrap().sign().unwrap();
    openssl.write("middle.pem", middle.to_pem());
    let again = PrivateKey::from_pem(&middle_key.expose_pem().unwrap(), || panic!()).unwrap();
    // One that does not know what is above it, and one that does.
    let alone = Authority::new(Credential::new(again, [middle.clone()]).unwrap()).unwrap();
    let chain = [middle, root.certificate().clone()];
    let whole = Authority::new(Credential::new(middle_key, chain).unwrap()).unwrap();
    for (host, good) in [
        ("www.example.org", true),
        ("*.mail.example.org", true),
        ("www.example.com", false),
        ("www.secret.example.org", false),
        ("secret.example.org", false),
    ] {
        let sign = |by: &Authority| by.tls_server(key().public(), &[host]).unwrap().sign();
        openssl.write("leaf.pem", sign(&alone).unwrap().to_pem());
        let said = openssl.try_run(&format!("{VERIFY} leaf.pem"));
        match sign(&whole) {
            Ok(_) => assert!(good && said.is_ok(), "{host}: {said:?}"),
            Err(error) => {
                assert!(error.to_string().contains("trusted by nobody"), "{error}");
                assert!(!good && said.unwrap_err().contains("subtree violation"), "{host}");
            }
        }
    }
}

#[test]
fn bulla_goes_on_from_what_openssl_made() {
    let Some(openssl) = Bench::of("openssl") else { return };
    openssl.write(
        "ca.cnf",
        "basicConstraints=critical,CA:TRUE,pathlen:1\nkeyUsage=critical,keyCertSign,cRLSign\n\
         subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
    );
    for (kind, making) in [
        (KeyKind::rsa(2048), "RSA -pkeyopt rsa_keygen_bits:2048"),
        (KeyKind::P384, "EC -pkeyopt ec_paramgen_curve:P-384"),
        (KeyKind::Ed25519, "ED25519"),
    ] {
        openssl.run(&format!("genpkey -algorithm {making} -out root.key"));
        openssl.run("req -x509 -new -key root.key -subj /O=Example/CN=Root~CA -days 30 -addext keyUsage=critical,keyCertSign -out root.pem");
        openssl.run(&format!("genpkey -algorithm {making} -out middle.key"));
        openssl.run("req -new -key middle.key -subj /O=Example/CN=Middle -out middle.csr");
        openssl.run("x509 -req -in middle.csr -CA root.pem -CAkey root.key -CAcreateserial -days 20 -extfile ca.cnf -out middle.pem");
        let chain = [openssl.certificate("root.pem"), openssl.certificate("middle.pem")];
        let middle = Authority::new(Credential::new(openssl.key("middle.key"), chain).unwrap()).unwrap();
        assert_eq!(middle.credential().chain().len(), 2);
        assert_eq!(middle.certificate().public_key().unwrap().kind(), kind);
        let leaf = middle.tls_server(key().public(), &["www.example.org"]).unwrap().sign().unwrap();
        // openssl's authority ends in 20 days, so the leaf does, too.
        assert_eq!(leaf.not_after().unwrap(), middle.certificate().not_after().unwrap());
        assert_eq!(
            leaf.authority_key_identifier().unwrap().unwrap().key_id,
            middle.certificate().subject_key_identifier().unwrap()
        );
        openssl.write("leaf.pem", leaf.to_pem());
        openssl.run(&format!("{VERIFY} -purpose sslserver leaf.pem"));
    }
}

#[test]
fn requests_go_both_ways() {
    let Some(openssl) = Bench::of("openssl") else { return };
    for kind in KINDS {
        let key = PrivateKey::generate(kind).unwrap();
        let asked = Request::builder(&key).subject(&name("CN=Bob,O=Example")).host("www.example.org");
        let asked =
            asked.email(&"bob@example.org".parse().unwrap()).challenge_password("pass*word").sign().unwrap();
        openssl.write("ours.csr", asked.to_pem());
        let said = openssl.run("req -in ours.csr -verify -noout -text -nameopt RFC2253");
        for part in [
            "Subject: CN=Bob,O=Example",
            "email:bob@example.org, DNS:www.example.org",
            "challengePassword",
            "pass*word",
        ] {
            assert!(said.contains(part), "{kind}: {part} is not in {said}");
        }
        openssl.write("theirs.key", key.expose_pem().unwrap().as_bytes());
        openssl.write(
            "theirs.cnf",
            "[req]\nprompt=no\ndistinguished_name=name\nattributes=attributes\nreq_extensions=extensions\n\
             [name]\nO=Example\nCN=Bob\n[attributes]\nchallengePassword=pässword\nunstructuredName=Bob\n\
             [extensions]\nsubjectAltName=DNS:www.example.org,IP:192.0.2.1,email:bob@example.org\nkeyUsage=digitalSignature\n",
        );
        openssl.run("req -new -utf8 -newhdr -config theirs.cnf -key theirs.key -out theirs.csr");
        let theirs = openssl.request("theirs.csr");
        assert!(openssl.read("theirs.csr").starts_with("-----BEGIN NEW CERTIFICATE REQUEST-----"));
        assert_eq!(theirs.subject(), name("CN=Bob,O=Example"));
        assert_eq!(theirs.hosts().unwrap(), ["www.example.org", "192.0.2.1"]);
        assert_eq!(theirs.email_addresses().unwrap(), ["bob@example.org".parse().unwrap()]);
        assert_eq!(theirs.extensions().unwrap().len(), 2);
        assert_eq!(theirs.expose_challenge_password().unwrap().unwrap().as_str(), "pässword");
        assert_eq!(theirs.attributes().count(), 3);
        assert_eq!(theirs.verify().unwrap().by(), key.public());
    }
}

#[test]
fn requests_that_are_signed_weakly_are_refused_by_name() {
    let Some(openssl) = Bench::of("openssl") else { return };
    openssl
        .write("rsa.key", PrivateKey::generate(KeyKind::rsa(2048)).unwrap().expose_pem().unwrap().as_bytes());
    for (digest, words) in [("md5", "MD5"), ("sha1", "sha1WithRSAEncryption")] {
        openssl.run(&format!("req -new -{digest} -key rsa.key -subj /CN=Bob -out weak.csr"));
        let error = openssl.request("weak.csr").verify().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(words), "{error}");
        assert!(openssl.request("weak.csr").to_string().contains(&format!("{digest}WithRSA")));
    }
}

#[test]
fn spkacs_go_both_ways() {
    let Some(openssl) = Bench::of("openssl") else { return };
    for kind in [KeyKind::rsa(2048), KeyKind::P256, KeyKind::P521] {
        let key = PrivateKey::generate(kind).unwrap();
        openssl.write("key.pem", key.expose_pem().unwrap().as_bytes());
        openssl.write("ours", format!("SPKAC={}\n", Spkac::sign(&key, "4711").unwrap().to_base64()));
        let said = openssl.run("spkac -in ours -verify -pubkey");
        assert!(said.contains("Challenge String: 4711") && said.contains(&key.public().to_pem()), "{said}");
        openssl.run("spkac -key key.pem -challenge 4711 -digest sha256 -out theirs");
        let theirs = Spkac::from_base64(&openssl.read("theirs")).unwrap();
        assert_eq!(theirs.clone().verify("4711").unwrap().by(), key.public());
        assert_eq!(theirs.verify("4712").unwrap_err().kind(), ErrorKind::Unauthentic);
    }
    openssl
        .write("key.pem", PrivateKey::generate(KeyKind::rsa(2048)).unwrap().expose_pem().unwrap().as_bytes());
    openssl.run("spkac -key key.pem -challenge 4711 -digest md5 -out old");
    let old = Spkac::from_base64(&openssl.read("old")).unwrap();
    let error = old.verify("4711").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("MD5"), "{error}");
}

#[test]
fn a_credential_is_read_from_what_openssl_wrote() {
    let Some(openssl) = Bench::of("openssl") else { return };
    let chain = Chain::of(KeyKind::rsa(2048));
    chain.write(&openssl);
    openssl.run("pkcs8 -topk8 -in mail.key -passout pass:one~two -v2 aes-256-cbc -out sealed.key");
    let files = ["middle.pem", "sealed.key", "root.pem", "mail.pem"].map(|file| openssl.read(file)).concat();
    let credential = Credential::from_pem(&files, &files, || Passphrase::new("one two")).unwrap();
    let expected: Vec<Certificate> = chain.mail.chain().to_vec();
    assert_eq!(credential.chain(), expected);
    assert!(Credential::from_pem(&files, &openssl.read("server.key"), || panic!()).is_err());
}
