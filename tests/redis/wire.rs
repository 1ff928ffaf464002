//! A way to the server that can be interrupted for one host alone: what is under way then is lost.
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

#[derive(Default)]
struct State {
    is_cut: Mutex<bool>,
    mended: Condvar,
}

impl State {
    /// Whether something comes through that has come here. If not, that is known when it is mended.
    fn passes(&self) -> bool {
        let is_cut = self.is_cut.lock().unwrap();
        let passes = !*is_cut;
        drop(self.mended.wait_while(is_cut, |is_cut| *is_cut).unwrap());
        passes
    }

    fn set(&self, is_cut: bool) {
        *self.is_cut.lock().unwrap() = is_cut;
        self.mended.notify_all();
    }
}

/// Its threads end with the process, or when an end of a connection is closed.
pub(crate) struct Wire {
    path: PathBuf,
    state: Arc<State>,
}

impl Wire {
    /// In this folder, to that socket.
    pub(crate) fn to(socket: PathBuf, folder: &Path) -> Self {
        let (path, state) = (folder.join("wire.sock"), Arc::new(State::default()));
        let listener = UnixListener::bind(&path).unwrap();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for host in listener.incoming() {
                let (Ok(host), Ok(server)) = (host, UnixStream::connect(&socket)) else { continue };
                carry(host.try_clone().unwrap(), server.try_clone().unwrap(), &shared);
                carry(server, host, &shared);
            }
        });
        Wire { path, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// From now on nothing comes through, in either direction, and nobody is told.
    pub(crate) fn cut(&self) {
        self.state.set(true);
    }

    pub(crate) fn mend(&self) {
        self.state.set(false);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.mend();
    }
}

fn carry(mut from: UnixStream, mut to: UnixStream, state: &Arc<State>) {
    let state = Arc::clone(state);
    thread::spawn(move || {
        let mut bytes = [0; 1 << 14];
        while let Ok(read @ 1..) = from.read(&mut bytes) {
            if !state.passes() || to.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        // Whoever is at the other end may have closed it before.
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    });
}
