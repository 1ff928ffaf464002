//! `bulla tls`: connections served and looked at, as docs/command.md promises it; and curl reads what is served.
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::lab::{Lab, outcome, words};
use crate::peers;

/// `bulla tls serve` at a port of its own.
pub(crate) struct Serving {
    child: Child,
    pub(crate) address: String,
}

impl Serving {
    pub(crate) fn new(lab: &Lab, line: &str) -> Self {
        let line = format!("tls serve --listen 127.0.0.1:0 {line}");
        let mut command = lab.command(&words(&line));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        said.read_line(&mut first).unwrap();
        let address = first.trim().strip_prefix("listening at ").unwrap_or_else(|| panic!("{first}"));
        let address = address.replace("127.0.0.1", "localhost");
        // Or it would stop when nobody reads what it says.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Serving { child, address }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn lab() -> Lab {
    let lab = Lab::new();
    lab.ok("cert test-ca ca");
    lab
}

pub(crate) const SERVER: &str = "--with ca/server.pem --key ca/server.key";

#[test]
fn what_is_said_comes_back_and_the_report_tells_how() {
    let lab = lab();
    let serving = Serving::new(&lab, &format!("{SERVER} --echo"));
    let at = &serving.address;
    let words = "a line\nand another, without an end";
    let run = lab.feed(&format!("tls connect --trust ca/root.pem {at}"), words.as_bytes());
    assert_eq!((run.code, run.text()), (Some(0), words), "{}", run.err);
    for expected in ["is localhost", "TLS 1.3", "X25519MLKEM768", "DNS:www.example.org", "tls-exporter"] {
        assert!(run.err.contains(expected), "{expected}: {}", run.err);
    }
    // More than waits anywhere: neither direction may wait for the other.
    let long = vec![b'x'; 32 << 20];
    assert!(lab.feed(&format!("--quiet tls connect --trust ca/root.pem {at}"), &long).out == long);
    let report = lab.ok(&format!("tls connect --report --trust ca/root.pem {at}"));
    assert!(String::from_utf8(report).unwrap().contains("revocation: not known"));
    let json = lab.ok(&format!("tls connect --json --trust ca/root.pem --crl ca/root.crl ca/ca.crl -- {at}"));
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!((&json["version"], &json["name"]), (&"TLS 1.3".into(), &"localhost".into()));
    assert_eq!(json["peer"]["revocation_known"], true);
    assert_eq!(json["peer"]["chain"].as_array().unwrap().len(), 2);
    assert_eq!(json["tls_exporter"].as_str().unwrap().len(), 64);
}

#[test]
fn who_is_not_the_server_that_is_meant_is_refused_with_the_reason() {
    let lab = lab();
    lab.ok("cert test-ca other");
    let serving = Serving::new(&lab, &format!("{SERVER} --echo"));
    let at = &serving.address;
    assert!(lab.fails(1, &format!("tls connect --trust other/root.pem {at}")).contains("localhost"));
    let error = lab.fails(1, &format!("tls connect --trust ca/root.pem --name example.net {at}"));
    assert!(error.contains("example.net"), "{error}");
    lab.fails(1, &format!("tls connect --trust ca/root.pem --at 2050-01-01T00:00:00Z {at}"));
    lab.fails(5, &format!("tls connect --trust ca/root.pem --require-revocation {at}"));
    assert!(lab.fails(2, &format!("tls connect {at}")).contains("nobody is believed"));
    lab.fails(2, "tls connect --trust ca/root.pem localhost");
    lab.fails(4, "tls connect --trust ca/root.pem localhost:1");
    for (shown, reason) in [("revoked-server", "revoked"), ("expired-server", "valid")] {
        let serving = Serving::new(&lab, &format!("--with ca/{shown}.pem --key ca/{shown}.key --echo"));
        let line =
            format!("tls connect --trust ca/root.pem --crl ca/root.crl ca/ca.crl -- {}", serving.address);
        let error = lab.fails(1, &line);
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_pinned_key_stands_alone_or_on_top() {
    let lab = lab();
    let serving = Serving::new(&lab, &format!("{SERVER} --echo"));
    let at = &serving.address;
    let shown = lab.ok("key show --json ca/server.pem");
    let shown: serde_json::Value = serde_json::from_slice(&shown).unwrap();
    let pin = shown["fingerprint"].as_str().unwrap().to_owned();
    let other = "0".repeat(64);
    let report = lab.ok(&format!("tls connect --report --pin {pin} -- {at}"));
    assert!(String::from_utf8(report).unwrap().contains("which was pinned"));
    lab.ok(&format!("tls connect --report --trust ca/root.pem --pin {pin} -- {at}"));
    lab.fails(1, &format!("tls connect --report --pin {other} -- {at}"));
    lab.fails(1, &format!("tls connect --report --trust ca/root.pem --pin {other} -- {at}"));
    lab.fails(2, &format!("tls connect --report --pin 1234 -- {at}"));
}

#[test]
fn clients_show_who_they_are_where_it_is_asked() {
    let lab = lab();
    let serving = Serving::new(&lab, &format!("{SERVER} --echo --require-clients ca/root.pem"));
    let at = &serving.address;
    let line =
        format!("--quiet tls connect --trust ca/root.pem --with ca/client.pem --key ca/client.key -- {at}");
    assert_eq!(lab.feed(&line, b"it is me").text(), "it is me");
    let run = lab.feed(&format!("tls connect --trust ca/root.pem {at}"), b"let me in");
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert!(run.err.contains("CertificateRequired") && run.out.is_empty(), "{}", run.err);
}

#[test]
fn curl_gets_files_and_nothing_that_is_not_meant_for_it() {
    let lab = lab();
    let Some(curl) = peers::find("curl") else { return };
    for folder in ["site", "site/deep"] {
        std::fs::create_dir(lab.path(folder)).unwrap();
    }
    lab.write("secret", "not for you");
    lab.write("site/index.html", "<h1>here</h1>");
    lab.write("site/deep/with a space.txt", "deep");
    lab.write("site/.hidden", "hidden");
    #[cfg(unix)]
    std::os::unix::fs::symlink(lab.path("secret"), lab.path("site/link")).unwrap();
    let big = vec![7; 5 << 20];
    lab.write("site/big", &big);
    let serving = Serving::new(&lab, &format!("{SERVER} --files site --tls12"));
    let get = |path: &str, more: &str| {
        let mut command: Command = lab.program(&curl);
        command.args(["-sS", "--path-as-is", "--cacert", "ca/root.pem", "-w", "%{http_code}"]);
        command.args(more.split_whitespace()).arg(format!("https://{}{path}", serving.address));
        outcome(&mut command)
    };
    for version in ["--tlsv1.3", "--tls-max 1.2"] {
        assert_eq!(get("/", version).text(), "<h1>here</h1>200");
        assert_eq!(get("/deep/with%20a%20space.txt?x=1", version).text(), "deep200");
        let run = get("/big", version);
        assert!(run.out.strip_suffix(b"200") == Some(&big), "{}", run.err);
    }
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/deep/../../secret",
        "/.hidden",
        "/link",
        "/none",
        "/deep",
        "//etc/passwd",
    ] {
        let run = get(path, "");
        assert_eq!(run.text(), "404 Not Found\n404", "{path}");
    }
    assert_eq!(get("/%zz", "").text(), "400 Bad Request\n400");
    assert_eq!(get("/", "-d x=1").text(), "405 Method Not Allowed\n405");
    assert!(get("/", "-I").text().ends_with("200"));
    lab.fails(2, &format!("tls serve {SERVER} --files secret"));
    lab.fails(2, &format!("tls serve {SERVER}"));
    lab.fails(2, "tls serve --echo");
}

#[test]
fn the_self_test_holds_and_says_so_row_by_row() {
    let lab = Lab::new();
    let report = lab.ok("tls selftest --json");
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["ok"], true);
    let rows = report["rows"].as_array().unwrap();
    assert!(rows.len() > 70, "{}", rows.len());
    for expected in ["TLS 1.2, certificates on both sides, again after a restart: known", "STARTTLS, SMTP"] {
        assert!(rows.iter().any(|row| row["what"] == expected && row["ok"] == true), "{expected}");
    }
    let text = lab.ok("tls selftest");
    let text = String::from_utf8(text).unwrap();
    assert!(text.ends_with(&format!("{0} of {0} hold\n", rows.len())), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("ok      ")).count(), rows.len());
}
