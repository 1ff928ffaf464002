//! GnuTLS by its programs `gnutls-cli` and `gnutls-serv`, also with raw public keys (RFC 7250).
use std::sync::Arc;

use bulla::tls::{Anyone, CertifiedPeer, Client, Credentials, KnownKeys, Server, Settings};
use bulla::x509::Credential;
use bulla::{KeyKind, PrivateKey};

use super::scripts::mail_server;
use super::*;
use crate::peers;

const TLS12: &str = "NORMAL:-VERS-ALL:+VERS-TLS1.2";
const TLS13: &str = "NORMAL:-VERS-ALL:+VERS-TLS1.3";
const BARE: &str = "NORMAL:-CTYPE-ALL:+CTYPE-CLI-RAWPK:+CTYPE-SRV-RAWPK";
const EXPORT: [&str; 4] = ["--keymatexport", "EXPORTER-Channel-Binding", "--keymatexportsize", "32"];
const NO_GROUP: &str = "GnuTLS 3.7 has no such group";

fn settings() -> Settings {
    Settings::new().tls12_too().protocols(["h2", "http/1.1"]).unwrap()
}

/// Lines of which there are some MB.
fn many() -> Vec<u8> {
    (0..60_000_u32)
        .flat_map(|line| format!("line {line} of sixty thousand, to fill records with\n").into_bytes())
        .collect()
}

struct Table {
    lab: Lab,
    folder: Folder,
    credentials: [Arc<Credential>; 3],
    /// Keys that are known beforehand: the server's and the client's.
    bare: [Arc<PrivateKey>; 2],
}

impl Table {
    fn new() -> Self {
        let lab = Lab::new();
        let (folder, credentials) = Folder::of(&lab);
        let bare = [(); 2].map(|()| Arc::new(PrivateKey::generate(KeyKind::P256).unwrap()));
        for (name, key) in ["bare-server", "bare-client"].into_iter().zip(&bare) {
            folder.write(&format!("{name}.key"), &key.expose_pem().unwrap());
            folder.write(&format!("{name}.pub"), &key.public().to_pem());
        }
        Table { lab, folder, credentials, bare }
    }

    fn server(&self) -> Server<Anyone> {
        let [first, other, _] = self.credentials.clone();
        Server::builder(&Credentials::new([first, other]).unwrap()).settings(settings()).anyone().unwrap()
    }

    fn client(&self) -> Client<CertifiedPeer> {
        let shown = Credentials::new([self.credentials[2].clone()]).unwrap();
        Client::builder(self.lab.trust()).settings(settings()).with(&shown).unwrap()
    }

    /// `gnutls-cli`, which reads the file `said` for stdin.
    fn cli(&self, program: &Path, visited: &Visited, host: &str, more: &[&str]) -> Visitor {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .stdin(fs::File::open(self.folder.path().join("said")).unwrap());
        command
            .args(["-p", &visited.port.to_string(), "127.0.0.1", "--logfile", "log"])
            .args(EXPORT)
            .args(more);
        if more.contains(&BARE) {
            command.arg("--insecure"); // it looks at no keys that are known
        } else {
            command.args(["--x509cafile", "ca.pem", "--sni-hostname", host, "--verify-hostname", host]);
        }
        visited.by(&mut command)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn serv(&self, program: &Path, more: &[&str]) -> (Running, u16) {
        let port = free_port();
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command.args(["-p", &port.to_string()]).args(more);
        if !more.contains(&BARE) {
            command.args([
                "--x509certfile",
                "server.pem",
                "--x509keyfile",
                "server.key",
                "--x509cafile",
                "ca.pem",
            ]);
            command.args(["--x509certfile", "other.pem", "--x509keyfile", "other.key", "--alpn", "h2"]);
        }
        let said = fs::File::create(self.folder.path().join("log")).unwrap();
        command.stderr(said.try_clone().unwrap()).stdout(said);
        (Running(command.spawn().unwrap()), port)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes all that the client says, and says it again when the client is done.
fn says_it_again<P: 'static>(mut stream: Stream<TcpStream, P>) -> Seen {
    let said = all(&mut stream).unwrap();
    stream.write_all(&said).unwrap();
    let seen = Seen::of(&mut stream);
    stream.close().unwrap();
    seen
}

#[test]
fn gnutls_cli() {
    let Some(program) = peers::find("gnutls-cli") else { return };
    let table = Table::new();
    let mut row = Row::new("gnutls-cli connects to bulla");
    table.folder.write("said", "hello\n");
    for (column, host, version, more) in [
        ("TLS 1.3", HOST, "TLS 1.3", &["--priority", TLS13][..]),
        ("exporter", HOST, "TLS 1.3", &[]),
        ("TLS 1.2", HOST, "TLS 1.2", &["--priority", TLS12]),
        ("ALPN", HOST, "TLS 1.3", &["--alpn", "unknown", "--alpn", "h2"]),
        ("SNI", OTHER, "TLS 1.3", &[]),
        ("close_notify", HOST, "TLS 1.3", &[]),
        ("goes on after its end", HOST, "TLS 1.3", &[]),
        ("STARTTLS", HOST, "TLS 1.3", &["--starttls-proto", "smtp"]),
    ] {
        let visited = Visited::new();
        let visitor = table.cli(&program, &visited, host, more);
        let mut socket = visited.accept();
        if column == "STARTTLS" {
            socket = mail_server(socket);
        }
        let seen = says_it_again(table.server().accept(socket).unwrap());
        assert!(visitor.said().ends_with(b"hello\n"), "{column}");
        assert_eq!(seen.facts.version(), version);
        // It exports without a context, and TLS 1.2 tells that from an empty one.
        assert!(version == "TLS 1.2" || table.log().contains(&hex(&seen.binding)), "{}", table.log());
        if column == "ALPN" {
            assert!(table.log().contains("Application protocol: h2"), "{}", table.log());
            assert_eq!(seen.facts.protocol(), Some(&b"h2"[..]));
        }
        assert_eq!(seen.facts.server_name(), Some(host), "{column}");
        row.ok(column);
    }
    for (column, priority) in [("resumed 1.3", TLS13), ("resumed 1.2", TLS12)] {
        let visited = Visited::new();
        let visitor =
            table.cli(&program, &visited, HOST, &["--resume", "--waitresumption", "--priority", priority]);
        let server = table.server();
        // It hangs up at once, to come again.
        assert_eq!(all(server.accept(visited.accept()).unwrap()).unwrap(), b"");
        let seen = says_it_again(server.accept(visited.accept()).unwrap());
        drop(visitor.said());
        assert!(seen.facts.is_resumed() && table.log().contains("This is a resumed session"), "{column}");
        row.ok(column);
    }
    let shown = Credentials::new([table.credentials[0].clone()]).unwrap();
    let asking = Server::builder(&shown).settings(settings()).require_clients(table.lab.trust()).unwrap();
    for priority in [TLS13, TLS12] {
        let visited = Visited::new();
        let more = ["--x509certfile", "client.pem", "--x509keyfile", "client.key", "--priority", priority];
        let visitor = table.cli(&program, &visited, HOST, &more);
        let stream = asking.accept(visited.accept()).unwrap();
        assert_eq!(stream.peer().get().subject(), "CN=Alice".parse().unwrap());
        says_it_again(stream);
        drop(visitor.said());
    }
    row.ok("mutual");
    let [of_server, of_client] = &table.bare;
    let known = KnownKeys::bare([of_client.public().fingerprint()]).unwrap();
    let bare = Credentials::bare(Arc::clone(of_server)).unwrap();
    let visited = Visited::new();
    let more = ["--rawpkkeyfile", "bare-client.key", "--rawpkfile", "bare-client.pub", "--priority", BARE];
    let visitor = table.cli(&program, &visited, HOST, &more);
    let stream = Server::builder(&bare).require_clients(known).unwrap().accept(visited.accept()).unwrap();
    assert_eq!(stream.peer().get(), of_client.public());
    says_it_again(stream);
    drop(visitor.said());
    row.ok("raw public keys");
    // Ends without a word: the client's, and bulla's.
    for cut in ["peer-cuts", "bulla-cuts"] {
        let visited = Visited::new();
        let mut command = Command::new(&program);
        command.current_dir(table.folder.path()).stdin(Stdio::piped()).stderr(Stdio::null());
        command.args([
            "-p",
            &visited.port.to_string(),
            "127.0.0.1",
            "--logfile",
            "log",
            "--x509cafile",
            "ca.pem",
        ]);
        let mut visitor = visited.by(command.args(["--sni-hostname", HOST, "--verify-hostname", HOST]));
        let mut stream = table.server().accept(visited.accept()).unwrap();
        stream.write_all(b"go\n").unwrap();
        if cut == "peer-cuts" {
            visitor.running.0.kill().unwrap();
        }
        ends(stream, cut);
        assert!(!visitor.running.0.wait().unwrap().success(), "{cut}");
    }
    row.ok("bulla's cut noticed");
    row.ok("its cut noticed");
    let many = many();
    fs::write(table.folder.path().join("said"), &many).unwrap();
    for priority in [TLS13, TLS12] {
        let visited = Visited::new();
        let visitor = table.cli(&program, &visited, HOST, &["--priority", priority]);
        says_it_again(table.server().accept(visited.accept()).unwrap());
        assert!(visitor.said().ends_with(&many), "what came back is other");
    }
    row.ok("transfer");
    row.cannot(&[("X25519MLKEM768", NO_GROUP), ("goes on after bulla's end", "it ends when bulla does")]);
    row.print();
}

#[test]
fn gnutls_serv() {
    let Some(program) = peers::find("gnutls-serv") else { return };
    let table = Table::new();
    let mut row = Row::new("gnutls-serv is connected to");
    let host = |name: &str| name.parse().unwrap();
    let echoes = |stream: &mut Stream<TcpStream, CertifiedPeer>| {
        stream.write_all(b"hello\n").unwrap();
        let mut heard = [0; 6];
        stream.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"hello\n");
    };
    for (version, priority, columns) in
        [("TLS 1.3", TLS13, ["TLS 1.3", "resumed 1.3"]), ("TLS 1.2", TLS12, ["TLS 1.2", "resumed 1.2"])]
    {
        let more = ["--echo", "--priority", priority, "--require-client-cert", "--verify-client-cert"];
        let (_running, port) = table.serv(&program, &more);
        let client = table.client();
        for (time, column) in columns.into_iter().enumerate() {
            let mut stream = client.connect(&host(HOST), connect(port)).unwrap();
            echoes(&mut stream);
            let seen = Seen::of(&mut stream);
            assert_eq!((seen.facts.version(), seen.facts.is_resumed()), (version, time > 0));
            assert_eq!(seen.facts.protocol(), Some(&b"h2"[..]));
            assert!(table.log().contains(&hex(&seen.binding)), "{}", table.log());
            ends(stream, "bulla-closes");
            row.ok(column);
        }
        let mut stream = client.connect(&host(OTHER), connect(port)).unwrap();
        for line in many().chunks(900) {
            stream.write_all(line).unwrap();
            let mut heard = vec![0; line.len()];
            stream.read_exact(&mut heard).unwrap();
            assert!(heard == line, "what came back is other");
        }
    }
    ["mutual", "ALPN", "exporter", "SNI", "transfer"].into_iter().for_each(|column| row.ok(column));
    let (_running, port) = table.serv(&program, &["--http"]);
    let mut stream = table.client().connect(&host(HOST), connect(port)).unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    assert!(all(&mut stream).unwrap().starts_with(b"HTTP/1.0 200 OK"));
    row.ok("close_notify");
    let (mut running, port) = table.serv(&program, &["--echo"]);
    let mut stream = table.client().connect(&host(HOST), connect(port)).unwrap();
    echoes(&mut stream);
    running.0.kill().unwrap();
    ends(stream, "peer-cuts");
    row.ok("its cut noticed");
    let (_running, port) = table.serv(&program, &["--echo"]);
    let mut stream = table.client().connect(&host(HOST), connect(port)).unwrap();
    echoes(&mut stream);
    ends(stream, "bulla-cuts");
    let limit = Instant::now() + Duration::from_secs(30);
    while !table.log().contains("non-properly terminated") {
        assert!(Instant::now() < limit, "{}", table.log());
        thread::yield_now();
    }
    row.ok("bulla's cut noticed");
    let more =
        ["--echo", "--priority", BARE, "--rawpkkeyfile", "bare-server.key", "--rawpkfile", "bare-server.pub"];
    let (_running, port) = table.serv(&program, &[&more[..], &["--require-client-cert"]].concat());
    let [of_server, of_client] = &table.bare;
    let known = KnownKeys::bare([of_server.public().fingerprint()]).unwrap();
    let bare = Credentials::bare(Arc::clone(of_client)).unwrap();
    let client = Client::builder(known).with(&bare).unwrap();
    let mut stream = client.connect(&host(HOST), connect(port)).unwrap();
    assert_eq!(stream.peer().get(), of_server.public());
    stream.write_all(b"hello\n").unwrap();
    stream.read_exact(&mut [0; 6]).unwrap();
    row.ok("raw public keys");
    row.cannot(&[
        ("X25519MLKEM768", NO_GROUP),
        ("STARTTLS", "it has none"),
        ("goes on after bulla's end", "it ends when bulla does"),
        ("goes on after its end", "it hangs up"),
    ]);
    row.print();
}
