//! Servers that say which proofs they take, and clients that are asked: the way is found, and nothing is proven by it alone.
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bulla::tls::{
    AnyOf, AsAsked, ByKey, ByPassword, Client, MemoryUsers, OneOf, Server, SharedKey, SharedKeys, Users,
};
use bulla::{Error, ErrorKind, Passphrase};

use super::lab::{HOST, Lab, connected, exchange};

const KEY: &[u8; 32] = b"an example of thirty-two bytes!!";

fn users() -> Users {
    let users = Users::new(MemoryUsers::new()).unwrap();
    users.add("alice", &Passphrase::new("hunter2").unwrap()).unwrap();
    users
}

fn keys() -> SharedKeys {
    let mut keys = SharedKeys::new();
    keys.add("meter 7", SharedKey::from_bytes(KEY).unwrap()).unwrap();
    keys
}

fn by_password() -> bulla::Result<Option<ByPassword>> {
    ByPassword::new("alice", Passphrase::new("hunter2")?).map(Some)
}

fn by_key() -> bulla::Result<Option<ByKey>> {
    ByKey::new("meter 7", SharedKey::from_bytes(KEY)?).map(Some)
}

fn client(asked: AsAsked) -> Client<OneOf> {
    Client::builder(asked).anonymous().unwrap()
}

fn server(lab: &Lab, ways: AnyOf) -> Server<OneOf> {
    Server::builder(&lab.credentials()).require_clients(ways).unwrap()
}

/// By what the two know each other, on both sides.
fn known(client: &Client<OneOf>, server: &Server<OneOf>) -> [String; 2] {
    let (here, there) = connected(client, server).unwrap();
    [here.peer(), there.peer()].map(|peer| match peer {
        OneOf::Password(user) => format!("the password of {}", user.get()),
        OneOf::Key(holder) => format!("the key of {}", holder.get()),
        _ => panic!("{peer:?}"),
    })
}

fn refused(client: &Client<OneOf>, server: &Server<OneOf>) -> [ErrorKind; 2] {
    let (mut from, mut to) = (client.handshake(&HOST.parse().unwrap()).unwrap(), server.handshake().unwrap());
    let (ours, theirs) = exchange(&mut from, &mut to);
    assert!(from.finish().is_err() && to.finish().is_err());
    [ours.unwrap_err().kind(), theirs.unwrap_err().kind()]
}

#[test]
fn the_client_proves_the_first_that_it_has_of_what_the_server_takes() {
    let lab = Lab::new();
    let both = || AsAsked::new().password(by_password).shared_key(by_key);
    let (user, meter) = (["the password of alice"; 2], ["the key of meter 7"; 2]);
    let any = || AnyOf::new().shared_keys(keys()).passwords(&users());
    assert_eq!(known(&client(both()), &server(&lab, any())), meter);
    assert_eq!(known(&client(AsAsked::new().password(by_password)), &server(&lab, any())), user);
    let not_that = AsAsked::new().shared_key(|| Ok(None)).password(by_password);
    assert_eq!(known(&client(not_that), &server(&lab, any())), user);
    let other_way_round = AnyOf::new().passwords(&users()).shared_keys(keys());
    assert_eq!(known(&client(both()), &server(&lab, other_way_round)), user);
    assert_eq!(known(&client(both()), &server(&lab, AnyOf::new().passwords(&users()))), user);
}

#[test]
fn nobody_is_asked_for_what_the_server_does_not_take() {
    let lab = Lab::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let by_password = move || {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(None)
    };
    let client = client(AsAsked::new().password(by_password).shared_key(by_key));
    known(&client, &server(&lab, AnyOf::new().shared_keys(keys())));
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    let none = refused(&client, &server(&lab, AnyOf::new().passwords(&users())));
    assert_eq!((none, asked.load(Ordering::Relaxed)), ([ErrorKind::Unsupported; 2], 1));
    assert_eq!(refused(&client, &server(&lab, AnyOf::new())), [ErrorKind::Unsupported; 2]);
}

#[test]
fn of_two_tables_of_a_kind_the_last_counts() {
    let lab = Lab::new();
    let strangers = || Users::new(MemoryUsers::new()).unwrap();
    let by_password = client(AsAsked::new().password(by_password));
    let last = AnyOf::new().passwords(&strangers()).shared_keys(keys()).passwords(&users());
    assert_eq!(known(&by_password, &server(&lab, last)), ["the password of alice"; 2]);
    let first = AnyOf::new().passwords(&users()).shared_keys(keys()).passwords(&strangers());
    assert_eq!(refused(&by_password, &server(&lab, first)), [ErrorKind::Unauthentic; 2]);
}

#[test]
fn a_wrong_proof_is_refused_as_where_nothing_else_is_taken() {
    let lab = Lab::new();
    let server = server(&lab, AnyOf::new().shared_keys(keys()).passwords(&users()));
    let wrong_key = || ByKey::new("meter 7", SharedKey::generate()).map(Some);
    let wrong_password = || ByPassword::new("alice", Passphrase::new("hunter3")?).map(Some);
    let by_key = refused(&client(AsAsked::new().shared_key(wrong_key)), &server);
    assert_eq!(by_key, [ErrorKind::PeerRefused, ErrorKind::Unauthentic]);
    let by_password = refused(&client(AsAsked::new().password(wrong_password)), &server);
    assert_eq!(by_password, [ErrorKind::Unauthentic; 2]);
    // Where somebody cannot be asked, there is no connection.
    let broken = || Err(Error::from(std::io::Error::other("no terminal")));
    let by_nothing = refused(&client(AsAsked::new().password(broken)), &server);
    assert_eq!(by_nothing, [ErrorKind::Io, ErrorKind::Unsupported]);
}

#[test]
fn what_is_no_choice_or_announcement_is_refused() {
    let lab = Lab::new();
    let server = server(&lab, AnyOf::new().passwords(&users()));
    for said in [&[0, 1, 1][..], &[0, 2, 1, 1], &[0, 3, 1, 9, 0], &[0, 2, 2, 2], &[0, 2, 1, 2], &[0xff; 2]] {
        let (mut from, mut to) =
            (lab.client().handshake(&HOST.parse().unwrap()).unwrap(), server.handshake().unwrap());
        exchange(&mut from, &mut to).0.unwrap();
        let mut from = from.finish().unwrap();
        let mut announced = [0; 4];
        from.read_exact(&mut announced).unwrap();
        assert_eq!(announced, [0, 2, 1, 2]);
        from.write_all(said).unwrap();
        let mut wire = Vec::new();
        from.send_to(&mut wire).unwrap();
        assert_eq!(to.receive(&wire).unwrap_err().kind(), ErrorKind::Malformed, "{said:?}");
    }
    // A server that announces the same again and again, what nobody knows, or that nothing is asked for, is not believed.
    for (said, kind) in [
        (&[0, 5, 1, 2, 2, 2, 2][..], ErrorKind::Unsupported),
        (&[0, 2, 1, 9], ErrorKind::Unsupported),
        (&[0, 2, 1, 0], ErrorKind::Unsupported),
        (&[0, 1, 1], ErrorKind::Unsupported),
        (&[0, 2, 2, 2], ErrorKind::Malformed),
    ] {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let by_password = move || {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(None)
        };
        let client = client(AsAsked::new().password(by_password));
        let (mut from, mut to) =
            (client.handshake(&HOST.parse().unwrap()).unwrap(), lab.server().handshake().unwrap());
        exchange(&mut from, &mut to).1.unwrap();
        let mut to = to.finish().unwrap();
        to.write_all(said).unwrap();
        let mut wire = Vec::new();
        to.send_to(&mut wire).unwrap();
        assert_eq!(from.receive(&wire).unwrap_err().kind(), kind, "{said:?}");
        assert!(from.finish().is_err() && asked.load(Ordering::Relaxed) <= 1);
    }
}
