//! Peers that are scripts of ours over others' libraries, with which everything goes the same way.
use bulla::tls::{CertifiedPeer, Client, Credentials, Server, Settings, StartTls, leave_plain};

use super::*;
use crate::peers;

/// A library with the script that uses it.
struct Library {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<OsString>,
    /// Bytes in each direction that count as many.
    many: usize,
    as_client: &'static [(&'static str, &'static str)],
    as_server: &'static [(&'static str, &'static str)],
}

/// What is asked of the peer, and what of bulla, for each column.
const CASES: [(&str, &str); 18] = [
    ("TLS 1.3", "version=1.3"),
    ("TLS 1.2", "version=1.2"),
    ("resumed 1.3", "times=2"),
    ("resumed 1.2", "times=2 version=1.2"),
    ("mutual", "mutual=1"),
    ("mutual", "mutual=1 version=1.2"),
    ("ALPN", "alpn=unknown,h2"),
    ("SNI", "host=other.example.org"),
    ("transfer", "size=many"),
    ("transfer", "size=many version=1.2"),
    ("close_notify", "end=peer-closes"),
    ("close_notify", "end=peer-closes version=1.2"),
    ("goes on after bulla's end", "end=bulla-is-done"),
    ("goes on after its end", "end=peer-is-done"),
    ("its cut noticed", "end=peer-cuts"),
    ("bulla's cut noticed", "end=bulla-cuts"),
    ("X25519MLKEM768", "group=x25519mlkem768"),
    ("STARTTLS", "smtp=1"),
];

type Asked = BTreeMap<String, String>;

fn asked(words: &str) -> Asked {
    let words = words.split_whitespace().filter_map(|word| word.split_once('='));
    words.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn settings(asked: &Asked) -> Settings {
    let mut settings = Settings::new();
    if asked.contains_key("alpn") {
        settings = settings.protocols(["h2", "http/1.1"]).unwrap();
    }
    if asked.get("version").is_some_and(|version| version == "1.2") {
        settings = settings.tls12_too();
    }
    settings
}

fn end(asked: &Asked) -> &str {
    asked.get("end").map_or("bulla-closes", String::as_str)
}

fn times(asked: &Asked) -> usize {
    asked.get("times").map_or(1, |times| times.parse().unwrap())
}

impl Library {
    fn python(name: &'static str, library: &str) -> Option<Self> {
        Some(Library {
            name,
            program: peers::find("python")?,
            arguments: vec![peers::script("tls_peer.py").into(), library.into()],
            many: 3 << 20,
            as_client: &[],
            as_server: &[],
        })
    }

    fn command(&self, folder: &Folder, role: &str, asked: &Asked) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).arg(role).current_dir(folder.path()).stdin(Stdio::null());
        for (name, value) in asked {
            let value = if value == "many" { self.many.to_string() } else { value.clone() };
            command.arg(format!("{name}={value}"));
        }
        command
    }

    fn both_ways(&self) {
        for (way, cannot) in [("connects to bulla", self.as_client), ("is connected to", self.as_server)] {
            let mut row = Row::new(format!("{} {way}", self.name));
            row.cannot(cannot);
            row.cannot(&[("raw public keys", "its library has none")]);
            for (column, words) in CASES {
                if row.cells.get(column).is_some_and(Option::is_some) {
                    continue;
                }
                let asked = asked(words);
                let lab = Lab::new();
                let (folder, credentials) = Folder::of(&lab);
                let (seen, said) = match way {
                    "is connected to" => self.is_connected_to(&lab, &folder, &credentials, &asked),
                    _ => self.connects(&lab, &folder, &credentials, &asked),
                };
                check(column, &asked, &seen, &said);
                row.ok(column);
                // Compared wherever it is said.
                if column == "TLS 1.3" && said.first().is_some_and(|said| said.contains_key("export")) {
                    row.ok("exporter");
                }
            }
            row.print();
        }
    }

    fn connects(
        &self,
        lab: &Lab,
        folder: &Folder,
        credentials: &[std::sync::Arc<bulla::x509::Credential>; 3],
        asked: &Asked,
    ) -> (Vec<Seen>, Vec<Asked>) {
        let visited = Visited::new();
        let mut told = asked.clone();
        told.entry("host".to_owned()).or_insert_with(|| HOST.to_owned());
        told.insert("port".to_owned(), visited.port.to_string());
        let visitor = visited.by(&mut self.command(folder, "client", &told));
        let [first, other, _] = credentials.clone();
        let builder = Server::builder(&Credentials::new([first, other]).unwrap()).settings(settings(asked));
        let socket = || {
            let socket = visited.accept();
            if asked.contains_key("smtp") { mail_server(socket) } else { socket }
        };
        let mut seen = Vec::new();
        if asked.contains_key("mutual") {
            let server = builder.require_clients(lab.trust()).unwrap();
            for _ in 0..times(asked) {
                let stream = server.accept(socket()).unwrap();
                assert_eq!(stream.peer().get().subject(), "CN=Alice".parse().unwrap());
                seen.push(answers(stream, end(asked)));
            }
        } else {
            let server = builder.anyone().unwrap();
            for _ in 0..times(asked) {
                seen.push(answers(server.accept(socket()).unwrap(), end(asked)));
            }
        }
        (seen, lines(&visitor.said()))
    }

    fn is_connected_to(
        &self,
        lab: &Lab,
        folder: &Folder,
        credentials: &[std::sync::Arc<bulla::x509::Credential>; 3],
        asked: &Asked,
    ) -> (Vec<Seen>, Vec<Asked>) {
        let mut running = Running::start(&mut self.command(folder, "server", asked));
        let mut said = BufReader::new(running.0.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let port: u16 = line.trim().strip_prefix("port=").unwrap().parse().unwrap();
        let builder = Client::builder(lab.trust()).settings(settings(asked));
        let client: Client<CertifiedPeer> = match asked.contains_key("mutual") {
            true => builder.with(&Credentials::new([credentials[2].clone()]).unwrap()),
            false => builder.anonymous(),
        }
        .unwrap();
        let host = asked.get("host").map_or(HOST, String::as_str).parse().unwrap();
        let size = match asked.contains_key("size") {
            true => self.many,
            false => 100,
        };
        let mut seen = Vec::new();
        for _ in 0..times(asked) {
            let mut socket = patient(TcpStream::connect(("127.0.0.1", port)).unwrap());
            if asked.contains_key("smtp") {
                socket = StartTls::Smtp.ask(&host, socket).unwrap();
            }
            seen.push(asks(client.connect(&host, socket).unwrap(), size, end(asked)));
        }
        let rest = all(said).unwrap();
        running.succeeds();
        (seen, lines(&rest))
    }
}

fn lines(said: &[u8]) -> Vec<Asked> {
    std::str::from_utf8(said).unwrap().lines().map(asked).collect()
}

/// What a mail server says before TLS.
pub(super) fn mail_server(socket: TcpStream) -> TcpStream {
    let mut reader = BufReader::new(socket);
    reader.get_mut().write_all(b"220 here\r\n").unwrap();
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.to_ascii_uppercase().starts_with("EHLO"), "{line}");
    reader.get_mut().write_all(b"250-here\r\n250 STARTTLS\r\n").unwrap();
    line.clear();
    reader.read_line(&mut line).unwrap();
    assert_eq!(line.trim_end().to_ascii_uppercase(), "STARTTLS");
    let mut socket = leave_plain(reader).unwrap();
    socket.write_all(b"220 begin\r\n").unwrap();
    socket
}

/// Whether both saw the same, and that which was asked for.
fn check(column: &str, asked: &Asked, seen: &[Seen], said: &[Asked]) {
    assert_eq!((seen.len(), said.len()), (times(asked), times(asked)), "{column}: {said:?}");
    for (number, (seen, said)) in seen.iter().zip(said).enumerate() {
        let about = format!("{column}: {}; the peer says {said:?}", seen.facts);
        let version = asked.get("version").map_or("1.3", String::as_str);
        assert_eq!(seen.facts.version(), format!("TLS {version}"), "{about}");
        assert_eq!(said.get("version"), Some(&format!("TLSv{version}")), "{about}");
        assert_eq!(seen.facts.is_resumed(), number > 0, "{about}");
        if let Some(resumed) = said.get("resumed") {
            assert_eq!(resumed == "1", number > 0, "{about}");
        }
        if asked.contains_key("alpn") {
            assert_eq!(seen.facts.protocol(), Some(&b"h2"[..]), "{about}");
            assert_eq!(said.get("alpn").map(String::as_str), Some("h2"), "{about}");
        }
        if let Some(group) = asked.get("group") {
            let of_bulla = seen.facts.group().unwrap_or_default();
            assert_eq!(of_bulla.to_ascii_lowercase(), *group, "{about}");
            if let Some(of_peer) = said.get("group") {
                assert_eq!(of_peer.to_ascii_lowercase(), *group, "{about}");
            }
        }
        if let Some(exported) = said.get("export") {
            let ours: String = seen.binding.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(*exported, ours, "{about}");
        }
        if let (Some(host), Some(name)) = (asked.get("host"), seen.facts.server_name()) {
            assert_eq!(host, name, "{about}");
            assert!(
                said.get("names").is_some_and(|names| names.split(',').any(|one| one == host)),
                "{about}"
            );
        }
        let ended = if end(asked).ends_with("cuts") { "cut" } else { "clean" };
        assert_eq!(said.get("ended").map(String::as_str), Some(ended), "{about}");
        if end(asked) == "peer-is-done" {
            assert_eq!(said.get("rest").map(String::as_str), Some("bye"), "{about}");
        }
    }
}

const NO_HALF_CLOSE: &str = "it discards what comes after its own close_notify, or fails on it";
const OPENSSL_3_0: &str = "its OpenSSL 3.0 has no such group";

#[test]
fn python_ssl() {
    let Some(mut library) = Library::python("Python's ssl", "ssl") else { return };
    library.as_client = &[
        ("goes on after its end", NO_HALF_CLOSE),
        ("X25519MLKEM768", OPENSSL_3_0),
        ("exporter", "its API has none"),
    ];
    library.as_server = library.as_client;
    library.both_ways();
}

#[test]
fn pyopenssl() {
    let (Some(_), Some(library)) = (peers::find("pyopenssl"), Library::python("pyOpenSSL", "pyopenssl"))
    else {
        return;
    };
    library.both_ways();
}

#[test]
fn tlslite() {
    let (Some(_), Some(mut library)) = (peers::find("tlslite"), Library::python("tlslite-ng", "tlslite"))
    else {
        return;
    };
    // It computes in Python.
    library.many = 128 << 10;
    library.as_client =
        &[("goes on after its end", NO_HALF_CLOSE), ("goes on after bulla's end", NO_HALF_CLOSE)];
    library.as_server = &[
        ("goes on after its end", NO_HALF_CLOSE),
        ("goes on after bulla's end", NO_HALF_CLOSE),
        ("SNI", "it does not choose by name"),
    ];
    library.both_ways();
}

const NODE: [(&str, &str); 2] = [
    ("X25519MLKEM768", OPENSSL_3_0),
    ("bulla's cut noticed", "it takes any end of the socket for an announced one"),
];

#[test]
fn node() {
    let Some(program) = peers::find("node") else { return };
    let library = Library {
        name: "Node",
        program,
        arguments: vec![peers::script("tls_peer.mjs").into()],
        many: 3 << 20,
        as_client: &NODE,
        as_server: &NODE,
    };
    library.both_ways();
}
