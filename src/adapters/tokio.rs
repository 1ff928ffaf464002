//! TLS over tokio's sockets, and all else that is `AsyncRead` and `AsyncWrite`, by the same clients and servers.
use std::io::{self, BufRead, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::Result;
use crate::tls::{Client, Engine, Facts, Handshake, Server};
use crate::x509::ServerName;

/// A connection over a socket of tokio's. `P` is what is known of the peer.
///
/// It reads and writes as [`tls::Stream`](crate::tls::Stream) does: the announced end is 0 bytes, any other is an error of kind
/// [`CutOff`](crate::ErrorKind::CutOff). `shutdown` announces this side's end; the other may go on.
#[must_use]
pub struct TlsStream<S, P> {
    engine: Engine<P>,
    socket: S,
}

impl<S, P> std::fmt::Debug for TlsStream<S, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsStream").finish_non_exhaustive()
    }
}

/// Connects to a host, over a socket that leads to it. It takes as long as
/// [`Settings::handshake_within`](crate::tls::Settings::handshake_within) says at most.
///
/// ```no_run
/// # async fn fetch(client: bulla::tls::Client<bulla::tls::CertifiedPeer>) -> bulla::Result<()> {
/// use bulla::adapters::tokio::connect;
/// use tokio::net::TcpStream;
/// let socket = TcpStream::connect("www.example.org:443").await?;
/// let stream = connect(&client, &"www.example.org".parse()?, socket).await?;
/// println!("{}", stream.peer().get().subject());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of [`Client::connect`].
pub async fn connect<S, P>(client: &Client<P>, host: &ServerName, socket: S) -> Result<TlsStream<S, P>>
where
    S: AsyncRead + AsyncWrite + Unpin,
    P: Send + 'static,
{
    make(client.handshake(host)?, socket).await
}

/// Takes a connection, over a socket that leads to the client. It takes as long as
/// [`Settings::handshake_within`](crate::tls::Settings::handshake_within) says at most; do it in the task of the connection, so that
/// nobody waits for a client that is slow.
///
/// # Errors
/// Those of [`Server::accept`].
pub async fn accept<S, P>(server: &Server<P>, socket: S) -> Result<TlsStream<S, P>>
where
    S: AsyncRead + AsyncWrite + Unpin,
    P: Send + 'static,
{
    make(server.handshake()?, socket).await
}

async fn make<S, P>(mut handshake: Handshake<P>, mut socket: S) -> Result<TlsStream<S, P>>
where
    S: AsyncRead + AsyncWrite + Unpin,
    P: Send + 'static,
{
    let limit = handshake.time_left();
    let exchanged = std::future::poll_fn(|context| {
        let mut socket = Socket { socket: Pin::new(&mut socket), context };
        loop {
            ready!(poll(handshake.send_to(&mut socket)))?;
            if handshake.is_done() {
                return socket.poll_flush();
            }
            ready!(poll(handshake.receive_from(&mut socket)))?;
        }
    });
    let error = match ::tokio::time::timeout(limit, exchanged).await {
        Ok(Ok(())) => return Ok(TlsStream { engine: handshake.finish()?, socket }),
        Ok(Err(error)) => error,
        // The time is over, and it says so.
        Err(_) => match handshake.receive_from(&mut io::empty()) {
            Err(error) => error,
            Ok(_) => io::ErrorKind::TimedOut.into(),
        },
    };
    // Why it is given up, if that can be sent at once.
    std::future::poll_fn(|context| {
        let mut socket = Socket { socket: Pin::new(&mut socket), context };
        drop(handshake.send_to(&mut socket));
        Poll::Ready(())
    })
    .await;
    Err(error.into())
}

/// A socket as the engine reads and writes it: where it would have to wait, it says so, and the task is woken later.
struct Socket<'a, 'b, S> {
    socket: Pin<&'a mut S>,
    context: &'a mut Context<'b>,
}

impl<S: AsyncWrite> Socket<'_, '_, S> {
    fn poll_flush(&mut self) -> Poll<io::Result<()>> {
        self.socket.as_mut().poll_flush(self.context)
    }
}

impl<S: AsyncRead> Read for Socket<'_, '_, S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut into = ReadBuf::new(into);
        match self.socket.as_mut().poll_read(self.context, &mut into) {
            Poll::Ready(done) => done.map(|()| into.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl<S: AsyncWrite> Write for Socket<'_, '_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        now(self.socket.as_mut().poll_write(self.context, bytes))
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        now(self.socket.as_mut().poll_write_vectored(self.context, slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        now(self.poll_flush())
    }
}

fn now<T>(polled: Poll<io::Result<T>>) -> io::Result<T> {
    match polled {
        Poll::Ready(done) => done,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

/// The other way round.
fn poll<T>(done: io::Result<T>) -> Poll<io::Result<T>> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        done => Poll::Ready(done),
    }
}

impl<S, P: Send + 'static> TlsStream<S, P> {
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

    /// The socket.
    pub fn socket(&self) -> &S {
        &self.socket
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, P: Send + Unpin + 'static> AsyncRead for TlsStream<S, P> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let mut socket = Socket { socket: Pin::new(&mut this.socket), context };
        loop {
            match this.engine.fill_buf() {
                Ok(there) => {
                    let count = there.len().min(into.remaining());
                    into.put_slice(there.get(..count).unwrap_or_default());
                    this.engine.consume(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
            // Nothing is sent here, though something may wait (an answer to new keys, say): the socket would wake the task that reads
            // when it can be written to, and not the one that writes. It goes out with what is written next.
            let received = ready!(poll(this.engine.receive_from(&mut socket)));
            if received.is_err() {
                drop(this.engine.send_to(&mut socket));
            }
            received?;
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, P: Send + Unpin + 'static> AsyncWrite for TlsStream<S, P> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let mut socket = Socket { socket: Pin::new(&mut this.socket), context };
        // What waits from before goes first, so that it does not grow.
        ready!(poll(this.engine.send_to(&mut socket)))?;
        let count = this.engine.write(bytes)?;
        if let Poll::Ready(sent) = poll(this.engine.send_to(&mut socket)) {
            sent?;
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let mut socket = Socket { socket: Pin::new(&mut this.socket), context };
        ready!(poll(this.engine.send_to(&mut socket)))?;
        socket.poll_flush()
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.engine.close();
        let mut socket = Socket { socket: Pin::new(&mut this.socket), context };
        ready!(poll(this.engine.send_to(&mut socket)))?;
        Pin::new(&mut this.socket).poll_shutdown(context)
    }
}
