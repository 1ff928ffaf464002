//! `bulla tls probe`: what a server offers, asked for piece by piece, and what is wrong with it.
use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::time::{Duration, Instant};

use bulla::tls::{Client, KnownKeys, Settings, StartTls};
use bulla::x509::{Certificate, ServerName};
use bulla::{Error, Time};

use crate::failure::{Code, Done, Failure, one_line};
use crate::judging::trusted;
use crate::lists::{CRL, List, ListFlags, Lists};
use crate::tls_connect::{PATIENCE, Place, StartTlsName, TRUSTED, dial};
use crate::tls_probe_chain::{Judge, Shown, look};
use crate::tls_probe_hello::{Answer, Chosen, Hello, SSL3, TLS10, TLS11, TLS12, TLS13};
use crate::tls_probe_names::{GROUPS, SUITES_TLS13, suites};
use crate::tls_probe_report::{Report, Resumption};
use crate::ui;

#[derive(clap::Args)]
pub(crate) struct Probe {
    /// The name that the server shall have, if it is not that of HOST
    #[arg(long, value_name = "NAME")]
    name: Option<ServerName>,
    /// Ask for TLS in a conversation of this protocol first
    #[arg(long, value_enum, value_name = "PROTOCOL")]
    starttls: Option<StartTlsName>,
    /// Report in JSON
    #[arg(long)]
    json: bool,
    /// Judge at this time instead of now: 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<Time>,
    #[command(flatten)]
    lists: Lists<Known>,
}

struct Known;

impl ListFlags for Known {
    const ALL: &'static [List] = &[TRUSTED, CRL];
    const FILE: (&'static str, &'static str) = ("HOST:PORT", "What to probe");
}

/// How long an attempt may take in all.
const ATTEMPT: Duration = PATIENCE;
/// Bytes that a server may say where it is only asked whether it knows this side again.
const CHATTER: u64 = 64 << 10;

impl Probe {
    pub(crate) fn run(&self) -> Done<()> {
        let place = Place::of(self.lists.file()?, self.name.as_ref())?;
        let trusted = match self.lists.is_given(&TRUSTED) {
            true => Some(trusted(&self.lists, &TRUSTED)?),
            false => None,
        };
        let now = self.at.unwrap_or_else(Time::now);
        let server = Server { place: &place, starttls: self.starttls.map(StartTls::from) };
        let mut report = server.probe()?;
        let judge = Judge { name: &place.name, trusted: trusted.as_ref(), now };
        report.judge(&judge);
        match self.json {
            true => ui::print_json(&report.json(&place.text, &place.name))?,
            false => ui::answer(report.text(&place.text, &place.name))?,
        }
        match report.wrong() {
            0 => Ok(()),
            count => {
                let why = format!("{count} of its properties should not be so");
                Err(Failure::new(Code::Refused, one_line(&place.text), why, "see the list, the worst first"))
            }
        }
    }
}

/// A server that is probed.
struct Server<'a> {
    place: &'a Place,
    starttls: Option<StartTls>,
}

/// A socket with an end.
struct Timed {
    socket: TcpStream,
    until: Instant,
}

impl Timed {
    fn left(&self) -> io::Result<Duration> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Timed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(Some(self.left()?))?;
        self.socket.read(into)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(Some(self.left()?))?;
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

impl Server<'_> {
    fn socket(&self) -> Done<Timed> {
        let failed = |error: Error| Failure::from(error).about(one_line(&self.place.text));
        let socket = dial(self.place).map_err(|error| Failure::io(one_line(&self.place.text), &error))?;
        let socket = Timed { socket, until: Instant::now() + ATTEMPT };
        match self.starttls {
            Some(protocol) => protocol.ask(&self.place.name, socket).map_err(failed),
            None => Ok(socket),
        }
    }

    /// What it says to a hello; a server that says nothing, or hangs up, does not have what was asked for.
    fn answer(&self, version: u16, suites: &[u16], groups: &[u16]) -> Done<Answer> {
        let host = self.place.name.to_string();
        let host = host.parse::<IpAddr>().is_err().then_some(&*host);
        let hello = Hello { version, suites, groups, host };
        Ok(hello.ask(&mut self.socket()?).unwrap_or(Answer::End))
    }

    fn chosen(&self, version: u16, suites: &[u16], groups: &[u16]) -> Done<Option<Chosen>> {
        Ok(match self.answer(version, suites, groups)? {
            Answer::Hello(chosen) if chosen.version == version => Some(chosen),
            _ => None,
        })
    }

    /// Takes away what it chooses, until it chooses nothing more: as many attempts as it has suites, and one.
    fn suites(&self, version: u16, mut left: Vec<u16>, groups: &[u16]) -> Done<Vec<u16>> {
        let mut found = Vec::new();
        while let Some(chosen) = self.chosen(version, &left, groups)? {
            let before = left.len();
            left.retain(|suite| *suite != chosen.suite);
            if left.len() == before {
                // None of those that were offered.
                break;
            }
            found.push(chosen.suite);
        }
        Ok(found)
    }

    fn probe(&self) -> Done<Report> {
        let mut report = Report::default();
        let groups: Vec<u16> = GROUPS.iter().map(|(number, _)| *number).collect();
        let old = suites();
        let mut speaks_tls = false;
        for version in [TLS13, TLS12, TLS11, TLS10, SSL3] {
            let suites = if version == TLS13 { &SUITES_TLS13[..] } else { &old };
            let answer = self.answer(version, suites, &groups)?;
            speaks_tls |= !matches!(answer, Answer::Other | Answer::End);
            if let Answer::Hello(chosen) = answer
                && chosen.version == version
            {
                report.versions.push(version);
                if version < TLS13 {
                    report.old.get_or_insert(chosen);
                }
            }
        }
        if !speaks_tls {
            let why = "what it says is not TLS";
            let hint = "look at the port, or whether it begins in the clear: --starttls";
            return Err(Failure::new(Code::Input, one_line(&self.place.text), why, hint));
        }
        if report.has(TLS13) {
            report.suites_tls13 = self.suites(TLS13, SUITES_TLS13.to_vec(), &groups)?;
        }
        if let Some(newest) = report.old.as_ref().map(|chosen| chosen.version) {
            report.suites = self.suites(newest, old.clone(), &groups)?;
        }
        self.groups(&mut report, &groups)?;
        self.connections(&mut report)?;
        Ok(report)
    }

    /// One by one, in TLS 1.3 if there is that: a server without a group in common says so.
    fn groups(&self, report: &mut Report, groups: &[u16]) -> Done<()> {
        let suites: Vec<u16> = report.suites.iter().copied().filter(|suite| is_ecdhe(*suite)).collect();
        let newest = report.versions.first().copied().unwrap_or_default();
        for group in groups.iter().copied() {
            let has = match newest {
                TLS13 => self
                    .chosen(TLS13, &SUITES_TLS13, &[group])?
                    .is_some_and(|chosen| chosen.group == Some(group)),
                // Finite fields are no matter of groups there.
                _ if suites.is_empty() || (256..512).contains(&group) => false,
                older => self.chosen(older, &suites, &[group])?.is_some(),
            };
            if has {
                report.groups.push(group);
            }
        }
        Ok(())
    }

    /// What only a connection shows.
    fn connections(&self, report: &mut Report) -> Done<()> {
        let settings = || Settings::new().tls12_too().handshake_within(ATTEMPT);
        let Some(shown) = look(&self.place.name, settings(), self.socket()?)? else {
            return Ok(());
        };
        let chain = shown.certificates.iter().map(|der| Certificate::from_der(der));
        report.chain = chain.filter_map(Result::ok).collect();
        report.unreadable = shown.certificates.len().saturating_sub(report.chain.len());
        let Shown { staple, .. } = shown;
        report.staple = staple;
        let key = report.chain.first().and_then(|end| end.public_key().ok());
        let Some(key) = key.map(|key| key.fingerprint()) else { return Ok(()) };
        // The key that it has shown, and must have: more is not believed of it.
        let known = || KnownKeys::in_certificates([key]);
        for protocol in ["h2", "http/1.1"] {
            let client = Client::builder(known()?).settings(settings().protocols([protocol])?).anonymous()?;
            let made = client.connect(&self.place.name, self.socket()?);
            if made.is_ok_and(|stream| stream.facts().protocol() == Some(protocol.as_bytes())) {
                report.protocols.push(protocol);
            }
        }
        for (version, settings) in [
            (TLS13, Settings::new().handshake_within(ATTEMPT)),
            (TLS12, settings().dangerous_without_tls13()),
        ] {
            if report.has(version) {
                let client = Client::builder(known()?).settings(settings).anonymous()?;
                report.resumption.push((version, self.comes_again(&client)?));
            }
        }
        Ok(())
    }

    fn comes_again<P: Send + 'static>(&self, client: &Client<P>) -> Done<Resumption> {
        for first in [true, false] {
            let Ok(mut stream) = client.connect(&self.place.name, self.socket()?) else {
                return Ok(Resumption::NotSeen);
            };
            if !first {
                return Ok(if stream.facts().is_resumed() { Resumption::Known } else { Resumption::Never });
            }
            // Tickets come with the first words of a server, or with its end.
            let _ = stream.close_write();
            let _ = io::copy(&mut stream.take(CHATTER), &mut io::sink());
        }
        Ok(Resumption::Never)
    }
}

fn is_ecdhe(suite: u16) -> bool {
    crate::tls_probe_names::suite_name(suite).starts_with("TLS_ECDH")
}
