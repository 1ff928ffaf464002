//! HTTP to the ACME server over bulla's connections, and what is answered to it at port 80.
use std::collections::HashMap;
use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bulla::adapters::tokio::connect;
use bulla::tls::{CertifiedPeer, Client};
use bytes::Bytes;
use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Uri, client::conn::http1};
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A connection for each request: there are ten of them every two months.
pub(crate) struct Https(pub(crate) Client<CertifiedPeer>);

type Whatever = Box<dyn StdError + Send + Sync>;

impl HttpClient for Https {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let client = self.0.clone();
        Box::pin(async move { ask(client, request).await.map_err(Error::Other) })
    }
}

async fn ask(
    client: Client<CertifiedPeer>,
    mut request: Request<BodyWrapper<Bytes>>,
) -> Result<BytesResponse, Whatever> {
    let authority = request.uri().authority().ok_or("the address names no host")?.clone();
    let path: Uri = request.uri().path_and_query().map_or("/", |path| path.as_str()).parse()?;
    let socket = TcpStream::connect((authority.host(), authority.port_u16().unwrap_or(443))).await?;
    let stream = connect(&client, &authority.host().parse()?, socket).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    request.headers_mut().insert(HOST, HeaderValue::from_str(authority.as_str())?);
    *request.uri_mut() = path;
    Ok(sender.send_request(request).await?.into())
}

/// What is to be found at `/.well-known/acme-challenge/` (RFC 8555 section 8.3).
#[derive(Clone, Default)]
pub(crate) struct Answers(Arc<Mutex<HashMap<String, String>>>);

impl Answers {
    pub(crate) fn put(&self, token: &str, answer: &str) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(format!("/.well-known/acme-challenge/{token}"), answer.to_owned());
    }

    /// Answers whoever asks, for ever: a token is asked for by nobody else, and is of use to nobody else.
    pub(crate) async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        loop {
            let (mut socket, _) = listener.accept().await?;
            let answers = self.clone();
            tokio::spawn(async move {
                let mut head = [0; 1024];
                let count = socket.read(&mut head).await?;
                let head = String::from_utf8_lossy(head.get(..count).unwrap_or_default()).into_owned();
                let path = head.split(' ').nth(1).unwrap_or_default();
                let answer = answers.0.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
                let (status, body) =
                    answer.map_or(("404 Not Found", String::new()), |answer| ("200 OK", answer));
                let length = body.len();
                let all = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
                socket.write_all(all.as_bytes()).await
            });
        }
    }
}
