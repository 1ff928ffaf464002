//! Peers that behave badly, and somebody in between: cut at every record, garbage, weaker versions, tickets shown twice.
use std::io;

use bulla::tls::{Client, Credentials, Handshake, Server, Settings};
use bulla::{Error, ErrorKind};

use super::lab::{HOST, Lab, connected, says};

/// Records of what is under way (RFC 8446 section 5.1).
pub(crate) fn records(mut wire: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    while !wire.is_empty() {
        let length = 5 + usize::from(u16::from_be_bytes([wire[3], wire[4]]));
        let (record, rest) = wire.split_at(length);
        records.push(record);
        wire = rest;
    }
    records
}

pub(crate) fn flight<P: 'static>(of: &mut Handshake<P>) -> Vec<u8> {
    let mut wire = Vec::new();
    of.send_to(&mut wire).unwrap();
    wire
}

/// What becomes of a side that hears so many of these records, then this, and then the others; with nothing in between it is cut.
fn after<P: 'static>(mut side: Handshake<P>, records: &[&[u8]], heard: usize, then: &[u8]) -> Error {
    let (before, others) = records.split_at(heard);
    for record in before {
        side.receive(record).unwrap();
    }
    let error = match then {
        [] => Error::from(side.receive_from(&mut io::empty()).unwrap_err()),
        // In the middle of a message it may be taken for a part of that, and show later.
        garbage => [&[garbage], others].concat().iter().find_map(|wire| side.receive(wire).err()).unwrap(),
    };
    assert!(side.finish().is_err());
    error
}

/// For each record of the server's first flight, and of the client's answer, what becomes of who waits for it.
fn at_every_record(then: &[u8]) -> Vec<Error> {
    let lab = Lab::new();
    // Short records, so that there are many.
    let short = || Settings::new().fragment(200).unwrap();
    let server = Server::builder(&lab.credentials()).settings(short());
    let server = server.require_clients(lab.trust()).unwrap();
    let shown = Credentials::new([lab.client_credential("CN=Alice")]).unwrap();
    let client = Client::builder(lab.trust()).settings(short()).with(&shown).unwrap();
    let begin = || (client.handshake(&HOST.parse().unwrap()).unwrap(), server.handshake().unwrap());
    let count = |of_server: bool| {
        let (mut from, mut to) = begin();
        to.receive(&flight(&mut from)).unwrap();
        let back = flight(&mut to);
        if of_server {
            return records(&back).len();
        }
        from.receive(&back).unwrap();
        records(&flight(&mut from)).len()
    };
    let mut errors = vec![after(begin().1, &[], 0, then)];
    for heard in 0..count(true) {
        let (mut from, mut to) = begin();
        to.receive(&flight(&mut from)).unwrap();
        let back = flight(&mut to);
        errors.push(after(from, &records(&back), heard, then));
    }
    for heard in 0..count(false) {
        let (mut from, mut to) = begin();
        to.receive(&flight(&mut from)).unwrap();
        from.receive(&flight(&mut to)).unwrap();
        let there = flight(&mut from);
        errors.push(after(to, &records(&there), heard, then));
    }
    errors
}

#[test]
fn a_connection_that_is_cut_at_any_record_of_the_handshake_is_none() {
    let errors = at_every_record(&[]);
    assert!(errors.len() > 10, "{}", errors.len());
    assert!(errors.iter().all(|error| error.kind() == ErrorKind::CutOff), "{errors:?}");
}

#[test]
fn garbage_at_any_record_of_the_handshake_ends_it() {
    // As long as a record may be, and of a kind that may come; and of none.
    let sealed = [&[23, 3, 3, 0, 64][..], &[7; 64]].concat();
    for garbage in
        [&sealed[..], b"\x16\x03\x03\x00\x04\x0b\x00\x00\x00", b"HTTP/1.1 400 what?\r\n\r\n", &[0; 16]]
    {
        for error in at_every_record(garbage) {
            let kind = error.kind();
            assert!(
                matches!(kind, ErrorKind::Malformed | ErrorKind::Unauthentic | ErrorKind::Unsupported),
                "{garbage:?}: {error}"
            );
        }
    }
    // A length that no record may have.
    let error = after(Lab::new().server().handshake().unwrap(), &[], 0, &[22, 3, 1, 0xff, 0xff, 1]);
    assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
}

#[test]
fn who_takes_out_the_newer_version_in_between_is_noticed() {
    // Without supported_versions (RFC 8446 section 4.2.1) the hello is one of TLS 1.2.
    let lab = Lab::new();
    let both = || Settings::new().tls12_too();
    let server = Server::builder(&lab.credentials()).settings(both()).anyone().unwrap();
    let client = Client::builder(lab.trust()).settings(both()).anonymous().unwrap();
    let mut from = client.handshake(&HOST.parse().unwrap()).unwrap();
    let mut to = server.handshake().unwrap();
    let mut hello = flight(&mut from);
    let at = hello.windows(7).position(|window| window == [0, 43, 0, 5, 4, 3, 4]).unwrap();
    hello[at..at + 2].copy_from_slice(&[0xfa, 0xfa]);
    to.receive(&hello).unwrap();
    let error = from.receive(&flight(&mut to)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
    assert!(error.to_string().contains("Downgrade"), "{error}");
}

#[test]
fn a_hello_that_was_changed_in_between_is_noticed_by_both() {
    // Suites and groups are not secret, and may be taken out; the end of the handshake is over all that was said.
    let lab = Lab::new();
    let mut from = lab.client().handshake(&HOST.parse().unwrap()).unwrap();
    let mut to = lab.server().handshake().unwrap();
    let mut hello = flight(&mut from);
    // The first of the suites, TLS_AES_256_GCM_SHA384, becomes one that nobody has.
    let at = hello.windows(2).position(|window| window == [0x13, 0x02]).unwrap();
    hello[at..at + 2].copy_from_slice(&[0xfa, 0xfa]);
    to.receive(&hello).unwrap();
    let error = from.receive(&flight(&mut to)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthentic, "{error}");
    let error = to.receive(&flight(&mut from)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::PeerRefused | ErrorKind::Unauthentic), "{error}");
}

#[test]
fn a_ticket_that_is_shown_twice_gives_two_connections_and_neither_is_the_others() {
    // Without 0-RTT nothing is said before the server has added its own: what is recorded cannot be played back.
    let lab = Lab::new();
    let (client, server) = (lab.client(), lab.server());
    drop(connected(&client, &server).unwrap());
    let mut from = client.handshake(&HOST.parse().unwrap()).unwrap();
    let hello = flight(&mut from);
    let (mut one, mut other) = (server.handshake().unwrap(), server.handshake().unwrap());
    one.receive(&hello).unwrap();
    other.receive(&hello).unwrap();
    from.receive(&flight(&mut one)).unwrap();
    let finished = flight(&mut from);
    one.receive(&finished).unwrap();
    // Who recorded both flights has not what the second server wants.
    assert_eq!(other.receive(&finished).unwrap_err().kind(), ErrorKind::Unauthentic);
    let (mut here, mut there) = (from.finish().unwrap(), one.finish().unwrap());
    assert!(here.facts().is_resumed() && there.facts().is_resumed());
    super::lab::passes(&mut there, &mut here);
    says(&mut here, &mut there, b"once");
}
