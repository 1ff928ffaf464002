//! A Redis server of a test's own, which can be stopped, frozen and begun anew.
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use redis::{Connection, FromRedisValue};

use crate::peers;

pub(crate) struct Server {
    program: PathBuf,
    pub(crate) folder: tempfile::TempDir,
    more: Vec<String>,
    child: Option<Child>,
}

impl Server {
    /// `None` where there is no redis-server.
    pub(crate) fn start() -> Option<Self> {
        let server = Self::none()?;
        Some(server.with(&[]))
    }

    /// One that does not run yet.
    pub(crate) fn none() -> Option<Self> {
        let program = peers::find("redis-server")?;
        Some(Server { program, folder: tempfile::tempdir().unwrap(), more: Vec::new(), child: None })
    }

    pub(crate) fn with(mut self, more: &[String]) -> Self {
        self.more = more.to_vec();
        self.run();
        self
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Starts it, empty: nothing was written to a disk.
    pub(crate) fn run(&mut self) {
        assert!(self.child.is_none());
        let mut command = Command::new(&self.program);
        command.args(["--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning"]);
        if !self.more.iter().any(|word| word == "--port") {
            command.args(["--port", "0"]);
        }
        command.arg("--unixsocket").arg(self.socket()).arg("--dir").arg(self.folder.path()).args(&self.more);
        self.child = Some(command.stdout(Stdio::null()).stdin(Stdio::null()).spawn().unwrap());
        let limit = Instant::now() + Duration::from_secs(30);
        while !self.answers() {
            assert!(Instant::now() < limit, "redis-server does not start");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = UnixStream::connect(self.socket()) else { return false };
        stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        let mut answer = [0; 7];
        stream.write_all(b"PING\r\n").is_ok()
            && stream.read_exact(&mut answer).is_ok()
            && answer == *b"+PONG\r\n"
    }

    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// It takes connections, as the system does that for it, and says nothing.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    fn connection(&self) -> Connection {
        redis::Client::open(self.url()).unwrap().get_connection().unwrap()
    }

    /// What somebody does who writes to it.
    pub(crate) fn does<T: FromRedisValue>(&self, words: &[&[u8]]) -> T {
        let mut command = redis::Cmd::new();
        words.iter().for_each(|word| {
            command.arg(*word);
        });
        command.query(&mut self.connection()).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
    }
}
