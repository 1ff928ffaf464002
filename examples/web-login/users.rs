//! Who may sign in, and whether a password is theirs.
use std::collections::BTreeMap;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

pub(crate) struct Users {
    /// Of each name, the hash of its password.
    hashes: BTreeMap<&'static str, String>,
    /// For names that nobody has: the answer takes as long as one to a wrong password, so that it does not tell who is there.
    nobody: String,
    /// How many are checked at once. Each takes 19 MiB, and whoever asks for many must not get them all.
    places: Semaphore,
}

impl Users {
    pub(crate) fn of_the_demo() -> Result<Self, Error> {
        let hash = |password: &str| {
            Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string())
        };
        let hashes = BTreeMap::from([("alice", hash("wonderland")?), ("bob", hash("the builder")?)]);
        Ok(Users { hashes, nobody: hash("")?, places: Semaphore::new(4) })
    }

    /// Whether there is somebody of this name, with this password.
    pub(crate) async fn check(&self, name: &str, password: String) -> bool {
        let known = self.hashes.get(name);
        let hash = known.unwrap_or(&self.nobody).clone();
        let Ok(_place) = self.places.acquire().await else { return false };
        // It takes its time: on a thread where no other requests wait.
        let is_right = spawn_blocking(move || {
            let hash = PasswordHash::new(&hash)?;
            Argon2::default().verify_password(password.as_bytes(), &hash)
        });
        is_right.await.is_ok_and(|checked| checked.is_ok()) && known.is_some()
    }
}
