//! STARTTLS: a plain conversation becomes a TLS connection, and nothing that was said before counts in it.
use std::io::{BufReader, ErrorKind as Io, Read, Write};
use std::time::Duration;

use super::fault;
use crate::clock;
use crate::encoding::plain::one_line;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::{STARTTLS_BYTES, STARTTLS_SECONDS};
use crate::x509::ServerName;

/// Protocols whose servers begin in the clear, and change to TLS when they are asked to.
///
/// ```no_run
/// # fn client() -> bulla::Result<bulla::tls::Client<bulla::tls::CertifiedPeer>> { unimplemented!() }
/// use std::net::TcpStream;
/// use bulla::tls::StartTls;
/// let host = "mail.example.org".parse()?;
/// let socket = StartTls::Smtp.ask(&host, TcpStream::connect("mail.example.org:587")?)?;
/// let stream = client()?.connect(&host, socket)?;
/// # let _ = stream;
/// # Ok::<(), bulla::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum StartTls {
    /// Mail that is sent (RFC 3207).
    Smtp,
    /// Mail that is read (RFC 3501 section 6.2.1).
    Imap,
    /// Mail that is fetched (RFC 2595 section 4).
    Pop3,
    /// Files (RFC 4217).
    Ftp,
    /// Chat (RFC 6120 section 5).
    Xmpp,
    /// `PostgreSQL` (its manual, section "SSL Session Encryption").
    Postgres,
}

impl StartTls {
    /// Asks the server at the other end of the socket for TLS, and gives the socket back when it is to begin. It takes a minute at most;
    /// a socket that blocks must have time-outs of its own, as nobody looks at the clock while it waits.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) if the server does not do it; [`Malformed`](crate::ErrorKind::Malformed) if it
    /// says something else, and if something came after its consent: whoever is in between may have put it there, to be taken for
    /// what was said over TLS (CVE-2011-0411 and its kin). [`OverLimit`](crate::ErrorKind::OverLimit) if it goes on and on;
    /// [`Io`](crate::ErrorKind::Io), [`CutOff`](crate::ErrorKind::CutOff), [`TimedOut`](crate::ErrorKind::TimedOut).
    pub fn ask<S: Read + Write>(self, host: &ServerName, socket: S) -> Result<S> {
        self.ask_within(Duration::from_secs(STARTTLS_SECONDS), host, socket)
    }

    /// As [`ask`](Self::ask), within this time, or a minute if that is less.
    ///
    /// # Errors
    /// Those of [`ask`](Self::ask).
    pub fn ask_within<S: Read + Write>(self, time: Duration, host: &ServerName, mut socket: S) -> Result<S> {
        let until = clock::monotonic() + time.min(Duration::from_secs(STARTTLS_SECONDS));
        let mut conversation = self.conversation(host);
        while !conversation.is_done() {
            if clock::monotonic() >= until {
                return Err(fault::timed_out());
            }
            socket.write_all(&conversation.to_send())?;
            socket.flush()?;
            let mut piece = [0; 4096];
            match socket.read(&mut piece) {
                Ok(0) => return Err(fault::cut_off()),
                Ok(count) => conversation.receive(piece.get(..count).unwrap_or_default())?,
                Err(error) if error.kind() == Io::Interrupted => {}
                Err(error) if matches!(error.kind(), Io::WouldBlock | Io::TimedOut) => {
                    return Err(fault::timed_out());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(socket)
    }

    /// The same without a socket.
    #[must_use]
    pub fn conversation(self, host: &ServerName) -> Conversation {
        let mut conversation = Conversation {
            protocol: self,
            host: host.to_string(),
            step: 0,
            heard: Vec::new(),
            looked: 0,
            say: Vec::new(),
        };
        conversation.say = conversation.words();
        conversation
    }
}

/// What a client and a server say to each other before TLS begins: see [`StartTls`].
#[derive(Debug)]
pub struct Conversation {
    protocol: StartTls,
    host: String,
    /// Answers that came, of those that have to.
    step: usize,
    heard: Vec<u8>,
    /// Bytes of that among which no answer ends: servers may say it a byte at a time.
    looked: usize,
    say: Vec<u8>,
}

impl Conversation {
    /// What is to be sent now; empty if the server is to speak.
    #[must_use]
    pub fn to_send(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.say)
    }

    /// Takes in what came from the server.
    ///
    /// # Errors
    /// Those of [`StartTls::ask`].
    pub fn receive(&mut self, bytes: &[u8]) -> Result<()> {
        self.heard.extend_from_slice(bytes);
        if self.heard.len() > STARTTLS_BYTES {
            let why = format!("the server has said over {STARTTLS_BYTES} bytes before TLS");
            return Err(Error::over_limit("STARTTLS", why, "look whether it is a server of that protocol"));
        }
        while !self.is_done() {
            let Some(end) = self.end() else { return Ok(()) };
            let answer: Vec<u8> = self.heard.drain(..end).collect();
            self.judge(&String::from_utf8_lossy(&answer))?;
            self.step = self.step.saturating_add(1);
            let words = self.words();
            self.say.extend_from_slice(&words);
        }
        if self.heard.is_empty() {
            return Ok(());
        }
        Err(injected())
    }

    /// Whether TLS is to begin.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.step >= self.answers()
    }

    fn answers(&self) -> usize {
        match self.protocol {
            StartTls::Smtp => 3,
            StartTls::Imap | StartTls::Pop3 | StartTls::Ftp | StartTls::Xmpp => 2,
            StartTls::Postgres => 1,
        }
    }

    /// What the client says before the next answer.
    fn words(&self) -> Vec<u8> {
        let words: &[u8] = match (self.protocol, self.step) {
            (StartTls::Smtp, 1) => b"EHLO localhost\r\n",
            (StartTls::Smtp, 2) => b"STARTTLS\r\n",
            (StartTls::Imap, 1) => b"a STARTTLS\r\n",
            (StartTls::Pop3, 1) => b"STLS\r\n",
            (StartTls::Ftp, 1) => b"AUTH TLS\r\n",
            // A host's name has no letter that XML would take for its own.
            (StartTls::Xmpp, 0) => {
                let open = format!(
                    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
                     xmlns:stream='http://etherx.jabber.org/streams' to='{}' version='1.0'>",
                    self.host
                );
                return open.into_bytes();
            }
            (StartTls::Xmpp, 1) => b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
            // Its length, and the code 80877103: an SSLRequest.
            (StartTls::Postgres, 0) => &[0, 0, 0, 8, 4, 210, 22, 47],
            _ => b"",
        };
        words.to_vec()
    }

    /// How many bytes of what was heard are the next answer; `None` while it is not whole.
    fn end(&mut self) -> Option<usize> {
        if self.protocol == StartTls::Postgres {
            return (!self.heard.is_empty()).then_some(1);
        }
        let last = if self.protocol == StartTls::Xmpp { b'>' } else { b'\n' };
        loop {
            let rest = self.heard.get(self.looked..)?;
            let Some(at) = rest.iter().position(|byte| *byte == last) else {
                self.looked = self.heard.len();
                return None;
            };
            self.looked = self.looked.saturating_add(at).saturating_add(1);
            if self.is_answer(self.heard.get(..self.looked)?) {
                return Some(std::mem::take(&mut self.looked));
            }
        }
    }

    /// Whether what was said, up to the end of a line or of a tag, is the whole of an answer.
    fn is_answer(&self, said: &[u8]) -> bool {
        let line = || said.split_inclusive(|byte| *byte == b'\n').next_back().unwrap_or_default();
        match self.protocol {
            StartTls::Xmpp if self.step == 0 => said.ends_with(b"</stream:features>"),
            StartTls::Smtp | StartTls::Ftp => line().get(3) == Some(&b' '),
            StartTls::Imap if self.step > 0 => line().starts_with(b"a "),
            StartTls::Imap | StartTls::Pop3 | StartTls::Postgres | StartTls::Xmpp => true,
        }
    }

    fn judge(&self, answer: &str) -> Result<()> {
        let upper = answer.to_ascii_uppercase();
        let good = match (self.protocol, self.step) {
            (StartTls::Smtp, 1) => {
                let offers = |line: &str| line.get(4..).is_some_and(|word| word.trim() == "STARTTLS");
                upper.starts_with("250") && upper.lines().any(offers)
            }
            (StartTls::Smtp, _) => upper.starts_with("220"),
            (StartTls::Ftp, 0) => upper.starts_with("220"),
            (StartTls::Ftp, _) => upper.starts_with("234"),
            (StartTls::Pop3, _) => upper.starts_with("+OK"),
            (StartTls::Imap, 0) => upper.starts_with("* OK"),
            (StartTls::Imap, _) => upper.lines().any(|line| line.starts_with("A OK")),
            (StartTls::Xmpp, 0) => answer.contains("urn:ietf:params:xml:ns:xmpp-tls"),
            (StartTls::Xmpp, _) => answer.trim_start().starts_with("<proceed"),
            (StartTls::Postgres, _) => answer == "S",
        };
        if good {
            return Ok(());
        }
        let said: String = answer.trim_end().chars().take(200).collect();
        Err(Error::new(
            ErrorKind::Unsupported,
            "STARTTLS",
            format!("the server does not agree to it, and said: {}", one_line(&said)),
            "look which protocol it speaks, or whether it has TLS from the beginning at another port",
        ))
    }
}

/// The socket of a server that has agreed to TLS, out of what it read the plain conversation through.
///
/// # Errors
/// [`Malformed`](crate::ErrorKind::Malformed) if the client has said more already: whoever is in between may have put it there, to be
/// taken for what the client said over TLS (CVE-2011-0411). Say nothing more, and hang up.
///
/// ```
/// use std::io::BufReader;
/// use bulla::tls::leave_plain;
/// let mut reader = BufReader::new(&b"STARTTLS\r\nRSET\r\n"[..]);
/// std::io::BufRead::read_line(&mut reader, &mut String::new())?;
/// assert!(leave_plain(reader).is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn leave_plain<S>(reader: BufReader<S>) -> Result<S> {
    if reader.buffer().is_empty() {
        return Ok(reader.into_inner());
    }
    Err(injected())
}

fn injected() -> Error {
    Error::new(
        ErrorKind::Malformed,
        "STARTTLS",
        "something was said after it and before TLS",
        "hang up, and look whether somebody is in between",
    )
}
