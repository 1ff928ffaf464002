//! Peers whose host takes the connection back (RST) at any record of the handshake, over real sockets; and peers that want another one.
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bulla::ErrorKind;
use bulla::tls::{Credentials, Handshake, Server, Settings};
use socket2::SockRef;

use super::hostile::{flight, records};
use super::lab::{HOST, Lab, beside, sockets};

/// Sends so many records, and then a reset in the place of an end.
fn reset_after(mut socket: TcpStream, records: &[&[u8]]) {
    records.iter().for_each(|record| socket.write_all(record).unwrap());
    SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap();
}

/// What a side says in memory when it has heard what comes over the socket; records of it, as `send_to` gives them.
fn hears<P: 'static>(mut socket: &TcpStream, side: &mut Handshake<P>) -> Vec<u8> {
    loop {
        let mut piece = [0; 4096];
        let count = socket.read(&mut piece).unwrap();
        side.receive(&piece[..count]).unwrap();
        let said = flight(side);
        if !said.is_empty() {
            return said;
        }
    }
}

/// Both sides show certificates, in short records, so that there are many.
fn short() -> Settings {
    Settings::new().fragment(200).unwrap()
}

fn mutual(lab: &Lab) -> Server<bulla::tls::CertifiedPeer> {
    Server::builder(&lab.credentials()).settings(short()).require_clients(lab.trust()).unwrap()
}

#[test]
fn a_client_whose_server_is_reset_at_any_record_is_told_that_it_was_cut_off() {
    let lab = Lab::new();
    let server = mutual(&lab);
    let mut count = 1;
    let mut sent = 0;
    while sent < count {
        let (near, far) = sockets();
        let client = lab.client_as("CN=Alice");
        let there = beside(move || client.connect(&HOST.parse().unwrap(), near).map(drop).unwrap_err());
        let mut side = server.handshake().unwrap();
        let said = hears(&far, &mut side);
        let all = records(&said);
        count = all.len();
        reset_after(far, &all[..sent]);
        let error = there.join().unwrap();
        assert_eq!(error.kind(), ErrorKind::CutOff, "{sent} of {count}: {error}");
        sent += 1;
    }
    assert!(count > 5, "{count}");
}

#[test]
fn a_server_whose_client_is_reset_at_any_record_is_told_that_it_was_cut_off() {
    let lab = Lab::new();
    let shown = Credentials::new([lab.client_credential("CN=Alice")]).unwrap();
    let client = bulla::tls::Client::builder(lab.trust()).settings(short()).with(&shown).unwrap();
    let mut count = 1;
    let mut sent = 0;
    while sent < count {
        let (mut near, far) = sockets();
        let server = mutual(&lab);
        let there = beside(move || server.accept(far).map(drop).unwrap_err());
        let mut side = client.handshake(&HOST.parse().unwrap()).unwrap();
        near.write_all(&flight(&mut side)).unwrap();
        let mut said = Vec::new();
        while !side.is_done() {
            said.extend(hears(&near, &mut side));
        }
        let all = records(&said);
        count = all.len();
        reset_after(near, &all[..sent]);
        let error = there.join().unwrap();
        assert_eq!(error.kind(), ErrorKind::CutOff, "{sent} of {count}: {error}");
        sent += 1;
    }
    assert!(count > 2, "{count}");
}
