//! Passwords: who has one comes in, who has not learns nothing, whoever stands in the middle or holds the server's table included.
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bulla::tls::{
    ByPassword, ByPasswords, CertifiedPeer, Client, Engine, Handshake, MemoryUsers, PasswordUser, Server,
    Settings, Stream, UserStore, Users, rustls_023, set_password,
};
use bulla::{Error, ErrorKind, Passphrase, Result, Time};
use zeroize::Zeroizing;

use super::lab::{HOST, Hand, Lab, beside, connected, exchange, says, sockets};

const PASSWORD: &str = "correct horse battery staple";

fn password(text: &str) -> Passphrase {
    Passphrase::new(text).unwrap()
}

fn client(user: &str, text: &str) -> Client<PasswordUser> {
    Client::builder(ByPassword::new(user, password(text)).unwrap()).anonymous().unwrap()
}

/// Alice is there, and nobody else.
fn users() -> Users {
    let users = Users::new(MemoryUsers::new()).unwrap();
    users.add("alice", &password(PASSWORD)).unwrap();
    users
}

fn server(lab: &Lab, users: &Users) -> Server<PasswordUser> {
    Server::builder(&lab.credentials()).require_clients(ByPasswords::new(users)).unwrap()
}

fn begins<P: Send + 'static>(client: &Client<P>) -> Handshake<P> {
    client.handshake(&HOST.parse().unwrap()).unwrap()
}

/// What both sides say of a login that comes to nothing.
fn refused(client: &Client<PasswordUser>, server: &Server<PasswordUser>) -> (Error, Error) {
    let (mut from, mut to) = (begins(client), server.handshake().unwrap());
    let (of_client, of_server) = exchange(&mut from, &mut to);
    assert!(from.finish().is_err() && to.finish().is_err());
    (of_client.unwrap_err(), of_server.unwrap_err())
}

/// A client that shows nothing, connected to a server that waits for a password.
fn anybody(lab: &Lab, server: &Server<PasswordUser>) -> (Engine<CertifiedPeer>, Handshake<PasswordUser>) {
    let (mut from, mut to) = (begins(&lab.client()), server.handshake().unwrap());
    exchange(&mut from, &mut to).0.unwrap();
    (from.finish().unwrap(), to)
}

/// Says bytes to a side that waits for a proof, and gives what comes back.
fn asks<A: 'static, B: 'static>(
    from: &mut Engine<A>,
    to: &mut Handshake<B>,
    said: &[u8],
) -> (Result<()>, Vec<u8>) {
    from.write_all(said).unwrap();
    let (mut there, mut back) = (Vec::new(), Vec::new());
    from.send_to(&mut there).unwrap();
    let heard = to.receive(&there).map(drop);
    to.send_to(&mut back).unwrap();
    from.receive(&back).unwrap();
    let mut answer = Vec::new();
    let _ = from.read_to_end(&mut answer); // it ends where nothing is there yet
    (heard, answer)
}

/// The first message of a user who takes a stranger for the server, in its frame; and both ends of that connection.
fn hello(user: &str) -> (Vec<u8>, Handshake<PasswordUser>, Engine<bulla::tls::Anyone>) {
    let fake = Server::builder(&Lab::named("CN=Mallory").credentials()).anyone().unwrap();
    let (mut victim, mut stranger) = (begins(&client(user, PASSWORD)), fake.handshake().unwrap());
    exchange(&mut victim, &mut stranger).1.unwrap();
    let mut stranger = stranger.finish().unwrap();
    let mut hello = vec![0; 2 + 2 + user.len() + 96];
    stranger.read_exact(&mut hello).unwrap();
    (hello, victim, stranger)
}

/// A store that tells what it was asked, and cannot look where it is told so.
#[derive(Default)]
struct Watched {
    users: MemoryUsers,
    asked: Mutex<Vec<String>>,
    broken: bool,
}

impl UserStore for Watched {
    fn secret(&self, fresh: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        self.users.secret(fresh)
    }

    fn find(&self, user: &str) -> Result<Option<Vec<u8>>> {
        self.asked.lock().unwrap().push(format!("find {user}"));
        if self.broken { Err(Error::from(std::io::Error::other("no disk"))) } else { self.users.find(user) }
    }

    fn swap(&self, user: &str, expected: Option<&[u8]>, record: Option<&[u8]>) -> Result<bool> {
        self.asked.lock().unwrap().push(format!("swap {user}"));
        self.users.swap(user, expected, record)
    }

    fn list(&self) -> Result<Vec<String>> {
        self.users.list()
    }
}

#[test]
fn who_has_the_password_comes_in_and_both_sides_know_who_it_is() {
    let lab = Lab::new();
    let (server, client) = (server(&lab, &users()), client("alice", PASSWORD));
    // The second time the connection is resumed, and the password is proven anew.
    for resumed in [false, true] {
        let (mut here, mut there) = connected(&client, &server).unwrap();
        assert_eq!((here.peer().get().as_str(), there.peer().get().as_str()), ("alice", "alice"));
        assert_eq!(here.facts().is_resumed(), resumed);
        says(&mut here, &mut there, b"may I?");
        says(&mut there, &mut here, b"you may");
    }
}

#[test]
fn a_wrong_password_and_an_unknown_user_are_refused_alike() {
    let lab = Lab::new();
    let server = server(&lab, &users());
    let (ours, theirs) = refused(&client("alice", "hunter2"), &server);
    assert_eq!((ours.kind(), theirs.kind()), (ErrorKind::Unauthentic, ErrorKind::Unauthentic));
    let (of_unknown, there) = refused(&client("bobby", PASSWORD), &server);
    assert_eq!((of_unknown.to_string(), there.to_string()), (ours.to_string(), theirs.to_string()));
}

#[test]
fn what_an_unknown_user_is_told_looks_the_same_and_the_store_is_asked_the_same() {
    let lab = Lab::new();
    let store = Arc::new(Watched::default());
    let users = Users::new(Arc::clone(&store)).unwrap();
    users.add("alice", &password(PASSWORD)).unwrap();
    let server = server(&lab, &users);
    let told = |user: &str| {
        store.asked.lock().unwrap().clear();
        let (mut from, mut to) = anybody(&lab, &server);
        let (heard, first) = asks(&mut from, &mut to, &hello(user).0);
        heard.unwrap();
        let ke3 = [&[0, 66, 1, 1][..], &[7; 64]].concat();
        let (heard, second) = asks(&mut from, &mut to, &ke3);
        let asked = store.asked.lock().unwrap().join(", ").replace(user, "USER");
        (first.len(), first[..4].to_vec(), second, heard.unwrap_err().to_string(), asked)
    };
    let known = told("alice");
    assert_eq!(known, told("bobby"));
    assert_eq!((known.0, &known.1[..]), (2 + 2 + 320, &[1, 66, 1, 1][..]));
    assert_eq!((&known.2[..], known.4.as_str()), (&[0, 2, 1, 0][..], "find USER"));
}

#[test]
fn who_stands_in_the_middle_gets_nothing_through() {
    // Mallory takes the client's connection, makes one to the server, and passes everything on.
    let lab = Lab::new();
    let server = server(&lab, &users());
    let (hello, mut victim, mut middle) = hello("alice");
    let (mut onward, mut real) = anybody(&lab, &server);
    let (heard, ke2) = asks(&mut onward, &mut real, &hello);
    heard.unwrap();
    // The server's proof is for mallory's connection, so the client gives none.
    let (heard, said) = asks(&mut middle, &mut victim, &ke2);
    assert_eq!(heard.unwrap_err().kind(), ErrorKind::Unauthentic);
    assert_eq!(said, [0, 2, 1, 0]);
    assert!(victim.finish().is_err());
    assert_eq!(asks(&mut onward, &mut real, &said).0.unwrap_err().kind(), ErrorKind::Unauthentic);
}

#[test]
fn a_server_that_does_not_have_the_record_is_not_believed() {
    let lab = Lab::new();
    let theirs = Users::new(MemoryUsers::new()).unwrap();
    theirs.add("alice", &password("what they guess")).unwrap();
    let (ours, _) = refused(&client("alice", PASSWORD), &server(&lab, &theirs));
    assert_eq!(ours.kind(), ErrorKind::Unauthentic);
    // Nor one that says yes to everything, or what it heard.
    for answer in [vec![0, 2, 1, 1], [&[1, 66, 1, 1][..], &[7; 320]].concat(), vec![0, 2, 9, 9]] {
        let (_, mut victim, mut stranger) = hello("alice");
        let (heard, _) = asks(&mut stranger, &mut victim, &answer);
        assert_eq!(heard.unwrap_err().kind(), ErrorKind::Malformed, "{answer:?}");
    }
}

#[test]
fn records_work_after_a_restart_and_not_without_the_secret_of_their_table() {
    let lab = Lab::new();
    let store = Arc::new(MemoryUsers::new());
    Users::new(Arc::clone(&store)).unwrap().add("alice", &password(PASSWORD)).unwrap();
    let again = Users::new(Arc::clone(&store)).unwrap();
    drop(connected(&client("alice", PASSWORD), &server(&lab, &again)).unwrap());
    let elsewhere = MemoryUsers::new();
    let other = Users::new(Arc::new(elsewhere)).unwrap();
    assert!(other.check("alice", &password(PASSWORD)).is_err());
    let record = store.find("alice").unwrap().unwrap();
    let moved = Arc::new(MemoryUsers::new());
    moved.swap("alice", None, Some(&record)).unwrap();
    let error = Users::new(moved).unwrap().check("alice", &password(PASSWORD)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthentic);
    // Nor under another name.
    store.swap("bobby", None, Some(&record)).unwrap();
    assert_eq!(again.check("bobby", &password(PASSWORD)).unwrap_err().kind(), ErrorKind::Unauthentic);
}

#[test]
fn what_is_no_record_or_secret_of_ours_is_the_tables_fault() {
    let store = Arc::new(MemoryUsers::new());
    store.swap("alice", None, Some(b"not a record")).unwrap();
    let error = Users::new(Arc::clone(&store)).unwrap().check("alice", &password(PASSWORD)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");
    for secret in [&b""[..], &[1; 128], &[2; 129], &[0; 129]] {
        let store = MemoryUsers::new();
        store.secret(secret).unwrap();
        assert_eq!(Users::new(store).unwrap_err().kind(), ErrorKind::Malformed);
    }
}

#[test]
fn tries_are_counted_for_names_that_nobody_has_too_and_come_back_with_time() {
    let lab = Lab::new();
    let clock = Hand::new();
    let (three, now) = (Duration::from_secs(30), clock.clone());
    let users = users().tries(3, three).unwrap().clock(move || now.now());
    let server = server(&lab, &users);
    let told = |user: &str| {
        let (mut from, mut to) = anybody(&lab, &server);
        asks(&mut from, &mut to, &hello(user).0)
    };
    for user in ["alice", "bobby"] {
        (0..3).for_each(|_| told(user).0.unwrap());
        let (heard, said) = told(user);
        assert_eq!(heard.unwrap_err().kind(), ErrorKind::OverLimit);
        assert_eq!(said, [0, 6, 1, 2, 0, 0, 0, 30]);
    }
    // Who has the password waits, too, and is told for how long.
    let (ours, theirs) = refused(&client("alice", PASSWORD), &server);
    assert_eq!((ours.kind(), theirs.kind()), (ErrorKind::OverLimit, ErrorKind::OverLimit));
    assert!(ours.to_string().contains("in 30 s"), "{ours}");
    assert_eq!(users.check("alice", &password(PASSWORD)).unwrap_err().kind(), ErrorKind::OverLimit);
    clock.pass(30);
    // What was right does not count.
    (0..3).for_each(|_| drop(connected(&client("alice", PASSWORD), &server).unwrap()));
    told("alice").0.unwrap();
    assert!(told("alice").0.is_err());
}

/// Both ends of a connection over sockets, the server's work in a thread.
fn over_sockets<T: Send + 'static, A: Send + 'static, B: Send + 'static>(
    client: &Client<A>,
    server: Server<B>,
    work: impl FnOnce(Stream<std::net::TcpStream, B>) -> T + Send + 'static,
) -> (Stream<std::net::TcpStream, A>, std::thread::JoinHandle<T>) {
    let (near, far) = sockets();
    let there = beside(move || work(server.accept(far).unwrap()));
    (client.connect(&HOST.parse().unwrap(), near).unwrap(), there)
}

#[test]
fn who_registers_over_a_connection_comes_in_by_that_password() {
    let lab = Lab::new();
    let users = users();
    let register = |invited: &'static str, named: &str| {
        let users = users.clone();
        let (mut stream, there) =
            over_sockets(&lab.client_as("CN=Bobby"), lab.server(), move |mut stream| {
                users.register(&mut stream, invited)
            });
        (set_password(&mut stream, named, &password("hunter2")), there.join().unwrap())
    };
    let (ours, theirs) = register("bobby", "bobby");
    ours.unwrap();
    theirs.unwrap();
    let (here, there) = connected(&client("bobby", "hunter2"), &server(&lab, &users)).unwrap();
    assert_eq!((here.peer().get().as_str(), there.peer().get().as_str()), ("bobby", "bobby"));
    // There is one of that name now; and nobody takes another's.
    for (invited, kind) in [("bobby", ErrorKind::Exists), ("carol", ErrorKind::Malformed)] {
        let (ours, theirs) = register(invited, "bobby");
        assert_eq!(ours.unwrap_err().kind(), ErrorKind::PeerRefused);
        assert_eq!(theirs.unwrap_err().kind(), kind);
    }
    assert_eq!(users.list().unwrap(), ["alice", "bobby"]);
}

#[test]
fn registrations_that_are_broken_off_are_tries_for_that_name() {
    let lab = Lab::new();
    let now = Time::now();
    let users = users().clock(move || now);
    // What a client says first would do for any name: it is a password that nobody can read from it.
    let (mut stream, there) = over_sockets(&lab.client(), lab.server(), |mut stream| {
        let mut said = [0; 2 + 2 + 5 + 32];
        stream.read_exact(&mut said).map(|()| said)
    });
    assert!(set_password(&mut stream, "bobby", &password("a guess")).is_err());
    let said = there.join().unwrap().unwrap();
    let breaks_off = || {
        let users = users.clone();
        let register = move |mut stream: Stream<_, _>| users.register(&mut stream, "bobby");
        let (mut stream, there) = over_sockets(&lab.client(), lab.server(), register);
        stream.write_all(&said).unwrap();
        stream.flush().unwrap();
        stream.read_exact(&mut [0; 2]).unwrap();
        drop(stream);
        there.join().unwrap().unwrap_err().kind()
    };
    (0..10).for_each(|_| assert_eq!(breaks_off(), ErrorKind::CutOff));
    assert_eq!(breaks_off(), ErrorKind::OverLimit);
    assert_eq!(users.check("bobby", &password("a guess")).unwrap_err().kind(), ErrorKind::OverLimit);
    // Somebody who is there is not asked about in this way at all.
    let there = users.clone();
    let (mut stream, there) =
        over_sockets(&lab.client(), lab.server(), move |mut stream| there.register(&mut stream, "alice"));
    assert!(set_password(&mut stream, "alice", &password("a guess")).is_err());
    assert_eq!(there.join().unwrap().unwrap_err().kind(), ErrorKind::Exists);
}

#[test]
fn a_password_is_changed_over_a_connection_that_was_made_by_the_old_one_and_by_no_older() {
    let lab = Lab::new();
    let users = users();
    let change = || {
        let users = users.clone();
        let server = server(&lab, &users);
        over_sockets(&client("alice", PASSWORD), server, move |mut stream| users.change(&mut stream))
    };
    let (mut early, there_early) = change();
    let (mut late, there_late) = change();
    set_password(&mut late, "alice", &password("hunter2")).unwrap();
    there_late.join().unwrap().unwrap();
    assert!(users.check("alice", &password(PASSWORD)).is_err());
    assert!(users.check("alice", &password("hunter2")).is_ok());
    // Whoever came in by the old password does not change the new one.
    let refused = set_password(&mut early, "alice", &password("hunter3")).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PeerRefused);
    assert_eq!(there_early.join().unwrap().unwrap_err().kind(), ErrorKind::Changed);
    assert!(users.check("alice", &password("hunter2")).is_ok());
}

#[test]
fn the_table_is_kept_by_whoever_runs_it() {
    let users = users();
    let kind = |done: Result<()>| done.unwrap_err().kind();
    assert_eq!(kind(users.add("alice", &password("another"))), ErrorKind::Exists);
    users.add("bobby", &password("hunter2")).unwrap();
    users.reset("bobby", &password("hunter3")).unwrap();
    assert!(users.check("bobby", &password("hunter2")).is_err());
    assert_eq!(users.check("bobby", &password("hunter3")).unwrap().get(), "bobby");
    users.remove("bobby").unwrap();
    assert!(users.check("bobby", &password("hunter3")).is_err());
    assert_eq!(users.list().unwrap(), ["alice"]);
    assert_eq!(kind(users.remove("bobby")), ErrorKind::Usage);
    assert_eq!(kind(users.reset("bobby", &password("hunter3"))), ErrorKind::Usage);
}

#[test]
fn names_are_the_same_however_a_keyboard_composes_them() {
    let users = Users::new(MemoryUsers::new()).unwrap();
    users.add("Ren\u{e9}e", &password(PASSWORD)).unwrap();
    let lab = Lab::new();
    let (_, there) = connected(&client("Rene\u{301}e", PASSWORD), &server(&lab, &users)).unwrap();
    assert_eq!(there.peer().get(), "Ren\u{e9}e");
    for name in ["", "a\nb", "a\0", &"x".repeat(256)] {
        assert_eq!(users.add(name, &password(PASSWORD)).unwrap_err().kind(), ErrorKind::Usage, "{name:?}");
        assert_eq!(ByPassword::new(name, password(PASSWORD)).unwrap_err().kind(), ErrorKind::Usage);
    }
    // And who says it in another way is no client of ours.
    let (mut from, mut to) = anybody(&lab, &server(&lab, &users));
    let mut decomposed = hello("Ren\u{e9}es").0;
    decomposed.splice(4..12, "Rene\u{301}es".bytes());
    let (heard, _) = asks(&mut from, &mut to, &decomposed);
    assert_eq!(heard.unwrap_err().kind(), ErrorKind::Malformed);
}

#[test]
fn what_is_no_message_of_a_login_is_refused_in_each_turn() {
    let lab = Lab::new();
    let server = server(&lab, &users());
    let first = hello("alice").0;
    let mut of_no_point = first.clone();
    of_no_point[9..41].fill(0xff);
    let mut of_another_version = first.clone();
    of_another_version[2] = 2;
    let mut short = first[..first.len() - 1].to_vec();
    short[1] -= 1;
    for said in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0, 0],
        &[0, 2, 1, 0],
        &[0, 3, 1, 200, 65],
        &[0xff, 0xff],
        &of_no_point,
        &of_another_version,
        &short,
    ] {
        let (mut from, mut to) = anybody(&lab, &server);
        let (heard, _) = asks(&mut from, &mut to, said);
        let error = heard.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{said:?}: {error}");
        // And no second try.
        let mut wire = Vec::new();
        from.write_all(&first).unwrap();
        from.send_to(&mut wire).unwrap();
        assert_eq!(to.receive(&wire).unwrap_err().kind(), ErrorKind::Usage);
    }
    for (said, kind) in [
        (&[0, 2, 1, 1][..], ErrorKind::Malformed),
        (&[0, 2, 1, 0], ErrorKind::Unauthentic),
        (&[0, 3, 1, 1, 1], ErrorKind::Malformed),
        (&first, ErrorKind::Malformed),
        (&[&[0, 66, 1, 1][..], &[0; 64]].concat(), ErrorKind::Unauthentic),
    ] {
        let (mut from, mut to) = anybody(&lab, &server);
        asks(&mut from, &mut to, &first).0.unwrap();
        assert_eq!(asks(&mut from, &mut to, said).0.unwrap_err().kind(), kind, "{said:?}");
        assert!(to.finish().is_err());
    }
    // Who says goodbye in the middle is gone.
    let (mut from, mut to) = anybody(&lab, &server);
    asks(&mut from, &mut to, &first).0.unwrap();
    from.close();
    let mut wire = Vec::new();
    from.send_to(&mut wire).unwrap();
    assert_eq!(to.receive(&wire).unwrap_err().kind(), ErrorKind::PeerRefused);
}

#[test]
fn where_the_store_cannot_look_nobody_comes_in() {
    let lab = Lab::new();
    let users = Users::new(Watched { broken: true, ..Watched::default() }).unwrap();
    let (ours, theirs) = refused(&client("alice", PASSWORD), &server(&lab, &users));
    assert_eq!((ours.kind(), theirs.kind()), (ErrorKind::PeerRefused, ErrorKind::Io));
}

#[test]
fn what_goes_with_nothing_is_an_error_of_use() {
    let lab = Lab::new();
    let usage = |error: Error| assert_eq!(error.kind(), ErrorKind::Usage, "{error}");
    let by = ByPassword::new("alice", password(PASSWORD)).unwrap();
    usage(Client::builder(by).settings(Settings::new().tls12_too()).anonymous().unwrap_err());
    let builder = Server::builder(&lab.credentials()).settings(Settings::new().tls12_too());
    usage(builder.require_clients(ByPasswords::new(&users())).unwrap_err());
    // Nobody would ask for the proof.
    usage(rustls_023::client_config(&client("alice", PASSWORD)).unwrap_err());
    usage(rustls_023::server_config(&server(&lab, &users())).unwrap_err());
    usage(users().tries(0, Duration::from_secs(1)).unwrap_err());
}

#[test]
fn nothing_secret_is_shown_by_what_holds_passwords() {
    let by = ByPassword::new("alice", password(PASSWORD)).unwrap();
    let (users, store) = (users(), MemoryUsers::new());
    let proven = *users.check("alice", &password(PASSWORD)).unwrap().by();
    let shown = format!("{by:?} {users:?} {store:?} {proven:?} {:?}", ByPasswords::new(&users));
    assert_eq!(
        shown,
        "ByPassword { .. } Users { .. } MemoryUsers { .. } ProvenByPassword { .. } ByPasswords { .. }"
    );
}
