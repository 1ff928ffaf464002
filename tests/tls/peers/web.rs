//! What the web is made of: curl, and nginx as a server and as a proxy before bulla.
use bulla::tls::{Client, Credentials, Server, Settings};

use super::*;
use crate::peers;

const OPENSSL_3_0: &str = "its OpenSSL 3.0 has no such group";
const ANY_END: &str = "it takes any end of the socket for an announced one";
const ENDS: [(&str, &str); 5] = [
    ("STARTTLS", "it is of the web"),
    ("exporter", "it shows none"),
    ("raw public keys", "it has none"),
    ("goes on after bulla's end", "HTTP has no use for it"),
    ("goes on after its end", "HTTP has no use for it"),
];

fn settings() -> Settings {
    Settings::new().tls12_too().protocols(["http/1.1"]).unwrap()
}

/// A request: its first line and headers, and then as many bytes as it says.
fn request(from: &mut impl Read) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        from.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |line| line.parse().unwrap());
    let mut body = vec![0; length];
    from.read_exact(&mut body).unwrap();
    (head, body)
}

/// An answer that ends where the connection does.
fn respond<P: 'static>(stream: &mut Stream<TcpStream, P>, body: &[u8]) {
    stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").unwrap();
    stream.write_all(body).unwrap();
    stream.flush().unwrap();
}

fn many() -> Vec<u8> {
    (0_u8..=250).cycle().take(3 << 20).collect()
}

#[test]
fn curl() {
    let Some(program) = peers::find("curl") else { return };
    let lab = Lab::new();
    let (folder, [first, other, _]) = Folder::of(&lab);
    let shown = Credentials::new([first, other]).unwrap();
    let server = Server::builder(&shown).settings(settings()).anyone().unwrap();
    let asking = Server::builder(&shown).settings(settings()).require_clients(lab.trust()).unwrap();
    fs::write(folder.path().join("many"), many()).unwrap();
    let mut row = Row::new("curl connects to bulla");
    let fetch = |visited: &Visited, hosts: &[&str], more: &str| {
        let mut command = Command::new(&program);
        command
            .args(["-sS", "--cacert", "ca.pem", "--noproxy", "*", "--http1.1"])
            .args(more.split_whitespace());
        command.current_dir(folder.path()).stdin(Stdio::null());
        for host in hosts {
            let port = visited.port;
            command.args([
                "--resolve",
                &format!("{host}:{port}:127.0.0.1"),
                &format!("https://{host}:{port}/"),
            ]);
        }
        visited.by(&mut command)
    };
    for (column, host, version, more) in [
        ("TLS 1.3", HOST, "TLS 1.3", "--tlsv1.3"),
        ("TLS 1.2", HOST, "TLS 1.2", "--tls-max 1.2"),
        ("ALPN", HOST, "TLS 1.3", ""),
        ("SNI", OTHER, "TLS 1.3", ""),
        ("transfer", HOST, "TLS 1.3", "-T many"),
        ("transfer", HOST, "TLS 1.2", "-T many --tls-max 1.2"),
    ] {
        let visited = Visited::new();
        let visitor = fetch(&visited, &[host], more);
        let mut stream = server.accept(visited.accept()).unwrap();
        let (_, body) = request(&mut stream);
        respond(&mut stream, &body);
        let facts = stream.facts();
        assert_eq!(
            (facts.version(), facts.protocol(), facts.server_name()),
            (version, Some(&b"http/1.1"[..]), Some(host))
        );
        stream.close().unwrap();
        assert!(visitor.said() == body && (column != "transfer" || body == many()), "{column}");
        row.ok(column);
    }
    for (column, more) in [("resumed 1.3", "--tlsv1.3"), ("resumed 1.2", "--tls-max 1.2")] {
        let visited = Visited::new();
        let visitor = fetch(&visited, &[HOST, HOST], more);
        for resumed in [false, true] {
            let mut stream = server.accept(visited.accept()).unwrap();
            request(&mut stream);
            respond(&mut stream, b"here");
            assert_eq!(stream.facts().is_resumed(), resumed, "{column}");
            stream.close().unwrap();
        }
        assert_eq!(visitor.said(), b"herehere");
        row.ok(column);
    }
    for more in ["--tlsv1.3", "--tls-max 1.2"] {
        let visited = Visited::new();
        let visitor = fetch(&visited, &[HOST], &format!("--cert client.pem --key client.key {more}"));
        let mut stream = asking.accept(visited.accept()).unwrap();
        assert_eq!(stream.peer().get().subject(), "CN=Alice".parse().unwrap());
        request(&mut stream);
        respond(&mut stream, b"here");
        // What curl announces when it has all.
        stream.close_write().unwrap();
        assert_eq!(all(&mut stream).unwrap(), b"");
        assert_eq!(visitor.said(), b"here");
    }
    row.ok("mutual");
    row.ok("close_notify");
    let visited = Visited::new();
    let mut visitor = fetch(&visited, &[HOST], "");
    let mut stream = server.accept(visited.accept()).unwrap();
    request(&mut stream);
    visitor.running.0.kill().unwrap();
    ends(stream, "peer-cuts");
    row.ok("its cut noticed");
    row.cannot(&ENDS);
    row.cannot(&[("X25519MLKEM768", OPENSSL_3_0), ("bulla's cut noticed", ANY_END)]);
    row.print();
}

/// nginx at ports of its own, in one process that stays in the foreground.
fn nginx(program: &Path, folder: &Folder, protocol: &str, servers: &str) -> Running {
    let path = folder.path().display();
    folder.write(
        "nginx.conf",
        &format!(
            "daemon off; master_process off; error_log error.log; pid nginx.pid;\n\
             events {{ }}\n\
             http {{\naccess_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;\n\
             uwsgi_temp_path uwsgi; scgi_temp_path scgi; client_max_body_size 10m; chunked_transfer_encoding off; ssl_session_cache shared:a:1m;\n\
             ssl_protocols {protocol}; root {path};\n{servers}\n}}\n"
        ),
    );
    let mut command = Command::new(program);
    command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(folder.path());
    Running(command.current_dir(folder.path()).stdin(Stdio::null()).spawn().unwrap())
}

const VERSIONS: [(&str, &str, [&str; 2]); 2] =
    [("TLSv1.3", "TLS 1.3", ["TLS 1.3", "resumed 1.3"]), ("TLSv1.2", "TLS 1.2", ["TLS 1.2", "resumed 1.2"])];

/// Asks for one thing, and gives what comes until the connection ends.
fn ask(mut stream: impl Read + Write, verb: &str, host: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{verb} /said HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    stream.flush().unwrap();
    all(stream).unwrap()
}

#[test]
fn nginx_as_a_server() {
    let Some(program) = peers::find("nginx") else { return };
    let lab = Lab::new();
    let (folder, [_, _, alice]) = Folder::of(&lab);
    let mut row = Row::new("nginx is connected to");
    let shown = Credentials::new([alice]).unwrap();
    for (protocol, version, columns) in VERSIONS {
        let client = Client::builder(lab.trust()).settings(settings()).with(&shown).unwrap();
        let nobody = Client::builder(lab.trust()).settings(settings()).anonymous().unwrap();
        let (port, asking) = (free_port(), free_port());
        let server = |port, name: &str, host, more| {
            format!(
                "server {{ listen 127.0.0.1:{port} ssl; server_name {host}; ssl_certificate {name}.pem;\n\
                 ssl_certificate_key {name}.key; {more} location / {{ dav_methods PUT; }} }}\n"
            )
        };
        let asks = "ssl_client_certificate ca.pem; ssl_verify_client on;";
        let servers = [
            server(port, "server", HOST, ""),
            server(port, "other", OTHER, ""),
            server(asking, "server", HOST, asks),
        ];
        let mut running = nginx(&program, &folder, protocol, &servers.concat());
        for (time, column) in columns.into_iter().enumerate() {
            let stream = client.connect(&HOST.parse().unwrap(), connect(port)).unwrap();
            assert_eq!((stream.facts().version(), stream.facts().is_resumed()), (version, time > 0));
            assert_eq!(stream.facts().protocol(), Some(&b"http/1.1"[..]));
            assert!(ask(stream, "PUT", HOST, &many()).starts_with(b"HTTP/1.1 20"));
            row.ok(column);
        }
        let stream = client.connect(&OTHER.parse().unwrap(), connect(port)).unwrap();
        assert!(ask(stream, "GET", OTHER, b"").ends_with(&many()), "what came back is other");
        for (client, answer) in [(&client, &b"HTTP/1.1 200"[..]), (&nobody, b"HTTP/1.1 400")] {
            let stream = client.connect(&HOST.parse().unwrap(), connect(asking)).unwrap();
            assert!(ask(stream, "GET", HOST, b"").starts_with(answer));
        }
        let stream = client.connect(&HOST.parse().unwrap(), connect(port)).unwrap();
        running.0.kill().unwrap();
        ends(stream, "peer-cuts");
    }
    for column in ["ALPN", "SNI", "mutual", "transfer", "close_notify", "its cut noticed"] {
        row.ok(column);
    }
    row.cannot(&ENDS);
    row.cannot(&[("X25519MLKEM768", OPENSSL_3_0), ("bulla's cut noticed", "it tells nobody")]);
    row.print();
}

#[test]
fn nginx_as_a_proxy() {
    let Some(program) = peers::find("nginx") else { return };
    let lab = Lab::new();
    let (folder, [first, other, _]) = Folder::of(&lab);
    let shown = Credentials::new([first, other]).unwrap();
    let server = Server::builder(&shown).settings(settings()).require_clients(lab.trust()).unwrap();
    let mut row = Row::new("nginx as a proxy connects to bulla");
    for (protocol, version, columns) in VERSIONS {
        let (visited, port) = (Visited::new(), free_port());
        let place = |host: &str| {
            let behind = visited.port;
            format!(
                "server {{ listen 127.0.0.1:{port}; server_name {host}; location / {{\n\
                 proxy_pass https://127.0.0.1:{behind}; proxy_ssl_trusted_certificate ca.pem; proxy_ssl_verify on;\n\
                 proxy_ssl_name {host}; proxy_ssl_server_name on; proxy_ssl_protocols {protocol};\n\
                 proxy_ssl_certificate client.pem; proxy_ssl_certificate_key client.key; }} }}\n"
            )
        };
        let mut running = nginx(&program, &folder, protocol, &[place(HOST), place(OTHER)].concat());
        let asked = |host: &'static str| thread::spawn(move || ask(connect(port), "PUT", host, &many()));
        for (host, column, resumed) in
            [(HOST, columns[0], false), (HOST, columns[1], true), (OTHER, "SNI", false)]
        {
            let asked = asked(host);
            let mut stream = server.accept(visited.accept()).unwrap();
            assert_eq!(stream.peer().get().subject(), "CN=Alice".parse().unwrap());
            let facts = stream.facts();
            assert_eq!((facts.version(), facts.server_name()), (version, Some(host)));
            assert_eq!(facts.is_resumed(), resumed, "{column}");
            let (_, body) = request(&mut stream);
            assert!(body == many(), "what came is other");
            respond(&mut stream, &body);
            stream.close().unwrap();
            let answer = asked.join().unwrap();
            assert!(
                answer.starts_with(b"HTTP/1.1 200") && answer.ends_with(&many()),
                "what came back is other"
            );
            row.ok(column);
        }
        let mut waits = connect(port);
        waits.write_all(format!("GET / HTTP/1.0\r\nHost: {HOST}\r\n\r\n").as_bytes()).unwrap();
        let mut stream = server.accept(visited.accept()).unwrap();
        request(&mut stream);
        running.0.kill().unwrap();
        ends(stream, "peer-cuts");
    }
    for column in ["mutual", "transfer", "its cut noticed"] {
        row.ok(column);
    }
    row.cannot(&ENDS);
    row.cannot(&[
        ("X25519MLKEM768", OPENSSL_3_0),
        ("ALPN", "it offers none to those behind it"),
        ("bulla's cut noticed", ANY_END),
        ("close_notify", "it hangs up without a word"),
    ]);
    row.print();
}
