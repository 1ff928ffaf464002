//! OpenSSL on the other side: versions 3 and 4, as client and as server.
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bulla::ErrorKind;
use bulla::tls::{CertifiedPeer, Client, Credentials, MemorySessions, Server, Settings};
use bulla::x509::{Certificate, Credential, Extension, OcspResponse};
use tempfile::TempDir;

use super::lab::{HOST, Hand, Lab, all, at, connected};
use super::refused::refuses;
use crate::peers;

/// `openssl` of two generations, those that are there.
fn openssls() -> Vec<PathBuf> {
    ["openssl", "openssl4"].into_iter().filter_map(peers::find).collect()
}

/// Files that OpenSSL reads.
struct Folder(TempDir);

impl Folder {
    fn of(lab: &Lab, server: &Credential, client: &Credential) -> Self {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.write("ca.pem", &lab.root.certificate().to_pem());
        folder.write("ca.key", &lab.root.credential().key().expose_pem().unwrap());
        for (name, credential) in [("server", server), ("client", client)] {
            folder.write(&format!("{name}.pem"), &credential.certificate().to_pem());
            folder.write(&format!("{name}.key"), &credential.key().expose_pem().unwrap());
        }
        folder
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn command(&self, openssl: &PathBuf, arguments: &str) -> Command {
        let mut command = Command::new(openssl);
        command.args(arguments.split(' ')).current_dir(self.0.path());
        command
    }

    /// OpenSSL's answer on a certificate of the CA's, signed by it.
    fn respond(&self, openssl: &PathBuf, about: &Certificate, revoked: &str) -> OcspResponse {
        let number = about.serial().to_string().replace(':', "");
        let state = if revoked.is_empty() { "V" } else { "R" };
        self.write("index.txt", &format!("{state}\t491231235959Z\t{revoked}\t{number}\tunknown\t/CN=x\n"));
        self.write("about.pem", &about.to_pem());
        let arguments = "ocsp -index index.txt -CA ca.pem -rsigner ca.pem -rkey ca.key -issuer ca.pem -cert about.pem \
                         -no_nonce -ndays 1 -respout response.der";
        let output = self.command(openssl, arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        OcspResponse::from_der(&fs::read(self.0.path().join("response.der")).unwrap()).unwrap()
    }
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `openssl s_server` at a port of its own, which echoes lines in reverse.
fn s_server(folder: &Folder, openssl: &PathBuf, more: &str) -> (Running, TcpStream) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let arguments = format!(
        "s_server -accept 127.0.0.1:{port} -cert server.pem -key server.key -CAfile ca.pem -rev -quiet{more}"
    );
    let mut command = folder.command(openssl, &arguments);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let running = Running(child);
    (running, connect(port))
}

fn connect(port: u16) -> TcpStream {
    let limit = Instant::now() + Duration::from_secs(30);
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(socket) => return socket,
            Err(error) => assert!(Instant::now() < limit, "{error}"),
        }
        std::thread::yield_now();
    }
}

fn credentials(lab: &Lab) -> (Arc<Credential>, Arc<Credential>) {
    (lab.credential(HOST), lab.client_credential("CN=Alice"))
}

#[test]
fn openssls_server_is_connected_to() {
    let lab = Lab::new();
    let (server, client) = credentials(&lab);
    let folder = Folder::of(&lab, &server, &client);
    let shown = Credentials::new([client]).unwrap();
    for openssl in openssls() {
        for (more, settings, version) in [
            ("", Settings::new(), "TLS 1.3"),
            (" -Verify 1 -verify_return_error", Settings::new(), "TLS 1.3"),
            (" -tls1_2", Settings::new().tls12_too(), "TLS 1.2"),
            (" -tls1_2 -Verify 1 -verify_return_error", Settings::new().tls12_too(), "TLS 1.2"),
        ] {
            let (_running, socket) = s_server(&folder, &openssl, more);
            let port = socket.peer_addr().unwrap().port();
            let client = Client::builder(lab.trust()).settings(settings).with(&shown).unwrap();
            let visit = |socket| {
                let mut stream = client.connect(&HOST.parse().unwrap(), socket).unwrap();
                assert_eq!(stream.facts().version(), version);
                stream.write_all(b"desserts\n").unwrap();
                let mut line = [0; 9];
                stream.read_exact(&mut line).unwrap();
                assert_eq!(&line, b"stressed\n");
                let resumed = stream.facts().is_resumed();
                stream.close().unwrap();
                resumed
            };
            assert!(!visit(socket), "{more}");
            // It is known again; what it showed then is judged once more.
            assert!(visit(connect(port)), "{more}");
        }
    }
}

#[test]
fn what_openssls_server_refuses_is_told_by_its_alert() {
    let lab = Lab::new();
    let (server, _) = credentials(&lab);
    let stranger = Lab::named("CN=Stranger").client_credential("CN=Mallory");
    let folder = Folder::of(&lab, &server, &stranger);
    let shown = Credentials::new([stranger]).unwrap();
    for openssl in openssls() {
        let (_running, socket) = s_server(&folder, &openssl, " -Verify 1 -verify_return_error");
        let client = Client::builder(lab.trust()).with(&shown).unwrap();
        let mut stream = client.connect(&HOST.parse().unwrap(), socket).unwrap();
        let error = bulla::Error::from(stream.read(&mut [0]).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::PeerRefused, "{error}");
        // One that has nothing but what is older.
        let (_running, socket) = s_server(&folder, &openssl, " -tls1_2");
        let error = lab.client().connect(&HOST.parse().unwrap(), socket).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PeerRefused, "{error}");
        assert!(error.to_string().contains("tls12_too"), "{error}");
    }
}

/// Alice comes to the server with openssl: whether she is known.
fn comes(folder: &Folder, openssl: &PathBuf, how: &str, server: &Server<CertifiedPeer>) -> bool {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let arguments = format!(
        "s_client -connect 127.0.0.1:{port} -servername {HOST} -verify_hostname {HOST} -CAfile ca.pem -cert \
         client.pem -key client.key -verify_return_error -quiet -ign_eof {how}"
    );
    let mut command = folder.command(openssl, &arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut client = Running(command.spawn().unwrap());
    let (socket, _) = listener.accept().unwrap();
    let mut stream = server.accept(socket).unwrap();
    assert_eq!(stream.peer().get().subject(), "CN=Alice".parse().unwrap());
    client.0.stdin.as_mut().unwrap().write_all(b"hello\n").unwrap();
    let mut line = String::new();
    BufReader::new(&mut stream).read_line(&mut line).unwrap();
    assert_eq!(line, "hello\n");
    let is_resumed = stream.facts().is_resumed();
    stream.write_all(b"and bye\n").unwrap();
    stream.close().unwrap();
    assert_eq!(all(client.0.stdout.take().unwrap()).unwrap(), b"and bye\n");
    is_resumed
}

#[test]
fn openssls_client_is_known_once_by_hosts_that_keep_sessions_in_a_store() {
    let lab = Lab::new();
    let (shown, alice) = credentials(&lab);
    let folder = Folder::of(&lab, &shown, &alice);
    let (credentials, keys) = (Credentials::new([shown]).unwrap(), super::resumed::keys());
    let store = Arc::new(MemorySessions::new(100));
    let host = || {
        let builder = Server::builder(&credentials).settings(Settings::new().tls12_too());
        builder.sessions(Arc::clone(&store), &keys).require_clients(lab.trust()).unwrap()
    };
    for openssl in openssls() {
        for version in ["-tls1_3", "-tls1_2", "-tls1_2 -no_ticket"] {
            let hosts = [host(), host(), host()];
            let come = |session: &str, to: usize| {
                comes(&folder, &openssl, &format!("{session} session {version}"), &hosts[to])
            };
            assert!(!come("-sess_out", 0), "{version}");
            // It shows the same session again and again.
            let known = [1, 2, 1, 0].map(|to| come("-sess_in", to));
            assert_eq!(known, [true, false, false, false], "{version}");
        }
    }
}

#[test]
fn openssls_client_connects_and_comes_again() {
    let lab = Lab::new();
    let (shown, alice) = credentials(&lab);
    let folder = Folder::of(&lab, &shown, &alice);
    let clock = Hand::new();
    let server = Server::builder(&Credentials::new([shown]).unwrap())
        .settings(at(&clock).tls12_too())
        .require_clients(lab.trust())
        .unwrap();
    for openssl in openssls() {
        // In the end the client comes again after as long as a ticket counts.
        for (version, seconds) in [
            ("-tls1_3", 0),
            ("-tls1_2", 0),
            ("-tls1_2 -no_ticket", 599),
            ("-tls1_2 -no_ticket", 600),
            ("-tls1_2", 600),
        ] {
            let mut resumed = Vec::new();
            for session in ["-sess_out", "-sess_in"] {
                resumed.push(comes(&folder, &openssl, &format!("{session} session {version}"), &server));
                clock.pass(seconds);
            }
            assert_eq!(resumed, [false, seconds < 600], "{version}");
        }
    }
}

#[test]
fn a_client_that_asks_for_another_handshake_is_told_that_there_is_none() {
    let lab = Lab::new();
    let (shown, alice) = credentials(&lab);
    let folder = Folder::of(&lab, &shown, &alice);
    let server = Server::builder(&Credentials::new([shown]).unwrap()).settings(Settings::new().tls12_too());
    let server = server.anyone().unwrap();
    for openssl in openssls() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let arguments =
            format!("s_client -connect 127.0.0.1:{port} -servername {HOST} -CAfile ca.pem -tls1_2");
        let mut command = folder.command(&openssl, &arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut client = Running(command.spawn().unwrap());
        let (socket, _) = listener.accept().unwrap();
        let mut stream = server.accept(socket).unwrap();
        // A line of `R` asks for it (RFC 5246 section 7.4.1.1).
        client.0.stdin.as_mut().unwrap().write_all(b"R\n").unwrap();
        let error = bulla::Error::from(all(&mut stream).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::PeerRefused, "{error}");
        drop(stream);
        let told = all(client.0.stderr.take().unwrap()).unwrap();
        let told = String::from_utf8_lossy(&told);
        assert!(told.contains("no renegotiation"), "{told}");
    }
}

#[test]
fn a_client_that_has_nothing_in_common_with_the_certificate_is_told_so() {
    let lab = Lab::new();
    let (shown, alice) = credentials(&lab);
    let folder = Folder::of(&lab, &shown, &alice);
    let server = Server::builder(&Credentials::new([shown]).unwrap());
    let server = server.settings(Settings::new().tls12_too()).anyone().unwrap();
    for openssl in openssls() {
        // The certificate's key is one of P-256.
        for asked in ["-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256", "-tls1_3 -sigalgs rsa_pss_rsae_sha256"] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            let mut command =
                folder.command(&openssl, &format!("s_client -connect 127.0.0.1:{port} {asked}"));
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
            let mut client = Running(command.spawn().unwrap());
            let (socket, _) = listener.accept().unwrap();
            let error = server.accept(socket).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{asked}: {error}");
            let said = String::from_utf8(all(client.0.stderr.take().unwrap()).unwrap()).unwrap();
            assert!(said.contains("handshake failure"), "{asked}: {said}");
        }
    }
}

#[test]
fn a_certificate_that_says_so_comes_with_a_response_or_is_refused() {
    let lab = Lab::new();
    let Some(openssl) = peers::find("openssl") else { return };
    let must = Extension::new("1.3.6.1.5.5.7.1.24".parse().unwrap(), false, vec![0x30, 3, 2, 1, 5]);
    let server = lab.server_by(&[HOST], |issue| issue.extension(must));
    let folder = Folder::of(&lab, &server, &lab.client_credential("CN=Alice"));
    let certificate = server.certificate().clone();
    let shown = Credentials::new([server]).unwrap();
    refuses(lab.trust(), &shown, ErrorKind::Undetermined, "none came", "UnknownCA");
    shown.staple(&folder.respond(&openssl, &certificate, "")).unwrap();
    let (client, server) = (lab.client(), Server::builder(&shown).anyone().unwrap());
    // Known again, it sends none, and need not.
    for resumed in [false, true] {
        assert_eq!(connected(&client, &server).unwrap().0.facts().is_resumed(), resumed);
    }
}

#[test]
fn a_response_that_openssl_signed_counts_when_it_is_stapled() {
    let lab = Lab::new();
    let (server, alice) = credentials(&lab);
    let folder = Folder::of(&lab, &server, &alice);
    let Some(openssl) = peers::find("openssl") else { return };
    let certificate = server.certificate().clone();
    let shown = Credentials::new([server]).unwrap();
    let good = folder.respond(&openssl, &certificate, "");
    shown.staple(&good).unwrap();
    let trust = lab.trust().require_revocation();
    let client = Client::builder(trust.clone()).anonymous().unwrap();
    let server = Server::builder(&shown).anyone().unwrap();
    let (first, _) = connected(&client, &server).unwrap();
    assert!(first.peer().by().revocation_known());
    // What is stapled is sent to those alone who are not known again: who needs it is never resumed.
    let (second, _) = connected(&client, &server).unwrap();
    assert!(!second.facts().is_resumed());
    // The next one takes its place.
    shown.staple(&folder.respond(&openssl, &certificate, "250101120000Z")).unwrap();
    refuses(trust, &shown, ErrorKind::Revoked, HOST, "CertificateRevoked");
    refuses(lab.trust(), &shown, ErrorKind::Revoked, HOST, "CertificateRevoked");
    let other = Credentials::new([lab.credential(HOST)]).unwrap();
    assert_eq!(other.staple(&good).unwrap_err().kind(), ErrorKind::Usage);
}
