//! `bulla tls`: connections looked at, and served.
use clap::Subcommand;

use crate::failure::Done;
use crate::tls_connect::Connect;
use crate::tls_probe::Probe;
use crate::tls_selftest::SelfTest;
use crate::tls_serve::Serve;

#[derive(Subcommand)]
pub(crate) enum TlsCommand {
    /// Connect to a server, say how, and carry what is said both ways
    #[command(after_help = "\
What standard input says goes to the server, and what the server says to standard output; the report goes to standard error.
Nobody is believed by default: say whom with --trust, or which key with --pin alone; or come in as a --user, whose password the
server knows, too.

Examples:
  bulla tls connect --report --trust /etc/ssl/certs/ca-certificates.crt www.example.org:443
  bulla tls connect --trust ca.pem --starttls smtp mail.example.org:587
  bulla tls connect --trust ca.pem --with me.p12 --name db.internal 10.0.0.7:5432")]
    Connect(Box<Connect>),
    /// Serve connections: files over HTTPS, or an echo
    #[command(after_help = "\
Examples:
  bulla tls serve --with www.pem --key www.key --files site/
  bulla tls serve --with www.p12 --require-clients ca.pem --echo --listen 127.0.0.1:7000
  bulla tls serve --with www.p12 --users users.sqlite --echo        see bulla users add")]
    Serve(Box<Serve>),
    /// Say what a server offers, and what is wrong with it
    #[command(after_help = "\
It makes some fifty connections, and tries what bulla itself would never agree on, without agreeing on it.
The exit code is 1 if something is wrong; notes are not.

Examples:
  bulla tls probe --trust /etc/ssl/certs/ca-certificates.crt www.example.org:443
  bulla tls probe --json --starttls smtp mail.example.org:587")]
    Probe(Box<Probe>),
    /// Try everything that connections promise, client and server of this very build over loopback
    #[command(name = "selftest")]
    SelfTest(SelfTest),
}

impl TlsCommand {
    pub(crate) fn run(&self) -> Done<()> {
        match self {
            TlsCommand::Connect(connect) => connect.run(),
            TlsCommand::Serve(serve) => serve.run(),
            TlsCommand::Probe(probe) => probe.run(),
            TlsCommand::SelfTest(test) => test.run(),
        }
    }
}
