//! Connections over sockets, those that block and those that do not.
use std::io::{self, Read, Write};

use super::engine::{Engine, Handshake};
use super::facts::Facts;
use super::fault;
use crate::error::{Error, Result};
use crate::secret::opaque_debug;

/// A connection over a socket, or over anything that is `Read` and `Write`. `P` is what is known of the peer.
///
/// Reading gives 0 bytes at the end that the other side has announced, and an error of kind [`CutOff`](crate::ErrorKind::CutOff) at
/// any other. Errors of the socket are handed on, [`io::ErrorKind::WouldBlock`] among them; what waits to be sent goes out with the
/// next call.
///
/// Drop it without [`close`](Self::close), and the other side takes it for cut off.
#[must_use]
pub struct Stream<S, P> {
    engine: Engine<P>,
    socket: S,
}

/// A connection that is being made over a socket, which need not block.
///
/// ```no_run
/// # use bulla::tls::{Progress, Server};
/// # fn wait_for(_: &std::net::TcpStream, _to_write: bool) {}
/// # fn take<P: Send + 'static>(server: &Server<P>, socket: std::net::TcpStream) -> bulla::Result<()> {
/// socket.set_nonblocking(true)?;
/// let mut connecting = server.begin(socket)?;
/// let stream = loop {
///     match connecting.proceed()? {
///         Progress::Done(stream) => break stream,
///         Progress::Waits(on) => {
///             wait_for(on.socket(), on.wants_to_write()); // as mio or epoll do
///             connecting = on;
///         }
///     }
/// };
/// # let _ = stream;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Connecting<S, P> {
    handshake: Handshake<P>,
    socket: S,
}

/// How far a connection is that is being made.
#[must_use]
pub enum Progress<S, P> {
    /// It is made.
    Done(Stream<S, P>),
    /// The socket would block: go on when it is ready.
    Waits(Connecting<S, P>),
}

opaque_debug! {
    [S, P] Stream<S, P> = "Stream";
    [S, P] Connecting<S, P> = "Connecting";
    [S, P] Progress<S, P> = "Progress";
}

impl<S: Read + Write, P: 'static> Connecting<S, P> {
    pub(super) fn new(handshake: Handshake<P>, socket: S) -> Self {
        Connecting { handshake, socket }
    }

    /// Goes on until the connection is made, or the socket would block.
    ///
    /// # Errors
    /// Those of [`Handshake::receive`]; [`Io`](crate::ErrorKind::Io), [`CutOff`](crate::ErrorKind::CutOff).
    pub fn proceed(mut self) -> Result<Progress<S, P>> {
        match self.exchange() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Progress::Waits(self)),
            Err(error) => {
                // Why it is given up, if the other side still listens.
                let _ = self.handshake.send_to(&mut self.socket);
                Err(Error::from(error))
            }
            Ok(()) => {
                let engine = self.handshake.finish()?;
                Ok(Progress::Done(Stream { engine, socket: self.socket }))
            }
        }
    }

    /// Goes on until the connection is made; a socket that does not block within its time-out has none more.
    pub(super) fn wait(self) -> Result<Stream<S, P>> {
        match self.proceed()? {
            Progress::Done(stream) => Ok(stream),
            Progress::Waits(_) => Err(fault::timed_out()),
        }
    }

    fn exchange(&mut self) -> io::Result<()> {
        loop {
            self.handshake.send_to(&mut self.socket)?;
            if self.handshake.is_done() {
                return self.socket.flush();
            }
            match self.handshake.receive_from(&mut self.socket) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => drop(other?),
            }
        }
    }

    /// The socket, to wait for.
    pub fn socket(&self) -> &S {
        &self.socket
    }

    /// Whether it waits until the socket can be written to; otherwise, until it can be read from.
    #[must_use]
    pub fn wants_to_write(&self) -> bool {
        self.handshake.wants_to_send()
    }
}

impl<S: Read + Write, P: 'static> Stream<S, P> {
    /// Who is on the other side.
    #[must_use]
    pub fn peer(&self) -> &P {
        self.engine.peer()
    }

    /// How the connection was made.
    #[must_use]
    pub fn facts(&self) -> Facts {
        self.engine.facts()
    }

    /// The connection without the socket, for all that has nothing to do with it.
    pub fn engine(&mut self) -> &mut Engine<P> {
        &mut self.engine
    }

    /// The socket, to wait for it, or to set its time-outs.
    pub fn socket(&self) -> &S {
        &self.socket
    }

    /// The connection and the socket, for programs that bring bytes from one to the other in their own way from here on.
    pub fn into_parts(self) -> (Engine<P>, S) {
        (self.engine, self.socket)
    }

    /// Announces that this side says no more. The other may go on, and can be read to its end.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io).
    pub fn close_write(&mut self) -> Result<()> {
        self.engine.close();
        self.flush()?;
        Ok(())
    }

    /// Announces the end, and gives back the socket. What the other side still says is not waited for.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io).
    pub fn close(mut self) -> Result<S> {
        self.close_write()?;
        Ok(self.socket)
    }
}

impl<S: Read + Write, P: 'static> Read for Stream<S, P> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.engine.read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
            // What the other side waits for may wait here. If it has to go on waiting, there may be something to read still.
            match self.engine.send_to(&mut self.socket) {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
            match self.engine.receive_from(&mut self.socket) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if Error::kind_within(&error).is_some() => {
                    // Why it is given up.
                    let _ = self.engine.send_to(&mut self.socket);
                    return Err(error);
                }
                other => drop(other?),
            }
        }
    }
}

impl<S: Read + Write, P: 'static> Write for Stream<S, P> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // What waits from before goes first, so that it does not grow.
        self.engine.send_to(&mut self.socket)?;
        let count = self.engine.write(bytes)?;
        match self.engine.send_to(&mut self.socket) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(count),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.engine.send_to(&mut self.socket)?;
        self.socket.flush()
    }
}
