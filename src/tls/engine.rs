//! The connection without a socket: bytes of TLS in and out, and in between what is said.
use std::io::{self, BufRead, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use zeroize::Zeroizing;

use super::facts::Facts;
use super::fault;
use super::judge::{Judge, Presented};
use super::proof::{Binding, Heard, LABEL, Proof, Turn, frame};
use super::settings::Clock;
use super::verdict::{self, Notes};
use crate::clock;
use crate::error::{Error, Result};
use crate::secret::opaque_debug;
use crate::x509::ServerName;

/// What both states of a connection have in common.
struct Tls {
    connection: rustls::Connection,
    notes: Notes,
    heard_end: bool,
}

impl Tls {
    fn receive_from<P: 'static>(&mut self, from: &mut dyn Read) -> io::Result<usize> {
        let count = self.connection.read_tls(from).map_err(or_cut_off)?;
        self.process::<P>()?;
        Ok(count)
    }

    fn receive<P: 'static>(&mut self, mut bytes: &[u8]) -> Result<usize> {
        let all = bytes.len();
        // rustls takes no more while what came before has not been read.
        while !bytes.is_empty() && self.connection.wants_read() {
            if self.connection.read_tls(&mut bytes)? == 0 {
                break;
            }
            self.process::<P>()?;
        }
        Ok(all.saturating_sub(bytes.len()))
    }

    fn send_to(&mut self, to: &mut dyn Write) -> io::Result<()> {
        while self.connection.wants_write() {
            match self.connection.write_tls(to) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => drop(other.map_err(or_cut_off)?),
            }
        }
        Ok(())
    }

    fn process<P: 'static>(&mut self) -> Result<()> {
        let done = verdict::during(&mut self.notes, || self.connection.process_new_packets());
        let error = match done {
            Ok(state) => {
                if state.peer_has_closed() && !self.heard_end {
                    self.heard_end = true;
                    tracing::debug!("the peer has announced its end");
                }
                return Ok(());
            }
            Err(error) => error,
        };
        let verdict = match &error {
            rustls::Error::InvalidCertificate(_) => self.notes.take::<P>().and_then(Result::err),
            _ => None,
        };
        let error = verdict.unwrap_or_else(|| fault::of(&error));
        tracing::debug!(%error, "connection failed");
        Err(error)
    }
}

/// What a socket says if the other side, or somebody in between, has hung up without a word.
fn or_cut_off(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            fault::cut_off().into()
        }
        _ => error,
    }
}

/// A connection that is being made, without a socket: see [`Engine`].
///
/// Whatever comes from the other side goes into [`receive`](Self::receive), and what [`send_to`](Self::send_to) gives goes to it, until
/// [`is_done`](Self::is_done); then [`finish`](Self::finish) gives the connection. After an error there may still be something to
/// send, namely why this side gives up.
#[must_use]
pub struct Handshake<P> {
    tls: Tls,
    judge: Arc<dyn Judge<P>>,
    clock: Clock,
    /// The server that is asked for.
    server: Option<ServerName>,
    until: Instant,
    /// What is still to be proven when TLS is done.
    proof: Option<Proving<P>>,
    /// Found when all has come that needs to.
    peer: Option<P>,
    /// Nothing is tried again on a connection that has failed once.
    failed: bool,
}

/// A proof that is under way.
struct Proving<P> {
    proof: Box<dyn Proof<P>>,
    /// There is one as soon as TLS is done.
    binding: Option<Binding>,
    heard: Heard,
}

/// A connection without a socket, for programs that bring bytes from one place to another in their own way; for others there is
/// [`Stream`](super::Stream). `P` is what is known of the peer, which is never nothing where something was asked for.
///
/// It is `Read` and `Write` for what is said over the connection. Reading gives [`io::ErrorKind::WouldBlock`] if nothing is there
/// yet, 0 bytes at the announced end, and an error of kind [`CutOff`](crate::ErrorKind::CutOff) at any other.
///
/// ```
/// use std::io::{Read, Write};
/// # use bulla::{KeyKind, PrivateKey, x509::{Authority, Credential, TrustAnchors}};
/// # let root = Authority::root(&"CN=Root".parse()?, PrivateKey::generate(KeyKind::P256)?)?;
/// # let key = PrivateKey::generate(KeyKind::P256)?;
/// # let certificate = root.tls_server(key.public(), &["example.org"])?.sign()?;
/// # let credential = Credential::new(key, [certificate])?;
/// # let anchors = TrustAnchors::new([root.certificate().clone()])?;
/// use bulla::tls::{Client, Credentials, Server, Trust};
/// let mut client = Client::builder(Trust::new(anchors)).anonymous()?.handshake(&"example.org".parse()?)?;
/// let mut server = Server::builder(&Credentials::new([credential])?).anyone()?.handshake()?;
/// let (mut there, mut back) = (Vec::new(), Vec::new());
/// while !(client.is_done() && server.is_done()) {
///     client.send_to(&mut there)?;
///     server.receive(&std::mem::take(&mut there))?;
///     server.send_to(&mut back)?;
///     client.receive(&std::mem::take(&mut back))?;
/// }
/// let (mut client, mut server) = (client.finish()?, server.finish()?);
/// client.write_all(b"hello")?;
/// client.send_to(&mut there)?;
/// server.receive(&there)?;
/// let mut said = [0; 5];
/// server.read_exact(&mut said)?;
/// assert_eq!(&said, b"hello");
/// # Ok::<(), bulla::Error>(())
/// ```
#[must_use]
pub struct Engine<P> {
    tls: Tls,
    peer: P,
    /// Nothing more is said: rustls itself would go on sending after its announced end.
    closed: bool,
}

opaque_debug! {
    [P] Handshake<P> = "Handshake";
    [P] Engine<P> = "Engine";
}

impl<P: 'static> Handshake<P> {
    pub(super) fn new(
        connection: rustls::Connection,
        judge: Arc<dyn Judge<P>>,
        clock: Clock,
        server: Option<ServerName>,
        within: Duration,
    ) -> Self {
        let until = clock::monotonic() + within;
        match &server {
            Some(server) => tracing::debug!(%server, "connecting"),
            None => tracing::debug!("accepting"),
        }
        let tls = Tls { connection, notes: Notes::default(), heard_end: false };
        let proof = judge.proof().map(|proof| Proving { proof, binding: None, heard: Heard::default() });
        Handshake { tls, judge, clock, server, until, proof, peer: None, failed: false }
    }

    /// Takes in what came from the other side. Gives how many bytes were taken: fewer than there are only once it is done.
    ///
    /// # Errors
    /// Of a certificate that is not taken: [`Untrusted`](crate::ErrorKind::Untrusted), [`Expired`](crate::ErrorKind::Expired),
    /// [`WrongName`](crate::ErrorKind::WrongName), [`Revoked`](crate::ErrorKind::Revoked),
    /// [`Undetermined`](crate::ErrorKind::Undetermined), [`NotAllowed`](crate::ErrorKind::NotAllowed), with its reason;
    /// [`PeerRefused`](crate::ErrorKind::PeerRefused) if the other side gave up, and said why;
    /// [`Unsupported`](crate::ErrorKind::Unsupported) if there is nothing in common; [`Malformed`](crate::ErrorKind::Malformed)
    /// and [`Unauthentic`](crate::ErrorKind::Unauthentic) for what is not TLS, or was changed on the way;
    /// [`TimedOut`](crate::ErrorKind::TimedOut).
    ///
    /// A server that is known from an earlier connection, or a client, is judged by what counts now.
    pub fn receive(&mut self, mut bytes: &[u8]) -> Result<usize> {
        let all = bytes.len();
        while !bytes.is_empty() && !self.is_done() {
            if self.receive_from(&mut bytes)? == 0 {
                break;
            }
        }
        // What is said right after belongs to the connection, and waits in it.
        let more = self.tls.receive::<P>(bytes).inspect_err(|_| self.failed = true)?;
        Ok(all.saturating_sub(bytes.len()).saturating_add(more))
    }

    /// As [`receive`](Self::receive), with one `read` of what gives the bytes; 0 bytes are taken for the end of the other side.
    ///
    /// # Errors
    /// Those of [`receive`](Self::receive), within; those of reading; [`CutOff`](crate::ErrorKind::CutOff) at the end.
    pub fn receive_from(&mut self, from: &mut dyn Read) -> io::Result<usize> {
        if self.failed {
            return Err(Error::usage("connection", "it has failed already", "begin another").into());
        }
        // An error of the reader's own, which may have to wait, is none of the connection's.
        self.advance(from).inspect_err(|error| self.failed = Error::kind_within(error).is_some())
    }

    fn advance(&mut self, from: &mut dyn Read) -> io::Result<usize> {
        if clock::monotonic() >= self.until {
            return Err(fault::timed_out().into());
        }
        let count = self.tls.receive_from::<P>(from)?;
        if count == 0 && !self.is_done() {
            return Err(fault::cut_off().into());
        }
        if !self.tls.connection.is_handshaking() && self.peer.is_none() {
            self.find_peer().inspect_err(|error| {
                tracing::debug!(%error, "connection refused");
                self.tls.connection.send_close_notify();
            })?;
        }
        Ok(count)
    }

    /// Hands out all that is to be sent. What cannot be written now stays, for the next call.
    ///
    /// # Errors
    /// Those of writing, [`io::ErrorKind::WouldBlock`] among them; [`CutOff`](crate::ErrorKind::CutOff) if the other side has hung up.
    pub fn send_to(&mut self, to: &mut dyn Write) -> io::Result<()> {
        self.tls.send_to(to)
    }

    /// Whether there is something to send.
    #[must_use]
    pub fn wants_to_send(&self) -> bool {
        self.tls.connection.wants_write()
    }

    /// Whether nothing more needs to come, and the peer is known. What is there to send is still to be sent.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.peer.is_some()
    }

    /// How long it may still take.
    #[must_use]
    pub fn time_left(&self) -> Duration {
        self.until.saturating_duration_since(clock::monotonic())
    }

    /// The connection, with the peer that was found.
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) if it is not done yet, or has failed.
    pub fn finish(self) -> Result<Engine<P>> {
        match self.peer {
            Some(peer) if !self.failed => Ok(Engine { tls: self.tls, peer, closed: false }),
            _ => Err(Error::usage(
                "connection",
                "it is not made",
                "go on until `is_done`, or to the first error",
            )),
        }
    }

    /// Who is on the other side, if that is known already.
    fn find_peer(&mut self) -> Result<()> {
        self.peer = match (&mut self.proof, self.tls.notes.take::<P>()) {
            (Some(proving), _) => proving.go_on(&mut self.tls.connection)?,
            (None, Some(verdict)) => Some(verdict?),
            // Resumed: what the peer showed then is judged as if it showed it now. Or nothing was asked for, and nothing is shown.
            (None, None) => Some(self.judge_again()?),
        };
        if self.peer.is_some() {
            tracing::debug!(facts = %Facts::of(&self.tls.connection), "connected");
        }
        Ok(())
    }

    fn judge_again(&self) -> Result<P> {
        let shown = self.tls.connection.peer_certificates().unwrap_or_default();
        let (end, others) = match shown.split_first() {
            Some((end, others)) => (end.as_ref(), others),
            None => (&[][..], &[][..]),
        };
        let others: &[CertificateDer<'_>] = others;
        let now = (self.clock)();
        self.judge.judge(&Presented { end, others, ocsp: None, server: self.server.as_ref(), now })
    }
}

impl<P> Proving<P> {
    /// Says what is to be said, hears what there is to hear; gives the peer when it is known.
    fn go_on(&mut self, connection: &mut rustls::Connection) -> Result<Option<P>> {
        let binding = match self.binding.take() {
            Some(binding) => binding,
            None => {
                let mut binding = Binding::default();
                let exported = connection.export_keying_material(&mut binding[..], LABEL, Some(b""));
                exported.map_err(|error| fault::of(&error))?;
                say(connection, self.proof.begin(&binding)?)?;
                binding
            }
        };
        while let Some(heard) = self.heard.read_on(&mut connection.reader())? {
            match self.proof.hear(&heard, &binding) {
                Ok(Turn::Says(said)) => say(connection, Some(said))?,
                Ok(Turn::Knows(peer, said)) => return say(connection, said).map(|()| Some(peer)),
                Err(error) => return say(connection, self.proof.refusal()).and(Err(error)),
            }
        }
        self.binding = Some(binding);
        Ok(None)
    }
}

fn say(connection: &mut rustls::Connection, said: Option<Vec<u8>>) -> Result<()> {
    if let Some(said) = said {
        connection.writer().write_all(&frame(&said)?)?;
    }
    Ok(())
}

impl<P: 'static> Engine<P> {
    /// Who is on the other side.
    #[must_use]
    pub fn peer(&self) -> &P {
        &self.peer
    }

    /// Takes in what came from the other side. Gives how many bytes were taken: fewer than there are if what came before is to be
    /// read first, or it has announced its end.
    ///
    /// # Errors
    /// [`Unauthentic`](crate::ErrorKind::Unauthentic) for what was changed on the way, [`Malformed`](crate::ErrorKind::Malformed)
    /// for what is not TLS, [`PeerRefused`](crate::ErrorKind::PeerRefused) if the other side gave up.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<usize> {
        self.tls.receive::<P>(bytes).inspect_err(|_| self.closed = true)
    }

    /// As [`receive`](Self::receive), with one `read` of what gives the bytes; 0 bytes are taken for the end of the other side.
    ///
    /// # Errors
    /// Those of [`receive`](Self::receive), within; those of reading.
    pub fn receive_from(&mut self, from: &mut dyn Read) -> io::Result<usize> {
        // An error of the reader's is none of the connection's.
        self.tls
            .receive_from::<P>(from)
            .inspect_err(|error| self.closed |= Error::kind_within(error).is_some())
    }

    /// Hands out all that is to be sent. What cannot be written now stays, for the next call.
    ///
    /// # Errors
    /// Those of writing, [`io::ErrorKind::WouldBlock`] among them; [`CutOff`](crate::ErrorKind::CutOff) if the other side has hung up.
    pub fn send_to(&mut self, to: &mut dyn Write) -> io::Result<()> {
        self.tls.send_to(to)
    }

    /// Whether there is something to send.
    #[must_use]
    pub fn wants_to_send(&self) -> bool {
        self.tls.connection.wants_write()
    }

    /// Whether more may come: not while there is something to read, nor after the end.
    #[must_use]
    pub fn wants_to_receive(&self) -> bool {
        self.tls.connection.wants_read()
    }

    /// Announces that this side says no more, unless it has said so. The other may go on. (RFC 8446 section 6.1)
    pub fn close(&mut self) {
        if !self.closed {
            self.closed = true;
            tracing::debug!("the end is announced");
            self.tls.connection.send_close_notify();
        }
    }

    /// New keys for what this side sends from now on, after much was sent (RFC 8446 section 4.6.3).
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) with TLS 1.2.
    pub fn renew_keys(&mut self) -> Result<()> {
        self.tls.connection.refresh_traffic_keys().map_err(|error| fault::of(&error))
    }

    /// How the connection was made.
    #[must_use]
    pub fn facts(&self) -> Facts {
        Facts::of(&self.tls.connection)
    }

    /// A secret of `N` bytes that both sides have, and nobody else, for a purpose: a label, and what is to be bound in (RFC 8446
    /// section 7.5).
    ///
    /// # Errors
    /// [`Usage`](crate::ErrorKind::Usage) for a label that TLS uses itself.
    pub fn export<const N: usize>(&self, label: &str, context: &[u8]) -> Result<Zeroizing<[u8; N]>> {
        let mut secret = Zeroizing::new([0; N]);
        let exported =
            self.tls.connection.export_keying_material(&mut secret[..], label.as_bytes(), Some(context));
        exported.map_err(|error| {
            Error::usage("exported secret", error.to_string(), "take a label of your own, and fewer bytes")
        })?;
        Ok(secret)
    }

    /// What is the same on both sides of this connection, and on no other (`tls-exporter`, RFC 9266): who proves something inside of
    /// the connection binds it in, and is not passed on by somebody in the middle.
    ///
    /// # Errors
    /// None in practice.
    pub fn channel_binding(&self) -> Result<[u8; 32]> {
        self.export("EXPORTER-Channel-Binding", b"").map(|binding| *binding)
    }
}

impl<P> Read for Engine<P> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.tls.connection.reader().read(into) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(fault::cut_off().into()),
            other => other,
        }
    }
}

impl<P> BufRead for Engine<P> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.tls.connection.reader().into_first_chunk() {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(fault::cut_off().into()),
            other => other,
        }
    }

    fn consume(&mut self, count: usize) {
        self.tls.connection.reader().consume(count);
    }
}

impl<P> Engine<P> {
    fn writer(&mut self) -> io::Result<rustls::Writer<'_>> {
        if self.closed { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(self.tls.connection.writer()) }
    }
}

/// What is written waits until it is sent; if too much does, 0 bytes are taken. After [`close`](Engine::close), and after an error,
/// nothing is.
impl<P> Write for Engine<P> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer()?.write(bytes)
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.writer()?.write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
