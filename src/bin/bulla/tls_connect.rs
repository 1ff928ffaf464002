//! `bulla tls connect`: a connection to a server, a report on it, and what is said over it.
use std::fmt::Write as _;
use std::io::{self, BufRead, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

#[cfg(feature = "sqlite")]
use bulla::tls::{ByPassword, PasswordUser};
use bulla::tls::{
    CertifiedPeer, Client, Credentials, Engine, Facts, KeyHolder, KnownKeys, KnownPeer, Settings, StartTls,
    Stream, Trust,
};
use bulla::x509::ServerName;
use bulla::{Error, Fingerprint, Time};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::cert_report::summary;
use crate::credential::CredentialsFlags;
use crate::failure::{Done, Failure, one_line};
use crate::judging::trusted;
use crate::lists::{CRL, List, ListFlags, Lists, TRUST};
use crate::passphrase::{Given, PassphraseFlags};
use crate::tls_psk::SharedKeyFlags;
use crate::ui;

#[derive(clap::Args)]
pub(crate) struct Connect {
    /// The name that the server shall have, if it is not that of HOST
    #[arg(long, value_name = "NAME")]
    name: Option<ServerName>,
    /// Ask for TLS in a conversation of this protocol first
    #[arg(long, value_enum, value_name = "PROTOCOL")]
    starttls: Option<StartTlsName>,
    /// Also TLS 1.2, for servers that have nothing newer
    #[arg(long)]
    tls12: bool,
    /// Say how the connection is made, and end it
    #[arg(long)]
    report: bool,
    /// The same, in JSON
    #[arg(long)]
    json: bool,
    /// Refuse a server of which nothing says that its certificates stand
    #[arg(long)]
    require_revocation: bool,
    /// Judge at this time instead of now: 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<Time>,
    /// Come in as this user by a password, and believe the server that knows it; its certificate is not looked at
    #[cfg(feature = "sqlite")]
    #[arg(long, value_name = "NAME", conflicts_with = "psk_id")]
    user: Option<String>,
    #[command(flatten)]
    shared_key: SharedKeyFlags,
    #[command(flatten)]
    with: CredentialsFlags,
    #[command(flatten)]
    passphrase: PassphraseFlags,
    #[command(flatten)]
    lists: Lists<Known>,
}

struct Known;

const PIN: List = List {
    name: "pin",
    value: "SHA256",
    help: "Fingerprints of keys, one of which must be on the path; without --trust, the server's own, and nothing else is looked at",
    required: false,
};
const PROTOCOL: List = List {
    name: "protocol",
    value: "NAME",
    help: "Protocols to speak, best first (ALPN): h2",
    required: false,
};

pub(crate) const TRUSTED: List = List { required: false, ..TRUST };

impl ListFlags for Known {
    const ALL: &'static [List] = &[TRUSTED, CRL, PIN, PROTOCOL];
    const FILE: (&'static str, &'static str) = ("HOST:PORT", "Where to connect to");
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StartTlsName {
    Smtp,
    Imap,
    Pop3,
    Ftp,
    Xmpp,
    Postgres,
}

impl From<StartTlsName> for StartTls {
    fn from(name: StartTlsName) -> Self {
        match name {
            StartTlsName::Smtp => StartTls::Smtp,
            StartTlsName::Imap => StartTls::Imap,
            StartTlsName::Pop3 => StartTls::Pop3,
            StartTlsName::Ftp => StartTls::Ftp,
            StartTlsName::Xmpp => StartTls::Xmpp,
            StartTlsName::Postgres => StartTls::Postgres,
        }
    }
}

/// How long a socket may say nothing while the connection is made.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// Where to connect to.
pub(crate) struct Place {
    pub(crate) text: String,
    host: String,
    pub(crate) name: ServerName,
}

impl Place {
    /// HOST:PORT, and the name that the server shall have if it is not that of HOST.
    pub(crate) fn of(word: Option<&Path>, name: Option<&ServerName>) -> Done<Self> {
        let bad =
            |why: &str| Failure::usage("HOST:PORT", why, "write it like www.example.org:443 or [::1]:443");
        let text = word.and_then(Path::to_str).ok_or_else(|| bad("it is missing"))?;
        let (host, port) = text.rsplit_once(':').ok_or_else(|| bad("there is no port"))?;
        if port.parse::<u16>().is_err() {
            return Err(bad("the port is no number"));
        }
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let name = match name {
            Some(name) => name.clone(),
            None => host.parse().map_err(|error| Failure::from(error).into_usage())?,
        };
        Ok(Place { text: text.to_owned(), host: host.to_owned(), name })
    }
}

/// What a report says of a peer, by what it was believed.
trait Shown {
    fn json(&self) -> Value;
    fn lines(&self) -> String;
}

impl Shown for CertifiedPeer {
    fn json(&self) -> Value {
        let path = self.by();
        json!({
            "chain": path.certificates().iter().map(summary).collect::<Vec<_>>(),
            "anchor": path.anchor().map(summary),
            "revocation_known": path.revocation_known(),
        })
    }

    fn lines(&self) -> String {
        let mut lines = String::new();
        for (number, certificate) in self.by().certificates().iter().enumerate() {
            let until = certificate.not_after().map_or_else(|_| "?".to_owned(), |time| time.to_string());
            let subject = certificate.subject();
            let _ = writeln!(lines, "  {number}: {subject}, until {until}");
            if number == 0 {
                let names = certificate.alternative_names().unwrap_or_default();
                let names: Vec<String> = names.iter().map(ToString::to_string).collect();
                let _ = writeln!(lines, "     for {}", names.join(", "));
                if let Ok(key) = certificate.public_key() {
                    let _ = writeln!(lines, "     key {}, {}", key.kind(), key.fingerprint());
                }
            }
        }
        if let Some(anchor) = self.by().anchor() {
            let _ = writeln!(lines, "  trusted: {}", anchor.subject());
        }
        let known = if self.by().revocation_known() { "none of them is revoked" } else { "not known" };
        let _ = writeln!(lines, "  revocation: {known}");
        lines
    }
}

impl Shown for KnownPeer {
    fn json(&self) -> Value {
        json!({ "key": { "kind": self.get().kind().to_string(), "fingerprint": self.by().to_string() } })
    }

    fn lines(&self) -> String {
        format!("  key {}, {}, which was pinned; nothing else was looked at\n", self.get().kind(), self.by())
    }
}

impl Shown for KeyHolder {
    fn json(&self) -> Value {
        json!({ "shared_key": self.get() })
    }

    fn lines(&self) -> String {
        format!("  has the shared key of {}; nothing else was looked at\n", one_line(self.get()))
    }
}

#[cfg(feature = "sqlite")]
impl Shown for PasswordUser {
    fn json(&self) -> Value {
        json!({ "knows_password_of": self.get() })
    }

    fn lines(&self) -> String {
        format!("  it knows the password of {}; its certificate was not looked at\n", one_line(self.get()))
    }
}

impl Connect {
    pub(crate) fn run(&self) -> Done<()> {
        let place = Place::of(self.lists.file()?, self.name.as_ref())?;
        let pins = self.pins()?;
        if let Some(whom) = self.shared_key.whom()? {
            self.check_alone("--psk-id")?;
            return self.meet(&place, &Client::builder(whom).settings(self.settings()?).anonymous()?);
        }
        let given = Given::new(&self.passphrase);
        #[cfg(feature = "sqlite")]
        if let Some(user) = &self.user {
            return self.meet(&place, &self.by_password(user, &given)?);
        }
        let credentials = self.with.load(&given, false)?;
        let credentials = match credentials.is_empty() {
            true => None,
            false => Some(Credentials::new(credentials)?),
        };
        let settings = self.settings()?;
        if self.lists.is_given(&TRUSTED) {
            let (anchors, crls) = trusted(&self.lists, &TRUSTED)?;
            let mut trust = Trust::new(anchors).crls(crls).pin(pins);
            if self.require_revocation {
                trust = trust.require_revocation();
            }
            let builder = Client::builder(trust).settings(settings);
            return self.meet(
                &place,
                &match &credentials {
                    Some(credentials) => builder.with(credentials)?,
                    None => builder.anonymous()?,
                },
            );
        }
        if pins.is_empty() {
            let why = "nobody is believed by default";
            let hint = "name a file of certificates with --trust, or the server's key with --pin";
            return Err(Failure::usage("--trust", why, hint));
        }
        let builder = Client::builder(KnownKeys::in_certificates(pins)?).settings(settings);
        self.meet(
            &place,
            &match &credentials {
                Some(credentials) => builder.with(credentials)?,
                None => builder.anonymous()?,
            },
        )
    }

    #[cfg(feature = "sqlite")]
    fn by_password(&self, user: &str, given: &Given<'_>) -> Done<Client<PasswordUser>> {
        self.check_alone("--user")?;
        let by = ByPassword::new(user, given.for_user(user)?)?;
        Ok(Client::builder(by).settings(self.settings()?).anonymous()?)
    }

    /// What proves inside of the connection who the server is takes the place of certificates.
    fn check_alone(&self, flag: &str) -> Done<()> {
        let lists = [&TRUSTED, &PIN, &CRL].into_iter().any(|list| self.lists.is_given(list));
        if !lists && !self.with.is_given() && !self.require_revocation && !self.tls12 {
            return Ok(());
        }
        let why = "the server is believed by what it proves, over TLS 1.3, and no certificate is looked at";
        Err(Failure::usage(flag, why, "leave out what is about certificates, and --tls12"))
    }

    fn pins(&self) -> Done<Vec<Fingerprint>> {
        let parse = |text: &String| {
            let parsed: bulla::Result<Fingerprint> = text.parse();
            parsed.map_err(|error| Failure::from(error).about("--pin").into_usage())
        };
        self.lists.texts(&PIN).iter().map(parse).collect()
    }

    fn settings(&self) -> Done<Settings> {
        let mut settings = Settings::new().protocols(self.lists.texts(&PROTOCOL))?.handshake_within(PATIENCE);
        if self.tls12 {
            settings = settings.tls12_too();
        }
        Ok(match self.at {
            Some(at) => settings.clock(move || at),
            None => settings,
        })
    }

    fn meet<P: Shown + Send + 'static>(&self, place: &Place, client: &Client<P>) -> Done<()> {
        let failed = |error: Error| Failure::from(error).about(one_line(&place.text));
        let socket = dial(place).map_err(|error| Failure::io(one_line(&place.text), &error))?;
        let socket = match self.starttls {
            Some(protocol) => StartTls::from(protocol).ask(&place.name, socket).map_err(failed)?,
            None => socket,
        };
        let mut stream = client.connect(&place.name, socket).map_err(failed)?;
        let binding = stream.engine().channel_binding()?;
        let (facts, peer) = (stream.facts(), stream.peer());
        if self.json {
            ui::print_json(&json!({
                "address": place.text,
                "name": place.name.to_string(),
                "peer": peer.json(),
                "version": facts.version(),
                "suite": facts.suite(),
                "group": facts.group(),
                "protocol": facts.protocol().map(String::from_utf8_lossy),
                "resumed": facts.is_resumed(),
                "tls_exporter": hex(&binding),
            }))?;
        } else {
            let report = report(place, peer, &facts, &binding);
            if self.report { ui::answer(report)? } else { ui::note(report.trim_end()) }
        }
        if self.json || self.report {
            // The server may have gone first.
            let _ = stream.close();
            return Ok(());
        }
        converse(stream).map_err(|error| Failure::from(Error::from(error)).about(one_line(&place.text)))
    }
}

fn report(place: &Place, peer: &impl Shown, facts: &Facts, binding: &[u8]) -> String {
    format!(
        "{} is {}\n{}  {facts}\n  tls-exporter {}\n",
        one_line(&place.text),
        place.name,
        peer.lines(),
        hex(binding)
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first of the host's addresses that answers.
pub(crate) fn dial(place: &Place) -> io::Result<TcpStream> {
    let port = place.text.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()).unwrap_or_default();
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in (place.host.as_str(), port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(socket) => {
                socket.set_read_timeout(Some(PATIENCE))?;
                socket.set_write_timeout(Some(PATIENCE))?;
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Carries standard input to the server and what it says to standard output, until it ends. The two go on side by side: neither
/// waits for the other.
fn converse<P: Send + 'static>(mut stream: Stream<TcpStream, P>) -> io::Result<()> {
    stream.flush()?;
    let (engine, socket) = stream.into_parts();
    socket.set_read_timeout(None)?;
    socket.set_write_timeout(None)?;
    let engine = Arc::new(Mutex::new(engine));
    let (theirs, writer) = (Arc::clone(&engine), socket.try_clone()?);
    // Not waited for: it may wait for standard input when all is over.
    thread::spawn(move || {
        if send_input(&theirs, &writer).is_err() {
            let _ = writer.shutdown(Shutdown::Both);
        }
    });
    hear(&engine, &socket)
}

fn lock<P>(engine: &Mutex<Engine<P>>) -> MutexGuard<'_, Engine<P>> {
    engine.lock().unwrap_or_else(PoisonError::into_inner)
}

fn send_input<P: 'static>(engine: &Mutex<Engine<P>>, mut socket: &TcpStream) -> io::Result<()> {
    let mut piece = vec![0; 16 << 10];
    loop {
        let count = io::stdin().lock().read(&mut piece)?;
        let mut wire = Vec::new();
        {
            let mut engine = lock(engine);
            match piece.get(..count) {
                None | Some([]) => engine.close(),
                Some(words) => engine.write_all(words)?,
            }
            engine.send_to(&mut wire)?;
        }
        // Not while the engine is held: a server that says much may hear no more until that is read.
        socket.write_all(&wire)?;
        if count == 0 {
            return Ok(());
        }
    }
}

/// What there is to read: nothing at the end, `None` as long as it has not come.
fn said<P: 'static>(engine: &Mutex<Engine<P>>) -> io::Result<Option<Vec<u8>>> {
    let mut engine = lock(engine);
    match engine.fill_buf().map(<[u8]>::to_vec) {
        Ok(words) => {
            engine.consume(words.len());
            Ok(Some(words))
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

fn hear<P: 'static>(engine: &Mutex<Engine<P>>, mut socket: &TcpStream) -> io::Result<()> {
    let (mut piece, mut came) = (vec![0; 16 << 10], Vec::new());
    let mut out = io::stdout().lock();
    loop {
        while let Some(words) = said(engine)? {
            if words.is_empty() {
                return out.flush();
            }
            out.write_all(&words)?;
        }
        if came.is_empty() {
            out.flush()?;
            match socket.read(&mut piece)? {
                // Then there is an end to read, announced or not.
                0 => drop(lock(engine).receive_from(&mut io::empty())?),
                count => came.extend_from_slice(piece.get(..count).unwrap_or_default()),
            }
        }
        let taken = lock(engine).receive(&came)?;
        came.drain(..taken);
    }
}
