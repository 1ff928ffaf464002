//! Plain conversations that become connections: what the peers agree on, and what somebody in between may put in.
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;

use bulla::ErrorKind;
use bulla::tls::{StartTls, leave_plain};

use super::lab::{HOST, Lab, all, beside, sockets};

/// What a client says to each protocol's server, and what that answers.
const CONVERSATIONS: [(StartTls, &[(&str, &str)]); 5] = [
    (
        StartTls::Smtp,
        &[
            ("", "220-mail.example.org\r\n220 ESMTP\r\n"),
            (
                "EHLO localhost\r\n",
                "250-mail.example.org\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 8BITMIME\r\n",
            ),
            ("STARTTLS\r\n", "220 go ahead\r\n"),
        ],
    ),
    (
        StartTls::Imap,
        &[("", "* OK IMAP4rev1\r\n"), ("a STARTTLS\r\n", "* CAPABILITY IMAP4rev1\r\na OK begin\r\n")],
    ),
    (StartTls::Pop3, &[("", "+OK POP3\r\n"), ("STLS\r\n", "+OK begin\r\n")]),
    (StartTls::Ftp, &[("", "220-Files\r\n220 here\r\n"), ("AUTH TLS\r\n", "234 begin\r\n")]),
    (
        StartTls::Xmpp,
        &[
            (
                "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
                 xmlns:stream='http://etherx.jabber.org/streams' to='www.example.org' version='1.0'>",
                "<?xml version='1.0'?><stream:stream id='1'><stream:features><starttls \
                 xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>",
            ),
            (
                "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
                "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
            ),
        ],
    ),
];

#[test]
fn each_protocol_says_what_its_rfc_says() {
    for (protocol, steps) in CONVERSATIONS {
        let mut conversation = protocol.conversation(&HOST.parse().unwrap());
        for (said, answer) in steps {
            assert_eq!(String::from_utf8(conversation.to_send()).unwrap(), *said);
            assert!(!conversation.is_done());
            // In pieces of any size.
            answer.bytes().for_each(|byte| conversation.receive(&[byte]).unwrap());
        }
        assert!(conversation.is_done() && conversation.to_send().is_empty(), "{protocol:?}");
    }
    let mut postgres = StartTls::Postgres.conversation(&HOST.parse().unwrap());
    assert_eq!(postgres.to_send(), [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
    postgres.receive(b"S").unwrap();
    assert!(postgres.is_done());
}

#[test]
fn what_is_said_after_the_consent_is_refused() {
    for (protocol, steps) in CONVERSATIONS {
        let mut conversation = protocol.conversation(&HOST.parse().unwrap());
        let (last, before) = steps.split_last().unwrap();
        before.iter().for_each(|(_, answer)| conversation.receive(answer.as_bytes()).unwrap());
        let error = conversation.receive(format!("{}{}", last.1, "* injected\r\n").as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{protocol:?}: {error}");
    }
    let mut postgres = StartTls::Postgres.conversation(&HOST.parse().unwrap());
    assert_eq!(postgres.receive(b"Sinjected").unwrap_err().kind(), ErrorKind::Malformed);
}

#[test]
fn a_server_that_does_not_agree_is_told_of_in_one_line() {
    for (protocol, said) in [
        (StartTls::Smtp, "220 x\r\n250-x\r\n250 SIZE 1\r\n"),
        (StartTls::Smtp, "554 go\x1b[2J away\r\n"),
        (StartTls::Imap, "* OK x\r\na BAD what?\r\n"),
        (StartTls::Pop3, "+OK x\r\n-ERR no\r\n"),
        (StartTls::Ftp, "220 x\r\n502 no\r\n"),
        (StartTls::Postgres, "N"),
        (StartTls::Xmpp, "<stream:stream><stream:features></stream:features>"),
    ] {
        let mut conversation = protocol.conversation(&HOST.parse().unwrap());
        let error = conversation.receive(said.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{protocol:?}");
        assert!(!error.to_string().contains(char::is_control), "{error}");
    }
    let mut smtp = StartTls::Smtp.conversation(&HOST.parse().unwrap());
    let mut endless = || smtp.receive(&[b'2'; 4096]);
    assert_eq!((0..100).find_map(|_| endless().err()).unwrap().kind(), ErrorKind::OverLimit);
}

/// A mail server until TLS begins, as programs are that read by lines.
fn plain_server(far: TcpStream) -> bulla::Result<TcpStream> {
    let mut reader = BufReader::new(far);
    let mut line = String::new();
    reader.get_mut().write_all(b"220 here\r\n")?;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let answer: &[u8] = match line.trim_end() {
            "EHLO localhost" => b"250-here\r\n250 STARTTLS\r\n",
            "STARTTLS" => break,
            _ => b"500 what?\r\n",
        };
        reader.get_mut().write_all(answer)?;
    }
    // Before the answer: what came with the question was not said by who will speak TLS.
    let mut socket = leave_plain(reader)?;
    socket.write_all(b"220 begin\r\n")?;
    Ok(socket)
}

#[test]
fn a_plain_conversation_becomes_a_connection() {
    let lab = Arc::new(Lab::new());
    let (near, far) = sockets();
    let server = lab.server();
    let there = beside(move || {
        let mut stream = server.accept(plain_server(far).unwrap()).unwrap();
        stream.write_all(b"hello over TLS").unwrap();
        stream.close().unwrap();
    });
    let host = HOST.parse().unwrap();
    let socket = StartTls::Smtp.ask(&host, near).unwrap();
    let stream = lab.client().connect(&host, socket).unwrap();
    assert_eq!(all(stream).unwrap(), b"hello over TLS");
    there.join().unwrap();
}

#[test]
fn commands_that_were_put_in_before_tls_are_not_taken_for_the_clients() {
    let (mut near, far) = sockets();
    near.write_all(b"EHLO localhost\r\nSTARTTLS\r\nMAIL FROM:<mallory@example.org>\r\n").unwrap();
    assert_eq!(plain_server(far).unwrap_err().kind(), ErrorKind::Malformed);
    // Those that come a moment later are no TLS.
    let lab = Lab::new();
    let (mut near, far) = sockets();
    near.write_all(b"EHLO localhost\r\nSTARTTLS\r\n").unwrap();
    let socket = plain_server(far).unwrap();
    near.write_all(b"MAIL FROM:<mallory@example.org>\r\n").unwrap();
    assert_eq!(lab.server().accept(socket).unwrap_err().kind(), ErrorKind::Malformed);
}
