//! Passwords over connections: one side, or the table of users, says anything, and nobody gets in by it.
use std::io::{Read, Write};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use bulla::tls::{
    Anyone, ByPassword, ByPasswords, CertifiedPeer, Client, Credentials, Engine, Handshake, MemoryUsers,
    PasswordUser, Server, Trust, UserStore, Users,
};
use bulla::x509::{Authority, Credential, ServerName, TrustAnchors};
use bulla::{KeyKind, Passphrase, PrivateKey, Result, Time};
use zeroize::Zeroizing;

struct Lab {
    host: ServerName,
    anybody: Client<CertifiedPeer>,
    alice: Client<PasswordUser>,
    anyone: Server<Anyone>,
    users: Server<PasswordUser>,
    table: Arc<Table>,
    /// What Alice said once to a server that was none.
    hello: Vec<u8>,
}

/// A table in which Bob has whatever record he is given.
struct Table {
    users: MemoryUsers,
    bobs: Mutex<Vec<u8>>,
}

impl UserStore for Table {
    fn secret(&self, fresh: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        self.users.secret(fresh)
    }

    fn find(&self, user: &str) -> Result<Option<Vec<u8>>> {
        if user == "bobby" { Ok(Some(self.bobs.lock().unwrap().clone())) } else { self.users.find(user) }
    }

    fn swap(&self, user: &str, expected: Option<&[u8]>, record: Option<&[u8]>) -> Result<bool> {
        self.users.swap(user, expected, record)
    }

    fn list(&self) -> Result<Vec<String>> {
        self.users.list()
    }
}

static LAB: LazyLock<Lab> = LazyLock::new(|| {
    let key = || PrivateKey::generate(KeyKind::P256).unwrap();
    let root = Authority::root(&"CN=Root".parse().unwrap(), key()).unwrap();
    let of_server = key();
    let certificate = root.tls_server(of_server.public(), &["example.org"]).unwrap().sign().unwrap();
    let credentials = Credentials::new([Credential::new(of_server, [certificate]).unwrap()]).unwrap();
    let trust = Trust::new(TrustAnchors::new([root.certificate().clone()]).unwrap());
    let table = Arc::new(Table { users: MemoryUsers::new(), bobs: Mutex::default() });
    // So much time passes between two tries that none is one too many.
    let seconds = AtomicI64::new(0);
    let clock = move || Time::from_unix(seconds.fetch_add(1 << 20, Ordering::Relaxed));
    let users = Users::new(Arc::clone(&table)).unwrap().clock(clock);
    let password = || Passphrase::new("correct horse battery staple").unwrap();
    users.add("alice", &password()).unwrap();
    let mut lab = Lab {
        host: "example.org".parse().unwrap(),
        anybody: Client::builder(trust).anonymous().unwrap(),
        alice: Client::builder(ByPassword::new("alice", password()).unwrap()).anonymous().unwrap(),
        anyone: Server::builder(&credentials).anyone().unwrap(),
        users: Server::builder(&credentials).require_clients(ByPasswords::new(&users)).unwrap(),
        table,
        hello: vec![0; 2 + 2 + 5 + 96],
    };
    let (mut from, mut to) = begin(&lab.alice, &lab.anyone, &lab.host);
    meet(&mut from, &mut to);
    let mut to = to.finish().unwrap();
    to.read_exact(&mut lab.hello).unwrap();
    lab
});

fn begin<A: Send + 'static, B: Send + 'static>(
    client: &Client<A>,
    server: &Server<B>,
    host: &ServerName,
) -> (Handshake<A>, Handshake<B>) {
    (client.handshake(host).unwrap(), server.handshake().unwrap())
}

/// TLS itself is made, and whatever is said first is under way.
fn meet<A: 'static, B: 'static>(from: &mut Handshake<A>, to: &mut Handshake<B>) {
    for _ in 0..3 {
        let (mut there, mut back) = (Vec::new(), Vec::new());
        from.send_to(&mut there).unwrap();
        to.receive(&there).unwrap();
        to.send_to(&mut back).unwrap();
        from.receive(&back).unwrap();
    }
}

fn says<A: 'static, B: 'static>(from: &mut Engine<A>, to: &mut Handshake<B>, said: &[u8]) {
    let (mut there, mut back) = (Vec::new(), Vec::new());
    for piece in said.chunks(1000) {
        from.write_all(piece).unwrap();
        from.send_to(&mut there).unwrap();
    }
    let _ = to.receive(&there);
    to.send_to(&mut back).unwrap();
    let _ = from.receive(&back);
}

/// A genuine message with some of its places changed, each by an offset of two bytes and what is put there.
fn changed(genuine: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut message = genuine.to_vec();
    for &[high, low, byte] in changes.as_chunks::<3>().0 {
        let at = usize::from(u16::from_be_bytes([high, low])) % message.len();
        message[at] ^= byte;
    }
    message
}

/// The first byte says who speaks, the second how much of the rest changes what is genuine; what is left is said after it.
pub fn password(data: &[u8]) {
    let Some(([who, count], rest)) = data.split_first_chunk::<2>() else { return };
    let (changes, after) = rest.split_at(rest.len().min(usize::from(count & 7) * 3));
    let lab = &*LAB;
    match who % 4 {
        0 => to_server(&[&changed(&lab.hello, changes), after].concat()),
        1 => to_server(rest),
        2 => {
            *lab.table.bobs.lock().unwrap() = rest.to_vec();
            let mut hello = lab.hello.clone();
            hello[4..9].copy_from_slice(b"bobby");
            to_server(&hello);
        }
        // Not what is genuine: it would have the client stretch its password, which takes long.
        _ => to_client(rest),
    }
    let store = MemoryUsers::new();
    store.secret(rest).unwrap();
    let _ = Users::new(store);
}

fn to_server(said: &[u8]) {
    let lab = &*LAB;
    let (mut from, mut to) = begin(&lab.anybody, &lab.users, &lab.host);
    meet(&mut from, &mut to);
    says(&mut from.finish().unwrap(), &mut to, said);
    assert!(!to.is_done());
}

fn to_client(said: &[u8]) {
    let lab = &*LAB;
    let (mut from, mut to) = begin(&lab.alice, &lab.anyone, &lab.host);
    meet(&mut from, &mut to);
    says(&mut to.finish().unwrap(), &mut from, said);
    assert!(!from.is_done());
}
