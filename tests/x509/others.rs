//! GnuTLS, NSS and Java: they take our chains, and we read and certify what they ask for.
use bulla::x509::{Authority, Credential, Profile};
use bulla::{KeyKind, PrivateKey};

use crate::bench::{Bench, Chain};
use crate::{key, name};

/// Each in its own folder: they leave keys and databases.
const KINDS: [KeyKind; 4] = [KeyKind::RSA_3072, KeyKind::P256, KeyKind::P384, KeyKind::P521];

#[test]
fn gnutls_takes_each_leaf_for_what_it_is_for() {
    let Some(certtool) = Bench::of("certtool") else { return };
    for kind in KINDS.into_iter().chain([KeyKind::Ed25519]) {
        Chain::of(kind).write(&certtool);
        for (leaf, oid, name) in [
            ("mail", "1.3.6.1.5.5.7.3.4", "--verify-email=bob@example.org"),
            ("server", "1.3.6.1.5.5.7.3.1", "--verify-hostname=www.example.org"),
            ("client", "1.3.6.1.5.5.7.3.2", ""),
        ] {
            let chain = certtool.read(&format!("{leaf}.pem")) + &certtool.read("middle.pem");
            certtool.write("chain.pem", chain);
            let verify = |oid: &str, name: &str| {
                let words = format!(
                    "--verify --load-ca-certificate=root.pem --infile=chain.pem --verify-purpose={oid} {name}"
                );
                certtool.try_run(words.trim_end())
            };
            verify(oid, name).unwrap_or_else(|said| panic!("{kind}: {leaf}: {said}"));
            assert!(verify("1.3.6.1.5.5.7.3.8", name).is_err(), "{kind}: {leaf}");
        }
        assert!(certtool.try_run("--verify --load-ca-certificate=root.pem --infile=chain.pem --verify-hostname=www.example.com").is_err());
    }
}

#[test]
fn what_gnutls_makes_is_read_and_certified() {
    let Some(certtool) = Bench::of("certtool") else { return };
    certtool.write(
        "template",
        "cn=Root\norganization=Example\nca\ncert_signing_key\ncrl_signing_key\nexpiration_days=30\n\
         dns_name=www.example.org\nemail=bob@example.org\nip_address=192.0.2.1\n",
    );
    for words in ["rsa --bits=2048", "ecdsa --curve=secp256r1", "ed25519"] {
        certtool
            .run(&format!("--generate-privkey --key-type={words} --pkcs8 --password= --outfile=root.key"));
        certtool.run("--generate-self-signed --load-privkey=root.key --template=template --outfile=root.pem");
        let credential =
            Credential::new(certtool.key("root.key"), [certtool.certificate("root.pem")]).unwrap();
        let root = Authority::new(credential).unwrap();
        certtool
            .run(&format!("--generate-privkey --key-type={words} --pkcs8 --password= --outfile=leaf.key"));
        certtool.run("--generate-request --load-privkey=leaf.key --template=template --outfile=leaf.csr");
        let request = certtool.request("leaf.csr").verify().unwrap();
        assert_eq!(request.get().hosts().unwrap(), ["www.example.org", "192.0.2.1"]);
        let addresses = request.get().email_addresses().unwrap();
        let leaf = root.from_request(Profile::email(&addresses).unwrap(), &request).unwrap().sign().unwrap();
        certtool.write("leaf.pem", leaf.to_pem());
        certtool
            .run("--verify --load-ca-certificate=root.pem --infile=leaf.pem --verify-email=bob@example.org");
    }
}

#[test]
fn nss_takes_each_leaf_for_what_it_is_for_and_nothing_else() {
    let Some(certutil) = Bench::of("certutil") else { return };
    for kind in KINDS {
        let folder = format!("sql:{}", certutil.path(".").display());
        Chain::of(kind).write(&certutil);
        certutil.run(&format!("-N -d {folder} --empty-password"));
        certutil.run(&format!("-A -d {folder} -n root -t CT,C, -i root.pem"));
        certutil.run(&format!("-A -d {folder} -n middle -t ,, -i middle.pem"));
        for leaf in ["mail", "server", "client"] {
            certutil.run(&format!("-A -d {folder} -n {leaf} -t ,, -i {leaf}.pem"));
            // S and R: who signs and who receives mail; V and C: servers and clients of TLS.
            for (usage, good) in [("S", "mail"), ("R", "mail"), ("V", "server"), ("C", "client")] {
                let result = certutil.try_run(&format!("-V -d {folder} -n {leaf} -u {usage} -e -l"));
                assert_eq!(result.is_ok(), leaf == good, "{kind}: {leaf} for {usage}: {result:?}");
            }
        }
        for file in ["cert9.db", "key4.db", "pkcs11.txt"] {
            std::fs::remove_file(certutil.path(file)).unwrap();
        }
    }
}

#[test]
fn what_nss_asks_for_is_certified_and_fits_its_key() {
    let Some(certutil) = Bench::of("certutil") else { return };
    let folder = format!("sql:{}", certutil.path(".").display());
    certutil.write("noise", [7; 64]);
    certutil.run(&format!("-N -d {folder} --empty-password"));
    let root = Authority::root(&name("CN=Root"), key()).unwrap();
    certutil.write("root.pem", root.certificate().to_pem());
    certutil.run(&format!("-A -d {folder} -n root -t CT,C, -i root.pem"));
    for (number, words) in ["-k rsa -g 2048", "-k ec -q nistp256"].iter().enumerate() {
        certutil.run(&format!(
            "-R -d {folder} -s CN=Bob,O=Example -7 bob@example.org -8 www.example.org {words} -z noise -a -o bob.csr"
        ));
        let request = certutil.request("bob.csr").verify().unwrap();
        assert_eq!(request.get().subject(), name("CN=Bob,O=Example"));
        assert_eq!(request.get().hosts().unwrap(), ["www.example.org"]);
        let profile = Profile::email(&request.get().email_addresses().unwrap()).unwrap();
        let leaf = root.from_request(profile, &request).unwrap().subject(&request.get().subject());
        certutil.write("bob.pem", leaf.sign().unwrap().to_pem());
        certutil.run(&format!("-A -d {folder} -n bob{number} -t ,, -i bob.pem"));
        // `u`: it has found the key to it.
        assert!(certutil.run(&format!("-L -d {folder}")).contains("u,u,u"));
        certutil.run(&format!("-V -d {folder} -n bob{number} -u S -e -l"));
    }
}

// Short-lived: nothing is gained by a better compiler.
const STORE: &str = "-J-XX:TieredStopAtLevel=1 -J-XX:+UseSerialGC -keystore store.p12 -storepass changeit";

#[test]
fn what_java_asks_for_is_certified_and_taken_with_its_chain() {
    let Some(keytool) = Bench::of("keytool") else { return };
    for (number, (kind, words)) in
        [(KeyKind::rsa(2048), "RSA -keysize 2048"), (KeyKind::P256, "EC -groupname secp256r1")]
            .iter()
            .enumerate()
    {
        let root = Authority::root(&name(&format!("CN=Root {number}")), PrivateKey::generate(*kind).unwrap())
            .unwrap();
        let middle = crate::below(&root, "CN=Middle", PrivateKey::generate(*kind).unwrap(), 0);
        keytool
            .run(&format!("-genkeypair {STORE} -alias bob{number} -dname CN=Bob,O=Example -keyalg {words}"));
        keytool.run(&format!(
            "-certreq {STORE} -alias bob{number} -ext san=dns:www.example.org,ip:192.0.2.1 -file bob.csr"
        ));
        let request = keytool.request("bob.csr").verify().unwrap();
        assert_eq!(request.by().kind(), *kind);
        assert_eq!(request.get().subject(), name("CN=Bob,O=Example"));
        let hosts = request.get().hosts().unwrap();
        assert_eq!(hosts, ["www.example.org", "192.0.2.1"]);
        let leaf =
            middle.from_request(Profile::tls_server(&hosts).unwrap(), &request).unwrap().sign().unwrap();
        keytool.write("root.pem", root.certificate().to_pem());
        keytool.run(&format!("-importcert {STORE} -alias root{number} -noprompt -file root.pem"));
        keytool.write("reply.pem", leaf.to_pem() + &middle.certificate().to_pem());
        // It checks that the chain leads to a root in the store, and that the key is its own.
        keytool.run(&format!("-importcert {STORE} -alias bob{number} -file reply.pem"));
        let said = keytool.run(&format!("-list -v {STORE} -alias bob{number}"));
        assert!(said.contains("Certificate chain length: 3") && said.contains("www.example.org"), "{said}");
    }
    // A reply for another key.
    let other = Authority::root(&name("CN=Root 0"), key()).unwrap();
    let leaf = other.tls_client(key().public(), &name("CN=Bob,O=Example")).unwrap().sign().unwrap();
    keytool.write("reply.pem", leaf.to_pem());
    assert!(keytool.try_run(&format!("-importcert {STORE} -alias bob0 -noprompt -file reply.pem")).is_err());
}
