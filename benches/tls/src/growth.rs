//! Handshakes a second as threads and connections at once grow: one server for all, a client and a runtime for each thread,
//! and nobody known again.
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use bulla::KeyKind;

use crate::{Lab, Side, bulla_side, median, plain_side, sockets};

/// Handshakes of a thread.
const EACH: usize = 1024;

/// A table, from one thread to as many as there are processors.
pub(crate) fn table(rounds: usize) {
    let lab = Lab::new(KeyKind::P256);
    let (ours, theirs) = (bulla_side::Bulla::new(&lab, false), plain_side::Plain::new(&lab, false));
    println!(
        "| full handshakes a second, both sides: threads, connections at once in each | bulla | tokio-rustls | ratio |"
    );
    println!("|---|---:|---:|---:|");
    for threads in 1..=thread::available_parallelism().unwrap().get() {
        for at_once in [1, 16, 256] {
            let (mut mine, mut others) = (Vec::new(), Vec::new());
            for _ in 0..rounds {
                mine.push(figure(&ours, threads, at_once));
                others.push(figure(&theirs, threads, at_once));
            }
            let ratios = mine.iter().zip(&others).map(|(mine, others)| mine / others).collect();
            let (mine, others, ratio) = (median(mine), median(others), median(ratios) * 100.0);
            println!("| {threads}, {at_once} | {mine:.0} | {others:.0} | {ratio:.1} % |");
        }
    }
}

fn figure<S: Side + Sync>(side: &S, threads: usize, at_once: usize) -> f64 {
    let ready = Barrier::new(threads);
    let longest = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(|| seconds(side, at_once, &ready))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).fold(0.0, f64::max)
    });
    (threads * EACH) as f64 / longest
}

/// What one thread takes.
fn seconds<S: Side>(side: &S, at_once: usize, ready: &Barrier) -> f64 {
    let client = side.client();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        ready.wait();
        let begun = Instant::now();
        for _ in 0..EACH / at_once {
            let mut pairs = Vec::with_capacity(at_once);
            for _ in 0..at_once {
                pairs.push(sockets(&listener).await);
            }
            let connections = pairs.into_iter().map(|(near, far)| async {
                let (mut near, mut far) = tokio::join!(side.connect(&client, near), side.accept(far));
                far.write_all(b"x").await.unwrap();
                far.flush().await.unwrap();
                near.read_exact(&mut [0]).await.unwrap();
            });
            futures_util::future::join_all(connections).await;
        }
        begun.elapsed().as_secs_f64()
    })
}
