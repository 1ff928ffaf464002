//! A server that gets its certificates by ACME (RFC 8555), and new ones while it runs: `cargo run -- DIRECTORY-URL ROOTS HOST PORT SECONDS`.
//!
//! ROOTS are the certificates in PEM that the ACME server's own is judged by. PORT is where it finds the answers to its questions: 80
//! in earnest. The server itself listens at a port of loopback and says which, then the numbers of its certificates. So many seconds
//! after one came it gets the next; in earnest that is two thirds of its life. `run` tries it out.
mod http;

use std::error::Error;
use std::time::Duration;

use bulla::adapters::tokio::accept;
use bulla::tls::{Anyone, Client, Credentials, Server, Trust};
use bulla::x509::{Certificate, Credential, Issue, Request, TrustAnchors};
use bulla::{KeyKind, PrivateKey};
use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, OrderStatus, RetryPolicy,
};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::http::{Answers, Https};

type Whatever = Box<dyn Error + Send + Sync>;

/// A new key, and a certificate for it.
async fn order(account: &Account, host: &str, answers: &Answers) -> Result<Credential, Whatever> {
    let names = [Identifier::Dns(host.to_owned())];
    let mut order = account.new_order(&NewOrder::new(&names)).await?;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let mut challenge = authorization.challenge(ChallengeType::Http01).ok_or("there is no http-01")?;
        answers.put(&challenge.token, challenge.key_authorization().as_str());
        challenge.set_ready().await?;
    }
    let status = order.poll_ready(&RetryPolicy::default()).await?;
    if status != OrderStatus::Ready {
        return Err(format!("the order is {status:?}").into());
    }
    let key = PrivateKey::generate(KeyKind::P256)?;
    let request = Request::builder(&key).host(host).sign()?;
    order.finalize_csr(request.as_der()).await?;
    let chain = order.poll_certificate(&RetryPolicy::default()).await?;
    Ok(Credential::new(key, Certificate::all_from_pem(&chain)?)?)
}

/// Shows whatever there is to show now.
async fn serve(server: Server<Anyone>, listener: TcpListener) -> Result<(), Whatever> {
    loop {
        let (socket, _) = listener.accept().await?;
        let server = server.clone();
        tokio::spawn(async move {
            let mut stream = accept(&server, socket).await?;
            stream.write_all(b"hello\n").await?;
            stream.shutdown().await?;
            Ok::<(), bulla::Error>(())
        });
    }
}

#[tokio::main]
async fn main() -> Result<(), Whatever> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, directory, roots, host, port, seconds] = &arguments[..] else {
        return Err("bulla-acme DIRECTORY-URL ROOTS HOST PORT SECONDS".into());
    };
    let anchors = TrustAnchors::from_pem(&std::fs::read_to_string(roots)?)?;
    let https = Https(Client::builder(Trust::new(anchors)).anonymous()?);

    // Until there is a certificate, one that nobody believes.
    let key = PrivateKey::generate(KeyKind::P256)?;
    let own = Issue::self_signed(&format!("CN={host}").parse()?, &key)?;
    let credentials = Credentials::new([Credential::new(key, [own])?])?;
    let server = Server::builder(&credentials).anyone()?;

    let plain = TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    let tls = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", tls.local_addr()?.port());
    let answers = Answers::default();
    tokio::spawn(answers.clone().serve(plain));
    tokio::spawn(serve(server, tls));

    let newcomer = NewAccount { contact: &[], terms_of_service_agreed: true, only_return_existing: false };
    // In earnest, the second of these two is kept: it is the account.
    let (account, _) =
        Account::builder_with_http(Box::new(https)).create(&newcomer, directory.clone(), None).await?;
    loop {
        match order(&account, host, &answers).await {
            Ok(credential) => {
                println!("{}", credential.certificate().serial());
                credentials.replace([credential])?;
            }
            // The one that there is goes on.
            Err(error) => eprintln!("{error}"),
        }
        tokio::time::sleep(Duration::from_secs(seconds.parse()?)).await;
    }
}
