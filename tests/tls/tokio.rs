//! The same over tokio: many at once, ends that are announced and ends that are not, and nobody waits for the slow.
use std::time::Duration;

use bulla::adapters::tokio::{accept, connect};
use bulla::tls::{Server, Settings};
use bulla::{Error, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::{TcpListener, TcpStream};

use super::lab::{HOST, Lab};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_connections_carry_megabytes_at_once() {
    let lab = Lab::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder(&lab.credentials()).require_clients(lab.trust()).unwrap();
    let echo = tokio::spawn(async move {
        let mut echoes = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (socket, _) = listener.accept().await.unwrap();
            let server = server.clone();
            echoes.spawn(async move {
                let stream = accept(&server, socket).await.unwrap();
                assert_eq!(stream.peer().get().subject(), "CN=Alice".parse().unwrap());
                let (mut from, mut to) = tokio::io::split(stream);
                tokio::io::copy(&mut from, &mut to).await.unwrap();
                to.shutdown().await.unwrap();
            });
        }
        while let Some(done) = echoes.join_next().await {
            done.unwrap();
        }
    });
    let client = lab.client_as("CN=Alice");
    let mut visits = tokio::task::JoinSet::new();
    for number in 0..20_u8 {
        let client = client.clone();
        visits.spawn(async move {
            let socket = TcpStream::connect(address).await.unwrap();
            let stream = connect(&client, &HOST.parse().unwrap(), socket).await.unwrap();
            let (mut from, mut to) = tokio::io::split(stream);
            let writes = tokio::spawn(async move {
                to.write_all(&vec![number; 1 << 20]).await.unwrap();
                to.shutdown().await.unwrap();
            });
            let mut heard = Vec::new();
            from.read_to_end(&mut heard).await.unwrap();
            writes.await.unwrap();
            assert!(heard == vec![number; 1 << 20]);
        });
    }
    while let Some(done) = visits.join_next().await {
        done.unwrap();
    }
    echo.await.unwrap();
}

#[tokio::test]
async fn an_end_without_a_word_is_an_error() {
    let lab = Lab::new();
    let (near, far) = duplex(1 << 16);
    let server = lab.server();
    let there = tokio::spawn(async move {
        let mut stream = accept(&server, far).await.unwrap();
        stream.write_all(b"half").await.unwrap();
        stream.flush().await.unwrap();
        // Dropped, and not shut down.
    });
    let mut stream = connect(&lab.client(), &HOST.parse().unwrap(), near).await.unwrap();
    let mut heard = Vec::new();
    let error = Error::from(stream.read_to_end(&mut heard).await.unwrap_err());
    assert_eq!((error.kind(), &heard[..]), (ErrorKind::CutOff, &b"half"[..]));
    there.await.unwrap();
}

#[tokio::test]
async fn both_sides_hear_why_there_is_no_connection() {
    let (lab, stranger) = (Lab::new(), Lab::named("CN=Stranger"));
    let (near, far) = duplex(1 << 16);
    let server = stranger.server();
    let there = tokio::spawn(async move { accept(&server, far).await.unwrap_err() });
    let error = connect(&lab.client(), &HOST.parse().unwrap(), near).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Untrusted, "{error}");
    assert_eq!(there.await.unwrap().kind(), ErrorKind::PeerRefused);
}

#[tokio::test]
async fn who_says_nothing_is_given_up() {
    let lab = Lab::new();
    let (_near, far) = duplex(1 << 16);
    let settings = Settings::new().handshake_within(Duration::ZERO);
    let server = Server::builder(&lab.credentials()).settings(settings).anyone().unwrap();
    assert_eq!(accept(&server, far).await.unwrap_err().kind(), ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_narrow_pipe_blocks_nobody_for_good() {
    // Less than a record passes at a time.
    let lab = Lab::new();
    let (near, far) = duplex(100);
    let server = lab.server();
    let there = tokio::spawn(async move {
        let mut stream = accept(&server, far).await.unwrap();
        let mut heard = vec![0; 200_000];
        stream.read_exact(&mut heard).await.unwrap();
        stream.write_all(&heard).await.unwrap();
        stream.shutdown().await.unwrap();
    });
    let stream = connect(&lab.client(), &HOST.parse().unwrap(), near).await.unwrap();
    let (mut from, mut to) = tokio::io::split(stream);
    let writes = tokio::spawn(async move {
        to.write_all(&[5; 200_000]).await.unwrap();
        to.flush().await.unwrap();
        to
    });
    let mut heard = Vec::new();
    from.read_to_end(&mut heard).await.unwrap();
    assert!(heard == [5; 200_000]);
    writes.await.unwrap();
    there.await.unwrap();
}
