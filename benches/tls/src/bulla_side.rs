//! bulla's side: `adapters::tokio`.
use bulla::adapters::tokio::{TlsStream, accept, connect};
use bulla::tls::{Anyone, CertifiedPeer, Client, Credentials, Server, Settings, Trust};
use bulla::x509::TrustAnchors;
use tokio::net::TcpStream;

use crate::{HOST, Lab, Side};

pub(crate) struct Bulla {
    anchors: TrustAnchors,
    server: Server<Anyone>,
    settings: Settings,
}

impl Side for Bulla {
    type Client = Client<CertifiedPeer>;
    type Near = TlsStream<TcpStream, CertifiedPeer>;
    type Far = TlsStream<TcpStream, Anyone>;

    fn new(lab: &Lab, resumes: bool) -> Self {
        let settings = if resumes { Settings::new() } else { Settings::new().without_resumption() };
        let credentials = Credentials::new([lab.credential()]).unwrap();
        let anchors = TrustAnchors::new([lab.root.certificate().clone()]).unwrap();
        let server = Server::builder(&credentials).settings(settings.clone()).anyone().unwrap();
        Bulla { anchors, server, settings }
    }

    fn client(&self) -> Self::Client {
        let trust = Trust::new(self.anchors.clone());
        Client::builder(trust).settings(self.settings.clone()).anonymous().unwrap()
    }

    async fn connect(&self, client: &Self::Client, socket: TcpStream) -> Self::Near {
        connect(client, &HOST.parse().unwrap(), socket).await.unwrap()
    }

    async fn accept(&self, socket: TcpStream) -> Self::Far {
        accept(&self.server, socket).await.unwrap()
    }
}
