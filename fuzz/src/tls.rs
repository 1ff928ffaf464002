//! What targets of connections have in common: a server and its clients, and what the wire may do to what they say.
use std::io::{Read, Write};
use std::sync::LazyLock;

use bulla::tls::{
    Anyone, ByKeys, CertifiedPeer, Client, Credentials, Handshake, KeyHolder, Server, Settings, SharedKey,
    SharedKeys, StartTls, Trust,
};
use bulla::x509::{Authority, Credential, ServerName, TrustAnchors};
use bulla::{KeyKind, PrivateKey};

struct Lab {
    host: ServerName,
    client: Client<CertifiedPeer>,
    /// One that shows a certificate, and TLS 1.2, too.
    shown: Client<CertifiedPeer>,
    server: Server<Anyone>,
    mutual: Server<CertifiedPeer>,
    keyed: Server<KeyHolder>,
}

static LAB: LazyLock<Lab> = LazyLock::new(|| {
    let key = || PrivateKey::generate(KeyKind::P256).unwrap();
    let root = Authority::root(&"CN=Root".parse().unwrap(), key()).unwrap();
    let (of_server, of_client) = (key(), key());
    let server = root.tls_server(of_server.public(), &["example.org"]).unwrap().sign().unwrap();
    let client = root.tls_client(of_client.public(), &"CN=Alice".parse().unwrap()).unwrap().sign().unwrap();
    let server = Credentials::new([Credential::new(of_server, [server]).unwrap()]).unwrap();
    let client = Credentials::new([Credential::new(of_client, [client]).unwrap()]).unwrap();
    let trust = || Trust::new(TrustAnchors::new([root.certificate().clone()]).unwrap());
    let old = || Settings::new().tls12_too();
    let mut keys = SharedKeys::new();
    keys.add("a", SharedKey::generate()).unwrap();
    Lab {
        host: "example.org".parse().unwrap(),
        client: Client::builder(trust()).anonymous().unwrap(),
        shown: Client::builder(trust()).settings(old()).with(&client).unwrap(),
        server: Server::builder(&server).settings(old()).anyone().unwrap(),
        mutual: Server::builder(&server).require_clients(trust()).unwrap(),
        keyed: Server::builder(&server).require_clients(ByKeys::new(keys)).unwrap(),
    }
});

/// A change of one place of what is under way.
fn change(wire: &mut Vec<u8>, [high, low, how, byte]: [u8; 4]) {
    if wire.is_empty() {
        return;
    }
    let at = usize::from(u16::from_be_bytes([high, low])) % wire.len();
    match how % 4 {
        0 => wire[at] ^= byte,
        1 => wire.insert(at, byte),
        2 => drop(wire.remove(at)),
        _ => wire.truncate(at),
    }
}

/// Two sides talk, and the wire does what the data says to one flight of one of them. Where both take it for a connection, it is the
/// same one.
pub fn wire(data: &[u8]) {
    let lab = &*LAB;
    let Some(([which, pieces], rest)) = data.split_first_chunk::<2>() else { return };
    let client = if which & 1 == 0 { &lab.client } else { &lab.shown };
    match which & 2 {
        0 => {
            talk(client.handshake(&lab.host).unwrap(), lab.server.handshake().unwrap(), *which, *pieces, rest)
        }
        _ => {
            talk(client.handshake(&lab.host).unwrap(), lab.mutual.handshake().unwrap(), *which, *pieces, rest)
        }
    }
}

fn talk<B: 'static>(
    mut client: Handshake<CertifiedPeer>,
    mut server: Handshake<B>,
    which: u8,
    pieces: u8,
    rest: &[u8],
) {
    let (to_client, flight) = (which & 4 != 0, which >> 3 & 3);
    let (changes, added) = rest.split_at(rest.len().min(usize::from(pieces & 7) * 4));
    for round in 0..4 {
        let (mut there, mut back) = (Vec::new(), Vec::new());
        client.send_to(&mut there).unwrap();
        if round == flight && !to_client {
            spoil(&mut there, changes, added);
        }
        let heard = feed(&mut server, &there, pieces);
        server.send_to(&mut back).unwrap();
        if round == flight && to_client {
            spoil(&mut back, changes, added);
        }
        if heard.is_err() | feed(&mut client, &back, pieces).is_err() {
            break;
        }
    }
    if let (Ok(client), Ok(server)) = (client.finish(), server.finish()) {
        assert_eq!(client.channel_binding().unwrap(), server.channel_binding().unwrap());
    }
}

fn spoil(wire: &mut Vec<u8>, changes: &[u8], added: &[u8]) {
    changes.as_chunks::<4>().0.iter().for_each(|one| change(wire, *one));
    wire.extend_from_slice(added);
}

fn feed<P: 'static>(to: &mut Handshake<P>, wire: &[u8], pieces: u8) -> bulla::Result<()> {
    let size = usize::from(pieces >> 3) * 64 + 1;
    for piece in wire.chunks(if pieces >> 3 == 31 { usize::MAX } else { size }) {
        to.receive(piece)?;
    }
    Ok(())
}

/// Somebody without the key says anything to a server that waits for a proof: they never get in.
pub fn inside(data: &[u8]) {
    let lab = &*LAB;
    let (mut from, mut to) = (lab.client.handshake(&lab.host).unwrap(), lab.keyed.handshake().unwrap());
    for _ in 0..3 {
        let (mut there, mut back) = (Vec::new(), Vec::new());
        from.send_to(&mut there).unwrap();
        to.receive(&there).unwrap();
        to.send_to(&mut back).unwrap();
        from.receive(&back).unwrap();
    }
    let mut from = from.finish().unwrap();
    let mut wire = Vec::new();
    for piece in data.chunks(1000) {
        from.write_all(piece).unwrap();
        from.send_to(&mut wire).unwrap();
    }
    let _ = to.receive(&wire);
    assert!(!to.is_done());
    let mut answer = Vec::new();
    to.send_to(&mut answer).unwrap();
    let _ = from.receive(&answer);
    let _ = from.read(&mut [0; 64]);
}

/// A server says anything before TLS: it agrees, or not, and nothing of what it said is left.
pub fn starttls(data: &[u8]) {
    let Some((which, said)) = data.split_first() else { return };
    let protocols =
        [StartTls::Smtp, StartTls::Imap, StartTls::Pop3, StartTls::Ftp, StartTls::Xmpp, StartTls::Postgres];
    let protocol = protocols[usize::from(which % 8) % protocols.len()];
    let host = "example.org".parse().unwrap();
    let mut whole = protocol.conversation(&host);
    let at_once = whole.receive(said);
    let mut pieces = protocol.conversation(&host);
    // In pieces, up to the consent: what follows then is TLS, and nobody's business here.
    let mut taken = 0;
    for byte in said {
        if pieces.is_done() || pieces.receive(std::slice::from_ref(byte)).is_err() {
            break;
        }
        taken += 1;
        let _ = pieces.to_send();
    }
    if pieces.is_done() {
        assert_eq!(at_once.is_ok(), taken == said.len());
    }
}
