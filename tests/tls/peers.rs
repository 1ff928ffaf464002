//! Other implementations of TLS on the other side, as clients and as servers, and a table of what goes with whom.
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use bulla::tls::{Facts, Stream};
use bulla::{Error, ErrorKind};
use tempfile::TempDir;

use super::lab::{HOST, Lab, all};

mod gnutls;
mod scripts;
mod web;

const OTHER: &str = "other.example.org";

/// What is tried with each peer, in both directions.
const COLUMNS: [&str; 17] = [
    "TLS 1.3",
    "TLS 1.2",
    "resumed 1.3",
    "resumed 1.2",
    "mutual",
    "ALPN",
    "SNI",
    "transfer",
    "close_notify",
    "goes on after bulla's end",
    "goes on after its end",
    "its cut noticed",
    "bulla's cut noticed",
    "X25519MLKEM768",
    "STARTTLS",
    "exporter",
    "raw public keys",
];

/// One peer in one direction: each column is `ok`, or `-` with why the peer cannot.
struct Row {
    name: String,
    cells: BTreeMap<&'static str, Option<&'static str>>,
}

impl Row {
    fn new(name: impl Into<String>) -> Self {
        Row { name: name.into(), cells: BTreeMap::new() }
    }

    fn ok(&mut self, column: &'static str) {
        self.cells.insert(column, None);
    }

    fn cannot(&mut self, why: &[(&'static str, &'static str)]) {
        self.cells.extend(why.iter().map(|(column, why)| (*column, Some(*why))));
    }

    /// Nothing is left out without a word.
    fn print(&self) {
        let mut lines = format!("{}:\n", self.name);
        for column in COLUMNS {
            match self.cells.get(column) {
                Some(None) => lines.push_str(&format!("    {column:26} ok\n")),
                Some(Some(why)) => lines.push_str(&format!("    {column:26} -  {why}\n")),
                None => panic!("{}: nothing is said of {column}", self.name),
            }
        }
        // Not `eprintln!`: the test runner keeps that to itself when a test passes.
        std::io::stderr().write_all(lines.as_bytes()).unwrap();
    }
}

/// What peers read: the CA, two servers and a client.
struct Folder(TempDir);

impl Folder {
    fn of(lab: &Lab) -> (Self, [std::sync::Arc<bulla::x509::Credential>; 3]) {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.write("ca.pem", &lab.root.certificate().to_pem());
        let all = [lab.credential(HOST), lab.credential(OTHER), lab.client_credential("CN=Alice")];
        for (name, credential) in ["server", "other", "client"].into_iter().zip(&all) {
            folder.write(&format!("{name}.pem"), &credential.certificate().to_pem());
            folder.write(&format!("{name}.key"), &credential.key().expose_pem().unwrap());
        }
        (folder, all)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
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

impl Running {
    fn start(command: &mut Command) -> Self {
        Running(command.stdout(Stdio::piped()).spawn().unwrap())
    }

    fn succeeds(mut self) {
        let status = self.0.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

/// A port that was free a moment ago, for servers that cannot say which they took.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Connects as soon as somebody listens.
fn connect(port: u16) -> TcpStream {
    let limit = Instant::now() + Duration::from_secs(30);
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(socket) => return patient(socket),
            Err(error) => assert!(Instant::now() < limit, "{error}"),
        }
        thread::yield_now();
    }
}

/// A listener of ours, and what a client of it says on its stdout. If the client ends without having connected, `accept` hears
/// of it by a connection that says nothing.
struct Visited {
    listener: TcpListener,
    port: u16,
}

impl Visited {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        Visited { listener, port }
    }

    fn by(&self, command: &mut Command) -> Visitor {
        let mut running = Running::start(command);
        let (mut from, port) = (running.0.stdout.take().unwrap(), self.port);
        let said = thread::spawn(move || {
            let mut said = Vec::new();
            let _ = from.read_to_end(&mut said);
            drop(TcpStream::connect(("127.0.0.1", port)));
            said
        });
        Visitor { running, said }
    }

    fn accept(&self) -> TcpStream {
        patient(self.listener.accept().unwrap().0)
    }
}

struct Visitor {
    running: Running,
    said: thread::JoinHandle<Vec<u8>>,
}

impl Visitor {
    /// All that it said, when it has ended well.
    fn said(self) -> Vec<u8> {
        let said = self.said.join().unwrap();
        self.running.succeeds();
        said
    }
}

/// A socket that does not wait for ever for a peer that has failed.
fn patient(socket: TcpStream) -> TcpStream {
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    socket.set_write_timeout(Some(Duration::from_secs(30))).unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

/// How a connection was, as bulla sees it.
struct Seen {
    facts: Facts,
    binding: [u8; 32],
}

impl Seen {
    fn of<P: 'static>(stream: &mut Stream<TcpStream, P>) -> Self {
        Seen { facts: stream.facts(), binding: stream.engine().channel_binding().unwrap() }
    }
}

/// The client says something, and the server says it again. Then one side ends it.
fn asks<P: 'static>(mut stream: Stream<TcpStream, P>, size: usize, end: &str) -> Seen {
    let said: Vec<u8> = (0_u8..=250).cycle().take(size).collect();
    let length = u32::try_from(size).unwrap().to_be_bytes();
    stream.write_all(&length).unwrap();
    stream.write_all(&said).unwrap();
    stream.flush().unwrap();
    let mut heard = vec![0; length.len().checked_add(size).unwrap()];
    stream.read_exact(&mut heard).unwrap();
    assert!(heard.starts_with(&length) && heard.ends_with(&said), "it came back changed");
    let seen = Seen::of(&mut stream);
    ends(stream, end);
    seen
}

fn answers<P: 'static>(mut stream: Stream<TcpStream, P>, end: &str) -> Seen {
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut said = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut said).unwrap();
    stream.write_all(&length).unwrap();
    stream.write_all(&said).unwrap();
    stream.flush().unwrap();
    let seen = Seen::of(&mut stream);
    ends(stream, end);
    seen
}

fn ends<P: 'static>(mut stream: Stream<TcpStream, P>, end: &str) {
    match end {
        "bulla-closes" => {
            stream.close_write().unwrap();
            assert_eq!(all(&mut stream).unwrap(), b"");
        }
        "bulla-is-done" => {
            stream.close_write().unwrap();
            assert_eq!(all(&mut stream).unwrap(), b"bye");
        }
        "bulla-cuts" => drop(stream),
        "peer-closes" => {
            assert_eq!(all(&mut stream).unwrap(), b"");
            // Who has closed may not be there any more.
            let _ = stream.close();
        }
        "peer-is-done" => {
            assert_eq!(all(&mut stream).unwrap(), b"");
            stream.write_all(b"bye").unwrap();
            stream.close().unwrap();
        }
        "peer-cuts" => {
            let error = Error::from(all(&mut stream).unwrap_err());
            assert_eq!(error.kind(), ErrorKind::CutOff, "{error}");
        }
        _ => panic!("no such end: {end}"),
    }
}
