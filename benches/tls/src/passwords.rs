//! Logins by password a second: what the client and the server have to do for one, in memory.
use std::time::{Duration, Instant};

use bulla::tls::{ByPassword, ByPasswords, Client, Credentials, Handshake, MemoryUsers, Server, Users};
use bulla::{KeyKind, Passphrase};

use crate::{HOST, Lab, median};

/// A table of so many logins, of which the middle counts.
pub(crate) fn table(count: usize) {
    let credentials = Credentials::new([Lab::new(KeyKind::P256).credential()]).unwrap();
    let password = || Passphrase::new("correct horse battery staple").unwrap();
    let users = Users::new(MemoryUsers::new()).unwrap().tries(100, Duration::from_secs(1)).unwrap();
    users.add("alice", &password()).unwrap();
    let server = Server::builder(&credentials).require_clients(ByPasswords::new(&users)).unwrap();
    let (mut clients, mut servers) = (Vec::new(), Vec::new());
    for _ in 0..count {
        // Each is new, so that nothing is resumed.
        let client = Client::builder(ByPassword::new("alice", password()).unwrap()).anonymous().unwrap();
        let (mut near, mut far) =
            (client.handshake(&HOST.parse().unwrap()).unwrap(), server.handshake().unwrap());
        let (mut of_client, mut of_server) = (0.0, 0.0);
        let (mut there, mut back) = (Vec::new(), Vec::new());
        while !(near.is_done() && far.is_done()) {
            of_client += turn(&mut near, &std::mem::take(&mut back), &mut there);
            of_server += turn(&mut far, &std::mem::take(&mut there), &mut back);
        }
        clients.push(of_client);
        servers.push(of_server);
    }
    println!("| OPAQUE, with the full handshake of TLS under it | ms | a second |");
    println!("|---|---:|---:|");
    for (side, took) in [("the client, Argon2id of 64 MiB in it", clients), ("the server", servers)] {
        let took = median(took);
        println!("| {side} | {:.2} | {:.1} |", took * 1000.0, 1.0 / took);
    }
}

/// One side hears, and says; seconds.
fn turn<P: 'static>(side: &mut Handshake<P>, heard: &[u8], said: &mut Vec<u8>) -> f64 {
    let begun = Instant::now();
    side.receive(heard).unwrap();
    side.send_to(said).unwrap();
    begun.elapsed().as_secs_f64()
}
