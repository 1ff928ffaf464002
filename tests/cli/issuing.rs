//! `bulla cert self-signed`, `request`, `issue` and `test-ca`: certificates that openssl and we ourselves trust.
use super::cert::{openssl, with_authority};
use super::lab::Lab;

/// A lab with the private keys `root.key`, `ca.key` and `bob.key`.
fn with_keys() -> Lab {
    let lab = Lab::furnished();
    for name in ["root", "ca", "bob"] {
        lab.ok(&format!("key generate --kind p256 --plain -o {name}.key"));
    }
    lab
}

#[test]
fn a_root_an_intermediate_and_leaves_are_made_by_commands_and_trusted() {
    let lab = with_keys();
    lab.ok("cert self-signed --key root.key --ca --name CN=Root,O=Example -o root.pem");
    lab.ok("key convert --public -o ca.pub ca.key");
    lab.ok(
        "cert issue --with root.pem --key root.key --public-key ca.pub --ca --name CN=CA,O=Example -o ca.pem",
    );
    lab.ok("cert request --key bob.key --email bob@example.org -o bob.csr");
    lab.ok(
        "cert issue --with ca.pem --key ca.key --request bob.csr --email bob@example.org --chain -o bob.pem",
    );
    lab.ok("cert verify --trust root.pem --purpose email --name bob@example.org bob.pem");
    lab.ok(
        "cert request --key bob.key --host www.example.org --name CN=www.example.org,O=Example -o www.csr",
    );
    let issued = "cert issue --with ca.pem --key ca.key --request www.csr --as-requested --days 30";
    lab.ok(&format!(
        "{issued} --crl-at http://ca.example.org/ca.crl --ocsp-at http://ocsp.example.org/ --issuer-at \
         http://ca.example.org/ca.cer --policy 1.2.3.4 -o www.pem"
    ));
    lab.ok(
        "cert verify --trust root.pem --untrusted ca.pem --purpose tls-server --name www.example.org www.pem",
    );
    // The path has no policy that its CA does not have.
    lab.fails(1, "cert verify --trust root.pem --untrusted ca.pem --require-policy --purpose any www.pem");
    // A leaf issues nothing, and an authority of path length 0 no other.
    lab.fails(2, "cert issue --with bob.pem --key bob.key --request www.csr --host www.example.org");
    lab.fails(2, "cert issue --with ca.pem --key ca.key --public-key bob.pem --ca --name CN=Below");
    if openssl(&lab, "version").is_some() {
        openssl(&lab, "req -in bob.csr -noout -verify");
        openssl(&lab, "verify -x509_strict -CAfile root.pem -untrusted ca.pem -purpose smimesign bob.pem");
        openssl(&lab, "verify -x509_strict -CAfile root.pem -untrusted ca.pem -purpose sslserver www.pem");
        let shown = openssl(&lab, "x509 -in www.pem -noout -text").unwrap();
        for said in
            ["URI:http://ca.example.org/ca.crl", "OCSP - URI:http://ocsp.example.org/", "Policy: 1.2.3.4"]
        {
            assert!(shown.contains(said), "{shown}");
        }
    }
}

#[test]
fn a_self_signed_certificate_is_what_it_is_said_to_be_for() {
    let lab = with_keys();
    lab.ok("cert self-signed --key bob.key --host localhost --host 127.0.0.1 --days 7 -o server.pem");
    lab.ok("cert verify --trust server.pem --purpose tls-server --name 127.0.0.1 server.pem");
    lab.fails(1, "cert verify --trust server.pem --purpose tls-server --name 127.0.0.2 server.pem");
    lab.ok("cert self-signed --key bob.key --email bob@example.org -o mail.pem");
    lab.ok("cert verify --trust mail.pem --purpose email --name bob@example.org mail.pem");
    lab.fails(1, "cert verify --trust mail.pem --purpose tls-server --name localhost mail.pem");
    lab.ok("cert self-signed --key bob.key --client --name CN=Bob -o client.pem");
    lab.ok("cert verify --trust client.pem --purpose tls-client client.pem");
    lab.ok("cert self-signed --key bob.key --name CN=Bob -o bob.pem");
    lab.ok("cert verify --trust bob.pem --purpose any bob.pem");
    let times = "--from 2026-01-01T00:00:00Z --until 2026-01-31T23:59:59Z";
    lab.ok(&format!("cert self-signed --key bob.key --host localhost {times} -o past.pem"));
    let judge = "cert verify --trust past.pem --purpose tls-server --name localhost past.pem --at";
    lab.ok(&format!("{judge} 2026-01-31T23:59:59Z"));
    lab.fails(1, &format!("{judge} 2026-02-01T00:00:00Z"));
    lab.fails(1, &format!("{judge} 2025-12-31T23:59:59Z"));
}

#[test]
fn openssls_requests_are_certified_and_one_that_was_changed_is_not() {
    let lab = with_authority();
    lab.ok("key generate --kind p384 --plain -o bob.key");
    let made = "req -new -key bob.key -subj /CN=bob@example.org -addext subjectAltName=email:bob@example.org";
    if openssl(&lab, &format!("{made} -out bob.csr")).is_none() {
        return;
    }
    lab.ok("cert issue --with ca/ca.pem --key ca/ca.key --request bob.csr --as-requested --chain -o bob.pem");
    lab.ok("cert verify --trust ca/root.pem --purpose email --name bob@example.org bob.pem");
    openssl(&lab, "verify -CAfile ca/root.pem -untrusted ca/ca.pem bob.pem");
    openssl(&lab, "req -in bob.csr -outform DER -out bob.der");
    let mut der = lab.read("bob.der");
    // The name, which is signed as well as the key.
    let place = der.windows(3).position(|window| window == b"bob").unwrap();
    der[place] = b'r';
    lab.write("rob.der", &der);
    lab.fails(1, "cert issue --with ca/ca.pem --key ca/ca.key --request rob.der --as-requested");
}

#[test]
fn a_credential_comes_from_pkcs_12_or_pem_sealed_or_plain() {
    let lab = with_authority();
    lab.ok("key convert --passphrase-file pass -o sealed.key ca/ca.key");
    let pem = [lab.read("ca/ca.pem"), lab.read("sealed.key")].concat();
    lab.write("ca.pem", pem);
    lab.ok("p12 export --passphrase-file pass -o ca.p12 ca.pem");
    lab.ok("key convert --public -o bob.pub ca/bob.key");
    for with in
        ["ca.pem --passphrase-file pass", "ca.p12 --passphrase-file pass", "ca/ca.pem --key ca/ca.key"]
    {
        lab.ok(&format!("cert issue --with {with} --public-key bob.pub --email bob@example.org"));
    }
    lab.write("wrong", "incorrect horse\n");
    for with in ["ca.pem", "ca.p12"] {
        let line = format!(
            "cert issue --with {with} --passphrase-file wrong --public-key bob.pub --email bob@example.org"
        );
        lab.fails(1, &line);
    }
    lab.fails(
        2,
        "cert issue --with ca/ca.pem --key ca/root.key --public-key bob.pub --email bob@example.org",
    );
    lab.fails(2, "cert issue --with ca.p12 --key ca/ca.key --passphrase-file pass --public-key bob.pub --email b@example.org");
}

#[test]
fn a_misuse_of_issuing_gets_a_line_that_helps() {
    let lab = with_keys();
    lab.ok("cert self-signed --key root.key --ca --name CN=Root -o root.pem");
    lab.ok("cert request --key bob.key --email bob@example.org -o bob.csr");
    lab.ok("key generate --kind x25519 --plain -o x.key");
    let issue = "cert issue --with root.pem --key root.key";
    for (line, said) in [
        ("cert self-signed --key bob.key".to_owned(), "--email, --host"),
        ("cert self-signed --key bob.key --name CN=Bob --days 7".to_owned(), "--email, --host"),
        ("cert self-signed --key bob.key --ca".to_owned(), "--name"),
        ("cert self-signed --key bob.key --email bob".to_owned(), "bob@example.org"),
        ("cert self-signed --key bob.key --host http://localhost/".to_owned(), "www.example.org"),
        ("cert self-signed --key bob.key --name Bob".to_owned(), "CN=Bob"),
        ("cert self-signed --key x.key --host localhost".to_owned(), "cannot sign"),
        (
            "cert self-signed --key bob.key --email b@example.org --host localhost".to_owned(),
            "cannot be used with",
        ),
        (
            "cert self-signed --key bob.key --email b@example.org --name CN=eve@example.org".to_owned(),
            "subject",
        ),
        ("cert request --key bob.key".to_owned(), "no name"),
        ("cert request --key x.key --email bob@example.org".to_owned(), "cannot sign"),
        (format!("{issue} --request bob.csr"), "--as-requested"),
        (format!("{issue} --email bob@example.org"), "--request"),
        (format!("{issue} --request bob.csr --as-requested --email b@example.org"), "cannot be used with"),
        (format!("{issue} --request bob.csr --email bob@example.org --days 36500"), "issuer"),
        (
            format!("{issue} --request bob.csr --email bob@example.org --crl-at ca.crl"),
            "http://example.org/ca.crl",
        ),
        (format!("{issue} --public-key root.pem --email bob@example.org"), "issuer"),
    ] {
        let error = lab.fails(2, &line);
        assert!(error.contains(said), "{line}: {error}");
    }
    lab.fails(3, "cert self-signed --key letter --host localhost");
    lab.fails(3, &format!("{issue} --request root.pem --email bob@example.org"));
    lab.fails(4, "cert self-signed --key bob.key --host localhost -o root.pem");
}

#[test]
fn a_test_authority_is_one_line_and_says_loudly_that_it_is_none() {
    let lab = with_authority();
    let names = super::lab::listing(&lab.path("ca"));
    for name in [
        "alice",
        "bob",
        "server",
        "client",
        "expired-mail",
        "expired-server",
        "revoked-mail",
        "revoked-server",
    ] {
        for end in ["pem", "key", "p12"] {
            assert!(names.contains(&format!("{name}.{end}")), "{name}.{end}");
        }
        lab.ok(&format!("key check ca/{name}.key"));
    }
    for name in ["root.pem", "root.key", "root.crl", "ca.pem", "ca.key", "ca.crl", "README.txt"] {
        assert!(names.contains(&name.to_owned()), "{name}");
    }
    for name in names.iter().filter(|name| name.ends_with(".key") || name.ends_with(".txt")) {
        let text = String::from_utf8(lab.read(&format!("ca/{name}"))).unwrap();
        assert!(text.starts_with("TEST KEY. NOT SECRET."), "{name}");
    }
    let run = lab.run("cert test-ca another");
    assert!(run.err.contains("TEST KEYS, NOT SECRET"), "{}", run.err);
    assert!(lab.fails(4, "cert test-ca ca").contains("it exists"));
    lab.fails(4, "cert test-ca missing/ca");
    // Keys that cannot sign make no authority, and no half of one.
    lab.fails(2, "cert test-ca --kind x25519 none");
    assert!(!lab.has("none"));
    if openssl(&lab, "version").is_some() {
        openssl(
            &lab,
            "verify -crl_check_all -CAfile ca/root.pem -CRLfile ca/root.crl -CRLfile ca/ca.crl -untrusted ca/ca.pem ca/alice.pem",
        );
        openssl(&lab, "pkcs12 -in ca/alice.p12 -passin pass:test -noout");
        openssl(&lab, "pkey -in ca/alice.key -noout");
    }
}

#[cfg(unix)]
#[test]
fn the_examples_of_a_test_authority_give_the_codes_that_they_say() {
    let lab = with_authority();
    let readme = String::from_utf8(lab.read("ca/README.txt")).unwrap();
    let (_, examples) = readme.split_once("In this directory:\n").unwrap();
    let mut run = 0;
    for example in examples.replace("\\\n", " ").lines().filter(|line| line.starts_with("bulla ")) {
        let (line, code) = match example.split_once("# exit code ") {
            Some((line, code)) => (line, code.trim().parse().unwrap()),
            None => (example, 0),
        };
        let ended = lab.program("sh").args(["-c", &format!("cd ca && {line}")]).output().unwrap();
        assert_eq!(ended.status.code(), Some(code), "{line}: {}", String::from_utf8_lossy(&ended.stderr));
        run += 1;
    }
    assert_eq!(run, 4);
}

#[cfg(unix)]
#[test]
fn the_read_mes_example_works_as_it_stands() {
    let lab = Lab::new();
    let readme = include_str!("../../README.md");
    let (_, after) = readme.split_once("Certificates: a test authority").unwrap();
    let (_, block) = after.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    assert!(
        block.contains("test-ca") && block.contains("cert verify") && block.contains("self-signed"),
        "{block}"
    );
    let run = super::lab::outcome(lab.program("sh").args(["-euc", block]));
    assert_eq!(run.code, Some(0), "{}\n{}", run.text(), run.err);
}

#[test]
fn every_command_about_keys_and_certificates_has_help_and_a_man_page() {
    let lab = Lab::new();
    for (group, verbs) in [
        ("key", "generate show convert check"),
        ("cert", "show verify self-signed request issue bundle test-ca"),
        ("crl", "make show check"),
        ("p12", "export import"),
    ] {
        let page = String::from_utf8(lab.ok(&format!("man {group}"))).unwrap();
        for verb in verbs.split(' ') {
            let help = String::from_utf8(lab.ok(&format!("{group} {verb} --help"))).unwrap();
            assert!(help.contains(&format!("Usage: bulla {group} {verb}")), "{help}");
            let own = String::from_utf8(lab.ok(&format!("man {group} {verb}"))).unwrap();
            assert!(own.contains(&format!(".TH bulla-{group}-{verb} 1")), "{own}");
            assert!(page.contains(&verb.replace('-', "\\-")), "{group} {verb}: {page}");
        }
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = String::from_utf8(lab.ok(&format!("completions {shell}"))).unwrap();
        assert!(script.contains("test-ca") && script.contains("as-requested"), "{shell}");
    }
    lab.fails(2, "man cert frobnicate");
}
