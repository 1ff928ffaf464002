//! `bulla tls serve`: a server that shows a credential, for files or an echo.
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use bulla::Error;
use bulla::tls::{Anyone, ByKeys, CertifiedPeer, Credentials, KeyHolder, Server, Settings, Stream, Trust};
#[cfg(feature = "sqlite")]
use bulla::tls::{ByPasswords, PasswordUser};

use crate::credential::CredentialsFlags;
use crate::failure::{Done, Failure, one_line};
use crate::judging::trusted;
use crate::lists::{CRL, List, ListFlags, Lists};
use crate::passphrase::{Given, PassphraseFlags};
use crate::tls_files::Files;
use crate::tls_psk::SharedKeysFlags;
use crate::ui;

#[derive(clap::Args)]
pub(crate) struct Serve {
    /// Where to listen; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4433")]
    listen: String,
    /// Say everything back that a client says
    #[arg(long, conflicts_with = "files", required_unless_present = "files")]
    echo: bool,
    /// Give out the files of a directory over HTTP/1.1
    #[arg(long, value_name = "DIR")]
    files: Option<PathBuf>,
    /// Also TLS 1.2, for clients that have nothing newer
    #[arg(long)]
    tls12: bool,
    /// Let in the users of this table alone, by their passwords
    #[cfg(feature = "sqlite")]
    #[arg(long, value_name = "DB", conflicts_with = "psk_db")]
    users: Option<PathBuf>,
    #[command(flatten)]
    shared_keys: SharedKeysFlags,
    #[command(flatten)]
    with: CredentialsFlags,
    #[command(flatten)]
    passphrase: PassphraseFlags,
    #[command(flatten)]
    lists: Lists<Known>,
}

struct Known;

const CLIENTS: List = List {
    name: "require-clients",
    value: "FILE",
    help: "Let in clients alone that show a certificate for which these vouch",
    required: false,
};

impl ListFlags for Known {
    const ALL: &'static [List] = &[CLIENTS, CRL];
    const FILE: (&'static str, &'static str) = ("NOTHING", "");
}

/// Connections at a time. Ours: a thread each.
const CONNECTIONS: usize = 512;
/// How long a client may say nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who a peer is, in the log.
trait Named {
    fn name(&self) -> String;
}

impl Named for Anyone {
    fn name(&self) -> String {
        "somebody".to_owned()
    }
}

impl Named for CertifiedPeer {
    fn name(&self) -> String {
        one_line(&self.get().subject().to_string())
    }
}

impl Named for KeyHolder {
    fn name(&self) -> String {
        one_line(self.get())
    }
}

#[cfg(feature = "sqlite")]
impl Named for PasswordUser {
    fn name(&self) -> String {
        one_line(self.get())
    }
}

/// What is done with a connection.
enum Work {
    Echo,
    Files(Files),
}

impl Serve {
    pub(crate) fn run(&self) -> Done<()> {
        if let Some(word) = self.lists.file()? {
            let why = format!("nothing is to follow the flags: {}", word.display());
            return Err(Failure::usage("arguments", why, "leave it out; a directory goes with --files"));
        }
        let given = Given::new(&self.passphrase);
        let credentials = self.with.load(&given, false)?;
        if credentials.is_empty() {
            return Err(Failure::usage("--with", "a server shows a certificate", "give one with its key"));
        }
        let work = match &self.files {
            Some(root) => Work::Files(Files::new(root)?),
            None => Work::Echo,
        };
        let mut settings = Settings::new().handshake_within(PATIENCE);
        if self.tls12 {
            settings = settings.tls12_too();
        }
        let builder = Server::builder(&Credentials::new(credentials)?).settings(settings);
        if let Some(keys) = self.shared_keys.keys(&given)? {
            self.check_alone("--psk-db")?;
            return self.serve(builder.require_clients(ByKeys::new(keys))?, work);
        }
        #[cfg(feature = "sqlite")]
        if let Some(table) = &self.users {
            self.check_alone("--users")?;
            let users = crate::users::there(table)?;
            return self.serve(builder.require_clients(ByPasswords::new(&users))?, work);
        }
        if self.lists.is_given(&CLIENTS) {
            let (anchors, crls) = trusted(&self.lists, &CLIENTS)?;
            return self.serve(builder.require_clients(Trust::new(anchors).crls(crls))?, work);
        }
        self.serve(builder.anyone()?, work)
    }

    /// What clients prove inside of the connection takes the place of certificates.
    fn check_alone(&self, flag: &str) -> Done<()> {
        if !self.lists.is_given(&CLIENTS) && !self.tls12 {
            return Ok(());
        }
        let why = "clients are let in by what they prove, over TLS 1.3, and no certificate is looked at";
        Err(Failure::usage(flag, why, "leave out --require-clients and --tls12"))
    }

    fn serve<P: Named + Send + 'static>(&self, server: Server<P>, work: Work) -> Done<()> {
        let failed = |error| Failure::io(one_line(&self.listen), &error);
        let listener = TcpListener::bind(&self.listen).map_err(failed)?;
        // Scripts wait for this line, and read the port in it.
        ui::note(format_args!("listening at {}", listener.local_addr().map_err(failed)?));
        let (work, open) = (Arc::new(work), Arc::new(AtomicUsize::new(0)));
        loop {
            let (socket, from) = listener.accept().map_err(failed)?;
            if open.fetch_add(1, Ordering::AcqRel) >= CONNECTIONS {
                open.fetch_sub(1, Ordering::AcqRel);
                ui::note(format_args!("{from}: turned away, there are {CONNECTIONS} connections"));
                continue;
            }
            let (server, work, open) = (server.clone(), Arc::clone(&work), Arc::clone(&open));
            thread::spawn(move || {
                if let Err(error) = answer(&server, socket, &work, &from) {
                    ui::note(format_args!("{from}: {error}"));
                }
                open.fetch_sub(1, Ordering::AcqRel);
            });
        }
    }
}

fn answer<P: Named + Send + 'static>(
    server: &Server<P>,
    socket: TcpStream,
    work: &Work,
    from: &impl std::fmt::Display,
) -> bulla::Result<()> {
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    let mut stream = server.accept(socket)?;
    ui::note(format_args!("{from}: {}: {}", stream.peer().name(), stream.facts()));
    match work {
        Work::Echo => echo(&mut stream)?,
        Work::Files(files) => files.answer(&mut stream)?,
    }
    stream.close().map(drop)
}

fn echo<P: Send + 'static>(stream: &mut Stream<TcpStream, P>) -> bulla::Result<()> {
    let mut piece = vec![0; 16 << 10];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => stream.write_all(piece.get(..count).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::from(error)),
        }
    }
}
