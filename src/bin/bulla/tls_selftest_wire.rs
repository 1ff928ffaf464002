//! Rows of `bulla tls selftest`: what the wire does, from the half-closed connection to STARTTLS.
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;

use bulla::tls::{Anyone, CertifiedPeer, Client, Server, StartTls, Stream};
use bulla::{Error, ErrorKind};

use crate::tls_selftest_lab::{Ground, How, Outcome, Row, Version, host, meet_by, sockets, told};

type Work = fn(&Ground, Version) -> Outcome;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for version in Version::ALL {
        let works: [(&str, Work); 3] = [
            ("one side ends, and the other goes on", half_closed),
            ("16 MiB in both directions", much),
            ("an end that is not announced: told", cut_off),
        ];
        for (what, work) in works {
            rows.push(Row::new(format!("{}, {what}", version.name()), move |ground| work(ground, version)));
        }
    }
    for (protocol, name, says) in CONVERSATIONS {
        rows.push(Row::new(format!("STARTTLS, {name}"), move |ground| begins_plain(ground, protocol, says)));
        let injected = format!("STARTTLS, {name}, something put in before TLS: refused");
        rows.push(Row::new(injected, move |_| injected_into(protocol, says)));
    }
    rows
}

type Pair = (Client<CertifiedPeer>, Server<Anyone>);

fn pair(ground: &Ground, version: Version) -> bulla::Result<Pair> {
    let how = How::new(version)?;
    Ok((
        Client::builder(ground.trust()?).settings(how.client()).anonymous()?,
        how.server(&ground.of_server()?)?.anyone()?,
    ))
}

type Far = Stream<TcpStream, Anyone>;
type Near = Stream<TcpStream, CertifiedPeer>;

/// Both sides do their part, each in a thread.
fn beside(
    ground: &Ground,
    version: Version,
    here: impl FnOnce(Near) -> bulla::Result<()>,
    there: impl FnOnce(Far) -> bulla::Result<()> + Send + 'static,
) -> Outcome {
    let (client, server) = pair(ground, version).map_err(told)?;
    let (near, far) = sockets().map_err(told)?;
    let far = thread::spawn(move || server.accept(far).and_then(there));
    let near = host().and_then(|host| client.connect(&host, near)).and_then(here);
    let far = far.join().map_err(|_| "the server's thread has died".to_owned())?;
    near.map_err(|error| format!("the client: {error}"))?;
    far.map_err(|error| format!("the server: {error}"))
}

fn same(heard: &[u8], said: &[u8]) -> bulla::Result<()> {
    if heard == said { Ok(()) } else { Err(io::Error::other("something else came").into()) }
}

fn half_closed(ground: &Ground, version: Version) -> Outcome {
    let here = |mut stream: Near| {
        stream.write_all(b"that is all")?;
        stream.close_write()?;
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard)?;
        same(&heard, b"not of me")
    };
    let there = |mut stream: Far| {
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard)?;
        same(&heard, b"that is all")?;
        stream.write_all(b"not of me")?;
        stream.close().map(drop)
    };
    beside(ground, version, here, there)
}

/// More than any buffer in between has.
const MUCH: usize = 16 << 20;

fn content() -> Vec<u8> {
    (0..=250_u8).cycle().take(MUCH).collect()
}

fn much(ground: &Ground, version: Version) -> Outcome {
    let here = |mut stream: Near| {
        stream.write_all(&content())?;
        stream.close_write()?;
        let mut heard = Vec::with_capacity(MUCH);
        stream.read_to_end(&mut heard)?;
        same(&heard, &content())
    };
    let there = |mut stream: Far| {
        let mut heard = Vec::with_capacity(MUCH);
        stream.read_to_end(&mut heard)?;
        stream.write_all(&heard)?;
        stream.close().map(drop)
    };
    beside(ground, version, here, there)
}

fn cut_off(ground: &Ground, version: Version) -> Outcome {
    let here = |mut stream: Near| {
        let mut heard = Vec::new();
        match stream.read_to_end(&mut heard).map_err(Error::from) {
            Err(error) if error.kind() == ErrorKind::CutOff => same(&heard, b"and so on"),
            Err(error) => Err(error),
            Ok(_) => Err(io::Error::other("it was taken for the end").into()),
        }
    };
    let there = |mut stream: Far| {
        stream.write_all(b"and so on")?;
        stream.flush()?;
        drop(stream);
        Ok(())
    };
    beside(ground, version, here, there)
}

/// What a client has said when the server says this, to the last before TLS.
type Says = &'static [(&'static str, &'static str)];

const CONVERSATIONS: [(StartTls, &str, Says); 6] = [
    (
        StartTls::Smtp,
        "SMTP",
        &[
            ("", "220 mail.example ESMTP\r\n"),
            ("EHLO localhost\r\n", "250-mail.example\r\n250-STARTTLS\r\n250 8BITMIME\r\n"),
            ("STARTTLS\r\n", "220 go ahead\r\n"),
        ],
    ),
    (StartTls::Imap, "IMAP", &[("", "* OK IMAP4rev1\r\n"), ("a STARTTLS\r\n", "a OK begin\r\n")]),
    (StartTls::Pop3, "POP3", &[("", "+OK POP3\r\n"), ("STLS\r\n", "+OK begin\r\n")]),
    (StartTls::Ftp, "FTP", &[("", "220 here\r\n"), ("AUTH TLS\r\n", "234 begin\r\n")]),
    (
        StartTls::Xmpp,
        "XMPP",
        &[
            (
                "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
                 xmlns:stream='http://etherx.jabber.org/streams' to='selftest.example' version='1.0'>",
                "<?xml version='1.0'?><stream:stream id='1'><stream:features><starttls \
                 xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>",
            ),
            (
                "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
                "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
            ),
        ],
    ),
    (StartTls::Postgres, "PostgreSQL", &[("\0\0\0\u{8}\u{4}\u{d2}\u{16}/", "S")]),
];

/// The server's part of the plain conversation. Of each letter it is the number that is said, which is a byte.
fn converse(socket: &mut TcpStream, says: Says) -> io::Result<()> {
    for (said, answer) in says {
        let said: Vec<u8> = said.chars().filter_map(|letter| u8::try_from(letter).ok()).collect();
        let mut heard = vec![0; said.len()];
        socket.read_exact(&mut heard)?;
        if heard != said {
            return Err(io::Error::other("the client does not say what its RFC says"));
        }
        socket.write_all(answer.as_bytes())?;
    }
    Ok(())
}

fn begins_plain(ground: &Ground, protocol: StartTls, says: Says) -> Outcome {
    let (client, server) = pair(ground, Version::Tls13).map_err(told)?;
    let host = host().map_err(told)?;
    let met = meet_by(
        |near| client.connect(&host, protocol.ask(&host, near)?),
        move |mut far| {
            converse(&mut far, says)?;
            server.accept(far)
        },
    );
    met.map_err(told)?.made(Version::Tls13, false)
}

fn injected_into(protocol: StartTls, says: Says) -> Outcome {
    let (near, mut far) = sockets().map_err(told)?;
    let there = thread::spawn(move || {
        let (last, before) = says.split_last()?;
        converse(&mut far, before).ok()?;
        // In one piece with the consent, as it would come.
        let mut heard = [0; 64];
        let waits = !last.0.is_empty() && far.read(&mut heard).is_err();
        let written = far.write_all(format!("{}* OK injected\r\n", last.1).as_bytes());
        (!waits && written.is_ok()).then_some(())
    });
    let asked = protocol.ask(&host().map_err(told)?, near);
    if there.join().ok().flatten().is_none() {
        return Err("the server's part has failed".to_owned());
    }
    match asked {
        Ok(_) => Err("it was taken".to_owned()),
        Err(error) if error.kind() == ErrorKind::Malformed => Ok(()),
        Err(error) => Err(format!("refused for another reason: {error}")),
    }
}
