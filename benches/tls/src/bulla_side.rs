//! bulla's side: `adapters::tokio`.
use bulla::adapters::tokio::{TlsStream, accept, connect};
use bulla::tls::{Anyone, CertifiedPeer, Client, Credentials, Server, Trust};
use bulla::x509::TrustAnchors;
use tokio::net::TcpStream;

use crate::{HOST, Lab, Side};

pub(crate) struct Bulla {
    anchors: TrustAnchors,
    server: Server<Anyone>,
}

impl Side for Bulla {
    type Client = Client<CertifiedPeer>;
    type Near = TlsStream<TcpStream, CertifiedPeer>;
    type Far = TlsStream<TcpStream, Anyone>;

    fn new(lab: &Lab) -> Self {
        let credentials = Credentials::new([lab.credential()]).unwrap();
        let anchors = TrustAnchors::new([lab.root.certificate().clone()]).unwrap();
        Bulla { anchors, server: Server::builder(&credentials).anyone().unwrap() }
    }

    fn client(&self) -> Self::Client {
        Client::builder(Trust::new(self.anchors.clone())).anonymous().unwrap()
    }

    async fn connect(&self, client: &Self::Client, socket: TcpStream) -> Self::Near {
        connect(client, &HOST.parse().unwrap(), socket).await.unwrap()
    }

    async fn accept(&self, socket: TcpStream) -> Self::Far {
        accept(&self.server, socket).await.unwrap()
    }
}
