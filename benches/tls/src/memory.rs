//! What a connection that does nothing keeps in memory: so many of them, with one side kept and the other given up, each in a process of
//! its own.
use std::process::Command;

use bulla::KeyKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::{Lab, Side, bulla_side, plain_side, sockets};

/// Made before anything is counted, so that what there is once is there.
const BEFORE: usize = 200;

/// A table of all of them.
pub(crate) fn table(count: usize) {
    println!("| bytes that {count} idle connections keep, each | bulla | tokio-rustls |");
    println!("|---|---:|---:|");
    for kept in ["server", "client"] {
        let [ours, theirs] = ["bulla", "plain"].map(|side| {
            let mut command = Command::new(std::env::current_exe().unwrap());
            let output = command.args(["memory", side, kept, &count.to_string()]).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        });
        println!("| {kept} | {ours} | {theirs} |");
    }
}

/// One figure of the table.
pub(crate) async fn figure(side: &str, kept: &str, count: usize) -> usize {
    let lab = Lab::new(KeyKind::P256);
    match side {
        "bulla" => of(&bulla_side::Bulla::new(&lab, true), kept, count).await,
        _ => of(&plain_side::Plain::new(&lab, true), kept, count).await,
    }
}

async fn of<S: Side>(side: &S, kept: &str, count: usize) -> usize {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = side.client();
    let (mut servers, mut clients) = (Vec::with_capacity(count + BEFORE), Vec::with_capacity(count + BEFORE));
    let mut before = 0;
    for number in 0..count + BEFORE {
        if number == BEFORE {
            before = resident();
        }
        let (near, far) = sockets(&listener).await;
        let (mut near, mut far) = tokio::join!(side.connect(&client, near), side.accept(far));
        // A byte, so that the tickets before it have come.
        far.write_all(b"x").await.unwrap();
        far.flush().await.unwrap();
        near.read_exact(&mut [0]).await.unwrap();
        if kept == "server" { servers.push(far) } else { clients.push(near) }
    }
    (resident() - before) / count
}

/// Bytes of this process that are in memory, in pages of Linux on x86-64 and most others.
fn resident() -> usize {
    let figures = std::fs::read_to_string("/proc/self/statm").unwrap();
    figures.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}
