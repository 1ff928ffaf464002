//! A server in one thread over sockets that do not block, by mio: `cargo run --example tls-mio --features tls`. It says back what its
//! visitors say, who are threads of the same program, and ends when they have gone.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use bulla::tls::{
    Anyone, CertifiedPeer, Client, Connecting, Credentials, Progress, Server, Settings, Stream, Trust,
};
use bulla::x509::{Authority, Credential, TrustAnchors};
use bulla::{Error, KeyKind, PrivateKey, Result};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

const VISITORS: usize = 8;
const LISTENER: Token = Token(0);
/// Between two looks at those who are being connected and say nothing.
const TICK: Duration = Duration::from_secs(1);

enum Connection {
    Begun(Connecting<TcpStream, Anyone>),
    Made(Echo),
}

struct Echo {
    stream: Stream<TcpStream, Anyone>,
    /// What was heard and is not said yet. Nothing is heard meanwhile, so it does not grow.
    waits: Vec<u8>,
    has_heard_all: bool,
}

impl Connection {
    /// Goes on until the socket would block; `None` if that was the end.
    fn go_on(self) -> Result<Option<Connection>> {
        let mut echo = match self {
            Connection::Made(echo) => echo,
            Connection::Begun(connecting) => match connecting.proceed()? {
                Progress::Waits(on) => return Ok(Some(Connection::Begun(on))),
                Progress::Done(stream) => Echo { stream, waits: Vec::new(), has_heard_all: false },
            },
        };
        match echo.go_on() {
            Ok(()) => Ok(None),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Some(Connection::Made(echo))),
            Err(error) => Err(error.into()),
        }
    }
}

impl Echo {
    fn go_on(&mut self) -> io::Result<()> {
        let mut piece = [0; 4096];
        loop {
            while !self.waits.is_empty() {
                let count = self.stream.write(&self.waits)?;
                self.waits.drain(..count);
            }
            self.stream.flush()?;
            if self.has_heard_all {
                return Ok(());
            }
            match self.stream.read(&mut piece)? {
                0 => {
                    self.has_heard_all = true;
                    self.stream.engine().close(); // sent by `flush`
                }
                count => self.waits.extend(piece.iter().take(count)),
            }
        }
    }
}

/// Serves until so many have gone.
fn serve(server: &Server<Anyone>, mut listener: TcpListener) -> Result<()> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(128));
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let (mut connections, mut next, mut gone) = (HashMap::new(), LISTENER.0, 0);
    while gone < VISITORS {
        poll.poll(&mut events, Some(TICK))?;
        let mut ready: Vec<Token> = events.iter().map(|event| event.token()).collect();
        if ready.contains(&LISTENER) {
            loop {
                let mut socket = match listener.accept() {
                    Ok((socket, _)) => socket,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error.into()),
                };
                next += 1;
                // Once, for both: mio tells when one of them is so again.
                poll.registry().register(
                    &mut socket,
                    Token(next),
                    Interest::READABLE | Interest::WRITABLE,
                )?;
                connections.insert(Token(next), Connection::Begun(server.begin(socket)?));
                ready.push(Token(next));
            }
        }
        // Who says nothing has no events: asked to go on, such a connection looks at the clock.
        let begun = connections.iter().filter(|(_, connection)| matches!(connection, Connection::Begun(_)));
        ready.extend(begun.map(|(token, _)| *token));
        for token in ready {
            let Some(connection) = connections.remove(&token) else { continue };
            match connection.go_on() {
                Ok(Some(on)) => drop(connections.insert(token, on)),
                Ok(None) => gone += 1,
                Err(error) => {
                    println!("{error}");
                    gone += 1;
                }
            }
        }
    }
    Ok(())
}

/// Says much, and hears it again.
fn visit(client: &Client<CertifiedPeer>, to: SocketAddr) -> Result<()> {
    let mut stream = client.connect(&"localhost".parse()?, std::net::TcpStream::connect(to)?)?;
    for number in 0..50_u8 {
        let said = vec![number; 20_000];
        stream.write_all(&said)?;
        let mut heard = vec![0; said.len()];
        stream.read_exact(&mut heard)?;
        assert_eq!(said, heard);
    }
    stream.close_write()?;
    assert_eq!(stream.read(&mut [0])?, 0);
    Ok(())
}

fn main() -> Result<()> {
    let root = Authority::root(&"CN=Root".parse()?, PrivateKey::generate(KeyKind::P256)?)?;
    let key = PrivateKey::generate(KeyKind::P256)?;
    let certificate = root.tls_server(key.public(), &["localhost"])?.sign()?;
    let credentials = Credentials::new([Credential::new(key, [certificate])?])?;
    let hasty = Settings::new().handshake_within(Duration::from_secs(10));
    let server = Server::builder(&credentials).settings(hasty).anyone()?;
    let client = Client::builder(Trust::new(TrustAnchors::new([root.certificate().clone()])?)).anonymous()?;

    let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
    let address = listener.local_addr()?;
    thread::scope(|scope| {
        let visitors: Vec<_> = (0..VISITORS).map(|_| scope.spawn(|| visit(&client, address))).collect();
        serve(&server, listener)?;
        for visitor in visitors {
            visitor.join().map_err(|_| Error::from(io::Error::other("a visitor has failed")))??;
        }
        println!("{VISITORS} visitors have heard what they said, from one thread");
        Ok(())
    })
}
