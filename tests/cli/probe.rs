//! `bulla tls probe`: what servers offer is found, and what is wrong with them is told, the worst first.
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;

use serde_json::Value;

use super::lab::{Lab, Outcome, outcome, words};
use super::process::wait_for;
use super::tls::{SERVER, Serving, lab};
use crate::peers;

/// Probes a server, and gives the report; the exit code says whether anything is wrong.
fn probed(lab: &Lab, line: &str) -> Value {
    let Outcome { code, out, err } = lab.run(&format!("tls probe --json {line}"));
    let report: Value = serde_json::from_slice(&out).unwrap_or_else(|_| panic!("{line}: {err}"));
    assert_eq!(code, Some(i32::from(report["ok"] == false)), "{report:#}");
    report
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// Whether something is found wrong that has these words in it.
fn finds(report: &Value, severity: &str, words: &str) -> bool {
    let is = |finding: &Value| {
        finding["severity"] == severity && finding["message"].as_str().unwrap().contains(words)
    };
    report["findings"].as_array().unwrap().iter().any(is)
}

#[test]
fn what_bulla_serves_is_found_and_nothing_is_wrong_with_it() {
    let lab = lab();
    let serving = Serving::new(&lab, &format!("{SERVER} --echo --tls12"));
    let report = probed(&lab, &format!("--trust ca/root.pem -- {}", serving.address));
    assert_eq!(report["ok"], true, "{report:#}");
    assert_eq!(texts(&report["versions"]), ["TLS 1.3", "TLS 1.2"]);
    assert_eq!(texts(&report["suites"]["TLS 1.3"]).len(), 3);
    assert_eq!(texts(&report["suites"]["TLS 1.2"]).len(), 3);
    assert_eq!(texts(&report["groups"]), ["X25519MLKEM768", "x25519", "secp256r1", "secp384r1"]);
    assert_eq!((&report["post_quantum"], &report["stapled"]), (&true.into(), &false.into()));
    assert_eq!(
        (&report["resumption"]["TLS 1.3"], &report["resumption"]["TLS 1.2"]),
        (&true.into(), &true.into())
    );
    assert_eq!(report["chain"].as_array().unwrap().len(), 2);
    assert_eq!(report["findings"].as_array().unwrap().len(), 0, "{report:#}");
    let text = lab.ok(&format!("tls probe --trust ca/root.pem -- {}", serving.address));
    let text = String::from_utf8(text).unwrap();
    assert!(text.ends_with("nothing is wrong\n") && text.contains("X25519MLKEM768"), "{text}");

    // Without an anchor it is not known whom the chain leads to, which is no fault of the server's.
    let serving = Serving::new(&lab, &format!("{SERVER} --echo"));
    let report = probed(&lab, &serving.address);
    assert_eq!((texts(&report["versions"]), &report["ok"]), (vec!["TLS 1.3"], &true.into()));
    assert!(finds(&report, "note", "--trust"), "{report:#}");
    assert_eq!(report["suites"].as_object().unwrap().len(), 1);
}

#[test]
fn what_is_wrong_with_a_certificate_is_told() {
    let lab = lab();
    lab.ok("cert test-ca other");
    let serving = Serving::new(&lab, &format!("{SERVER} --echo"));
    let at = &serving.address;
    let wrong = |line: &str, words: &str| {
        let report = probed(&lab, line);
        assert!(report["ok"] == false && finds(&report, "serious", words), "{words}: {report:#}");
        assert_eq!(report["findings"][0]["severity"], "serious");
        report
    };
    wrong(&format!("--trust ca/root.pem --name example.net -- {at}"), "is not for example.net");
    wrong(&format!("--trust other/root.pem -- {at}"), "does not come along, or nobody trusts it");
    let late = wrong(&format!("--trust ca/root.pem --at 2090-01-01T00:00:00Z -- {at}"), "it has expired");
    assert!(!finds(&late, "serious", "is not for"), "{late:#}");
    wrong(&format!("--trust ca/root.pem --at 2001-01-01T00:00:00Z -- {at}"), "not valid yet");
    let chain = String::from_utf8(lab.read("ca/server.pem")).unwrap();
    let end = chain.find("-----END CERTIFICATE-----\n").unwrap() + 26;
    lab.write("alone.pem", chain.get(..end).unwrap());
    let alone = Serving::new(&lab, "--with alone.pem --key ca/server.key --echo");
    wrong(&format!("--trust ca/root.pem -- {}", alone.address), "does not come along");
    let revoked = Serving::new(&lab, "--with ca/revoked-server.pem --key ca/revoked-server.key --echo");
    wrong(&format!("--trust ca/root.pem --crl ca/root.crl ca/ca.crl -- {}", revoked.address), "revoked");
    let expired = Serving::new(&lab, "--with ca/expired-server.pem --key ca/expired-server.key --echo");
    let report = wrong(&format!("--trust ca/root.pem -- {}", expired.address), "it has expired");
    assert_eq!(report["chain"].as_array().unwrap().len(), 2);
}

/// `openssl s_server` at a port of its own, that ends with the test.
struct Old(Child, u16);

impl Drop for Old {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Old {
    /// One that shows NAME.pem.
    fn new(lab: &Lab, openssl: &Path, name: &str, more: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let line =
            format!("s_server -accept 127.0.0.1:{port} -cert {name}.pem -key {name}.key -rev -quiet {more}");
        let mut command = lab.program(openssl);
        // The system's would raise what it takes.
        command.args(words(&line)).env("OPENSSL_CONF", "/dev/null");
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let old = Old(child, port);
        wait_for("s_server", || TcpStream::connect(("127.0.0.1", port)).ok());
        old
    }

    fn certified(lab: &Lab, openssl: &Path, key: &str) {
        let line = format!(
            "req -x509 -newkey {key} -nodes -keyout old.key -out old.pem -days 7 -subj /CN=old -addext subjectAltName=DNS:localhost"
        );
        run(lab, openssl, &line);
    }
}

#[test]
fn what_should_not_be_offered_any_more_is_found() {
    let lab = Lab::new();
    let Some(openssl) = peers::find("openssl") else { return };
    Old::certified(&lab, &openssl, "rsa:1024");
    let weak = "-no_tls1_3 -cipher ALL:COMPLEMENTOFALL:@SECLEVEL=0 -no_ticket -no_cache";
    let old = Old::new(&lab, &openssl, "old", weak);
    let report = probed(&lab, &format!("--trust old.pem -- localhost:{}", old.1));
    assert_eq!(texts(&report["versions"]), ["TLS 1.2", "TLS 1.1", "TLS 1.0"], "{report:#}");
    let suites = texts(&report["suites"]["TLS 1.2"]);
    for suite in
        ["TLS_RSA_WITH_NULL_SHA", "TLS_DH_anon_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]
    {
        assert!(suites.contains(&suite), "{suite}: {suites:?}");
    }
    for (severity, words) in [
        ("serious", "TLS_RSA_WITH_NULL_SHA: nothing is encrypted"),
        ("serious", "TLS_DH_anon_WITH_AES_128_CBC_SHA: the server does not say who it is"),
        ("weak", "TLS 1.0 is offered"),
        ("weak", "TLS 1.1 is offered"),
        ("weak", "there is no TLS 1.3"),
        ("weak", "TLS_RSA_WITH_AES_128_CBC_SHA: whoever gets the server's key"),
        ("serious", "its key is too short"),
        ("weak", "it expires in less than 14 days"),
    ] {
        assert!(finds(&report, severity, words), "{words}: {report:#}");
    }
    let severities: Vec<&Value> =
        report["findings"].as_array().unwrap().iter().map(|one| &one["severity"]).collect();
    let ranks: Vec<usize> = severities
        .iter()
        .map(|one| ["serious", "weak", "note"].iter().position(|name| one == name).unwrap())
        .collect();
    assert!(ranks.is_sorted(), "{severities:?}");
}

#[test]
fn a_server_of_tls_1_3_of_others_is_found_as_it_is() {
    let lab = Lab::new();
    let Some(openssl) = peers::find("openssl") else { return };
    Old::certified(&lab, &openssl, "rsa:2048");
    let line = "-tls1_3 -groups P-521:X25519 -ciphersuites TLS_AES_128_CCM_SHA256:TLS_AES_128_GCM_SHA256 \
                -cipher DEFAULT:@SECLEVEL=0 -alpn h2";
    let other = Old::new(&lab, &openssl, "old", line);
    let report = probed(&lab, &format!("localhost:{}", other.1));
    assert_eq!(texts(&report["versions"]), ["TLS 1.3"], "{report:#}");
    let mut suites = texts(&report["suites"]["TLS 1.3"]);
    suites.sort_unstable();
    assert_eq!(suites, ["TLS_AES_128_CCM_SHA256", "TLS_AES_128_GCM_SHA256"]);
    assert_eq!(texts(&report["groups"]), ["x25519", "secp521r1"]);
    assert_eq!(texts(&report["protocols"]), ["h2"]);
    assert!(finds(&report, "note", "no post-quantum group"), "{report:#}");
    Old::certified(&lab, &openssl, "rsa:1024");
    let short = Old::new(&lab, &openssl, "old", "-tls1_3 -cipher DEFAULT:@SECLEVEL=0");
    let report = probed(&lab, &format!("localhost:{}", short.1));
    assert!(finds(&report, "serious", "its key is too short"), "{report:#}");
}

/// Runs a line of openssl's, and gives what it says.
fn run(lab: &Lab, openssl: &Path, line: &str) -> String {
    let run = outcome(lab.program(openssl).args(words(line)));
    assert_eq!(run.code, Some(0), "{line}: {}", run.err);
    run.text().to_owned()
}

#[test]
fn signatures_that_can_be_forged_and_responses_that_do_not_come_are_found() {
    let lab = Lab::new();
    let Some(openssl) = peers::find("openssl") else { return };
    Old::certified(&lab, &openssl, "rsa:2048");
    let ask = "req -newkey rsa:2048 -nodes -keyout end.key -out end.csr -subj /CN=end -addext subjectAltName=DNS:localhost \
               -addext extendedKeyUsage=serverAuth -addext tlsfeature=status_request";
    run(&lab, &openssl, ask);
    let sign = |hash: &str| {
        let line =
            "x509 -req -in end.csr -CA old.pem -CAkey old.key -days 90 -copy_extensions copyall -out end.pem";
        run(&lab, &openssl, &format!("{line} {hash}"));
    };
    sign("-sha1");
    let forged = Old::new(&lab, &openssl, "end", "-tls1_3 -cipher DEFAULT:@SECLEVEL=0");
    let report = probed(&lab, &format!("--trust old.pem -- localhost:{}", forged.1));
    assert!(finds(&report, "serious", "sha1WithRSAEncryption, can be forged"), "{report:#}");
    sign("-sha256");
    let silent = Old::new(&lab, &openssl, "end", "-tls1_3");
    let report = probed(&lab, &format!("--trust old.pem -- localhost:{}", silent.1));
    assert!(finds(&report, "serious", "(RFC 7633), and none does"), "{report:#}");
    assert!(!finds(&report, "serious", "can be forged"), "{report:#}");

    let number = run(&lab, &openssl, "x509 -in end.pem -serial -noout");
    let number = number.trim().strip_prefix("serial=").unwrap();
    for (state, revoked) in [("V", ""), ("R", "251101000000Z")] {
        lab.write("index.txt", format!("{state}\t491231235959Z\t{revoked}\t{number}\tunknown\t/CN=end\n"));
        let line = "ocsp -index index.txt -CA old.pem -rsigner old.pem -rkey old.key -issuer old.pem -cert end.pem -no_nonce \
                    -ndays 1 -respout response.der";
        run(&lab, &openssl, line);
        let stapling = Old::new(&lab, &openssl, "end", "-tls1_3 -status_file response.der");
        let report = probed(&lab, &format!("--trust old.pem -- localhost:{}", stapling.1));
        assert_eq!(report["stapled"], true, "{report:#}");
        assert_eq!(
            (finds(&report, "serious", "revoked"), &report["ok"]),
            (state == "R", &(state == "V").into()),
            "{report:#}"
        );
    }
}

#[test]
fn what_speaks_no_tls_is_told_of_and_what_begins_in_the_clear_is_probed() {
    let lab = lab();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let _ = socket.read(&mut [0; 512]);
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    assert!(lab.fails(3, &format!("tls probe localhost:{port}")).contains("not TLS"));
    lab.fails(4, "tls probe localhost:1");
    lab.fails(2, "tls probe localhost");

    let serving = Serving::new(&lab, &format!("{SERVER} --echo"));
    let behind = serving.address.clone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let behind = TcpStream::connect(&*behind).unwrap();
            thread::spawn(move || mail(socket, behind));
        }
    });
    let report = probed(&lab, &format!("--trust ca/root.pem --starttls smtp -- localhost:{port}"));
    assert_eq!((&report["ok"], texts(&report["versions"])), (&true.into(), vec!["TLS 1.3"]));
    lab.fails(3, &format!("tls probe localhost:{port}"));
}

/// A mail server's plain part; then all goes to the server behind.
fn mail(mut socket: TcpStream, behind: TcpStream) -> std::io::Result<()> {
    socket.write_all(b"220 mail ESMTP\r\n")?;
    for (said, answer) in
        [("EHLO localhost\r\n", "250-mail\r\n250 STARTTLS\r\n"), ("STARTTLS\r\n", "220 go\r\n")]
    {
        let mut heard = vec![0; said.len()];
        socket.read_exact(&mut heard)?;
        if heard != said.as_bytes() {
            return socket.write_all(b"500 what?\r\n");
        }
        socket.write_all(answer.as_bytes())?;
    }
    let (mut from, mut to) = (socket.try_clone()?, behind.try_clone()?);
    let there = thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        to.shutdown(Shutdown::Write)
    });
    let (mut from, mut to) = (behind, socket);
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
    let _ = there.join();
    Ok(())
}
