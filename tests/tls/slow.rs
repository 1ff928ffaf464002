//! Peers that take their time: a byte now and then, or nothing, until nobody waits for them any more.
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::JoinHandle;
use std::time::Duration;

use bulla::ErrorKind;
use bulla::tls::{ByKeys, Client, KeyHolder, Server, Settings, SharedKey, SharedKeys, StartTls};

use super::lab::{HOST, Lab, beside, sockets};

/// Shorter than any of the peers here would take.
const WITHIN: Duration = Duration::from_millis(50);

/// One who says these bytes, and then one more again and again, between which it waits a little for an answer; until nobody hears it.
fn trickles(mut socket: impl Read + Write + Send + 'static, begins: &[u8]) -> JoinHandle<()> {
    let begins = begins.to_vec();
    beside(move || {
        let mut said = socket.write_all(&begins);
        while said.is_ok() {
            let _ = socket.read(&mut [0; 100]);
            said = socket.write_all(&[7]);
        }
    })
}

fn patient(socket: TcpStream) -> TcpStream {
    socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    socket
}

/// The beginning of a record of a handshake that has 16 KiB (RFC 8446 section 5.1).
const RECORD: [u8; 5] = [22, 3, 1, 0x40, 0];
/// What a proof inside of a connection begins with: that it has a kilobyte.
const PROOF: [u8; 2] = [4, 0];

fn hasty() -> Settings {
    Settings::new().handshake_within(WITHIN)
}

fn by_keys(lab: &Lab) -> Server<KeyHolder> {
    let mut keys = SharedKeys::new();
    keys.add("meter 7", SharedKey::from_bytes(&[7; 32]).unwrap()).unwrap();
    Server::builder(&lab.credentials()).settings(hasty()).require_clients(ByKeys::new(keys)).unwrap()
}

#[test]
fn a_client_that_says_a_byte_at_a_time_is_given_up() {
    let lab = Lab::new();
    let (near, far) = sockets();
    let there = trickles(patient(near), &RECORD);
    let server = Server::builder(&lab.credentials()).settings(hasty()).anyone().unwrap();
    assert_eq!(server.accept(far).unwrap_err().kind(), ErrorKind::TimedOut);
    there.join().unwrap();
}

#[test]
fn a_server_that_says_a_byte_at_a_time_is_given_up() {
    let lab = Lab::new();
    let (near, far) = sockets();
    let there = trickles(patient(far), &RECORD);
    let client = Client::builder(lab.trust()).settings(hasty()).anonymous().unwrap();
    assert_eq!(client.connect(&HOST.parse().unwrap(), near).unwrap_err().kind(), ErrorKind::TimedOut);
    there.join().unwrap();
}

#[test]
fn who_proves_a_byte_at_a_time_is_given_up() {
    let lab = Lab::new();
    let (near, far) = sockets();
    let client = lab.client();
    let there = beside(move || {
        let stream = client.connect(&HOST.parse().unwrap(), patient_after(near)).unwrap();
        trickles(stream, &PROOF).join().unwrap();
    });
    assert_eq!(by_keys(&lab).accept(far).unwrap_err().kind(), ErrorKind::TimedOut);
    there.join().unwrap();
}

/// A socket of which reading ends soon where nothing comes, and that is as patient as others while the connection is made.
fn patient_after(socket: TcpStream) -> TcpStream {
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    socket
}

#[test]
fn a_server_that_greets_a_byte_at_a_time_is_given_up() {
    let (near, far) = sockets();
    let there = trickles(patient(far), b"220-");
    let error = StartTls::Smtp.ask_within(WITHIN, &HOST.parse().unwrap(), near).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    there.join().unwrap();
}

#[test]
fn who_says_nothing_at_all_is_given_up() {
    let (lab, host) = (Lab::new(), HOST.parse().unwrap());
    let (_near, far) = sockets();
    assert_eq!(lab.server().accept(patient(far)).unwrap_err().kind(), ErrorKind::TimedOut);
    let (near, _far) = sockets();
    assert_eq!(lab.client().connect(&host, patient(near)).unwrap_err().kind(), ErrorKind::TimedOut);
    let (near, _far) = sockets();
    assert_eq!(StartTls::Imap.ask(&host, patient(near)).unwrap_err().kind(), ErrorKind::TimedOut);
}

#[test]
fn who_says_a_byte_at_a_time_takes_little_memory() {
    let lab = Lab::new();
    let server = lab.server();
    // One record after the other of a message that is as long as a message can be. There is no room for all of it with its records.
    let record = [&[22, 3, 1, 0, 100][..], &[1, 0, 0xff, 0xff], &[7; 96]].concat();
    let taken = allocation_counter::measure(|| {
        let mut handshake = server.handshake().unwrap();
        let heard = record.iter().cycle().take(1 << 20).position(|byte| handshake.receive(&[*byte]).is_err());
        assert!(heard.is_some_and(|bytes| bytes > 60_000), "{heard:?}");
    });
    assert!(taken.bytes_max < 256 << 10, "{} bytes", taken.bytes_max);
}

#[cfg(feature = "tokio")]
mod over_tokio {
    use bulla::adapters::tokio::{accept, connect};
    use tokio::net::TcpStream;

    use super::*;

    fn awaited(socket: std::net::TcpStream) -> TcpStream {
        socket.set_nonblocking(true).unwrap();
        TcpStream::from_std(socket).unwrap()
    }

    #[tokio::test]
    async fn slow_peers_are_given_up() {
        let lab = Lab::new();
        let server = Server::builder(&lab.credentials()).settings(hasty()).anyone().unwrap();
        let (near, far) = sockets();
        let there = trickles(patient(near), &RECORD);
        assert_eq!(accept(&server, awaited(far)).await.unwrap_err().kind(), ErrorKind::TimedOut);
        there.join().unwrap();
        let (_near, far) = sockets();
        assert_eq!(accept(&server, awaited(far)).await.unwrap_err().kind(), ErrorKind::TimedOut);
        let (near, far) = sockets();
        let there = trickles(patient(far), &RECORD);
        let client = Client::builder(lab.trust()).settings(hasty()).anonymous().unwrap();
        let error = connect(&client, &HOST.parse().unwrap(), awaited(near)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        there.join().unwrap();
    }

    #[tokio::test]
    async fn slow_proofs_are_given_up() {
        let lab = Lab::new();
        let (near, far) = sockets();
        let client = lab.client();
        let there = beside(move || {
            let stream = client.connect(&HOST.parse().unwrap(), patient_after(near)).unwrap();
            trickles(stream, &PROOF).join().unwrap();
        });
        assert_eq!(accept(&by_keys(&lab), awaited(far)).await.unwrap_err().kind(), ErrorKind::TimedOut);
        there.join().unwrap();
    }
}
