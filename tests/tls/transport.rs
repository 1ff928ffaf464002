//! What the wire does: bytes one at a time, ends without a word, sockets that do not block, bytes that were changed.
use std::io::{ErrorKind as Io, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use bulla::tls::{Progress, Server};
use bulla::{Error, ErrorKind};

use super::lab::{HOST, Lab, all, beside, connected, passes, says, sockets};
use crate::example::program;

#[test]
fn bytes_may_come_one_at_a_time() {
    let lab = Lab::new();
    let mut client = lab.client().handshake(&HOST.parse().unwrap()).unwrap();
    let mut server = lab.server().handshake().unwrap();
    while !(client.is_done() && server.is_done()) {
        let (mut there, mut back) = (Vec::new(), Vec::new());
        client.send_to(&mut there).unwrap();
        server.send_to(&mut back).unwrap();
        there.iter().for_each(|byte| assert_eq!(server.receive(&[*byte]).unwrap(), 1));
        back.iter().for_each(|byte| assert_eq!(client.receive(&[*byte]).unwrap(), 1));
    }
    let (mut client, mut server) = (client.finish().unwrap(), server.finish().unwrap());
    passes(&mut server, &mut client);
    says(&mut client, &mut server, b"slowly");
}

#[test]
fn an_end_without_a_word_is_an_error_and_what_came_before_is_there() {
    let lab = Lab::new();
    let (near, far) = sockets();
    let server = lab.server();
    let there = beside(move || {
        let mut stream = server.accept(far).unwrap();
        stream.write_all(b"half of it").unwrap();
        // As a thief does who cuts the wire: the socket's end, and not TLS's.
        stream.socket().shutdown(Shutdown::Both).unwrap();
    });
    let mut stream = lab.client().connect(&HOST.parse().unwrap(), near).unwrap();
    let mut heard = [0; 10];
    stream.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"half of it");
    let error = stream.read(&mut heard).unwrap_err();
    assert_eq!((error.kind(), Error::from(error).kind()), (Io::UnexpectedEof, ErrorKind::CutOff));
    there.join().unwrap();
}

#[test]
fn a_peer_that_leaves_in_the_middle_of_the_handshake_has_cut_it_off() {
    let lab = Lab::new();
    let (near, far) = sockets();
    drop(near);
    let error = lab.server().accept(far).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CutOff, "{error}");
}

#[test]
fn a_socket_that_waits_too_long_has_timed_out() {
    let lab = Lab::new();
    let (_near, far) = sockets();
    far.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    assert_eq!(lab.server().accept(far).unwrap_err().kind(), ErrorKind::TimedOut);
}

#[test]
fn what_is_no_tls_is_called_that() {
    let lab = Lab::new();
    let mut server = lab.server().handshake().unwrap();
    let error = server.receive(b"GET / HTTP/1.1\r\n\r\n").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
    let mut client = lab.client().handshake(&HOST.parse().unwrap()).unwrap();
    let error = client.receive(b"220 mail.example.org ESMTP\r\n").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
}

#[test]
fn a_changed_bit_ends_the_connection_before_anything_of_it_is_read() {
    let lab = Lab::new();
    let (mut client, mut server) = connected(&lab.client(), &lab.server()).unwrap();
    client.write_all(b"100 francs").unwrap();
    let mut wire = Vec::new();
    client.send_to(&mut wire).unwrap();
    let last = wire.len() - 1;
    wire[last] ^= 1;
    let error = server.receive(&wire).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthentic, "{error}");
    assert!(server.read(&mut [0; 10]).is_err());
    let mut alert = Vec::new();
    server.send_to(&mut alert).unwrap();
    let error = client.receive(&alert).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PeerRefused, "{error}");
}

#[test]
fn a_record_that_comes_twice_ends_the_connection() {
    let lab = Lab::new();
    let (mut client, mut server) = connected(&lab.client(), &lab.server()).unwrap();
    client.write_all(b"pay").unwrap();
    let mut wire = Vec::new();
    client.send_to(&mut wire).unwrap();
    server.receive(&wire).unwrap();
    server.read_exact(&mut [0; 3]).unwrap();
    assert_eq!(server.receive(&wire).unwrap_err().kind(), ErrorKind::Unauthentic);
}

#[test]
fn what_is_not_read_is_not_taken_in_without_end() {
    let lab = Lab::new();
    let (mut client, mut server) = connected(&lab.client(), &lab.server()).unwrap();
    let (mut sent, mut taken) = (0, 0);
    for _ in 0..100 {
        let mut wire = Vec::new();
        client.write_all(&[7; 16_000]).unwrap();
        client.send_to(&mut wire).unwrap();
        sent += wire.len();
        let count = server.receive(&wire).unwrap();
        taken += count;
        if count < wire.len() {
            break;
        }
    }
    assert!(taken < sent && sent < 500_000, "{taken} of {sent}");
}

#[test]
fn keys_may_be_renewed_on_the_way() {
    let lab = Lab::new();
    let (mut client, mut server) = connected(&lab.client(), &lab.server()).unwrap();
    client.renew_keys().unwrap();
    says(&mut client, &mut server, b"by new keys");
    passes(&mut server, &mut client);
    says(&mut server, &mut client, b"and back");
}

#[test]
fn sockets_that_do_not_block_go_on_when_they_are_ready() {
    let lab = Lab::new();
    let (near, far) = sockets();
    let server: Server<_> = lab.server();
    far.set_nonblocking(true).unwrap();
    // Nobody has said anything yet.
    let Progress::Waits(mut connecting) = server.begin(far).unwrap().proceed().unwrap() else {
        panic!("it is made without a client")
    };
    assert!(!connecting.wants_to_write());
    let there = beside(move || {
        let mut stream = loop {
            match connecting.proceed().unwrap() {
                Progress::Done(stream) => break stream,
                Progress::Waits(on) => {
                    std::thread::yield_now();
                    connecting = on;
                }
            }
        };
        let mut heard = Vec::new();
        loop {
            let mut piece = [0; 1000];
            match stream.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => heard.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == Io::WouldBlock => std::thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        }
        heard
    });
    let mut stream = lab.client().connect(&HOST.parse().unwrap(), near).unwrap();
    stream.write_all(&[9; 100_000]).unwrap();
    stream.close_write().unwrap();
    assert!(there.join().unwrap() == [9; 100_000]);
    assert_eq!(all(&mut stream).unwrap_err().kind(), Io::UnexpectedEof);
}

#[test]
fn the_example_over_mio_serves_many_in_one_thread() {
    let output = std::process::Command::new(program("tls-mio")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("8 visitors have heard"), "{said}");
}
