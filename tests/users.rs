//! Where servers keep users: what every store promises, after a restart and for several processes, too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;
use std::sync::Arc;
use std::thread;

use bulla::adapters::redb::RedbUsers;
use bulla::adapters::sqlite::SqliteUsers;
use bulla::tls::{MemoryUsers, UserStore, Users};
use bulla::{ErrorKind, Passphrase, Result};

#[cfg(unix)]
#[path = "support/log.rs"]
mod log;

fn password(text: &str) -> Passphrase {
    Passphrase::new(text).unwrap()
}

/// What `UserStore` says of all stores, of one that is new.
fn keeps_its_promises(store: &dyn UserStore) {
    assert_eq!(*store.secret(b"the first").unwrap(), b"the first");
    assert_eq!(*store.secret(b"another").unwrap(), b"the first");
    assert_eq!((store.find("alice").unwrap(), store.list().unwrap()), (None, vec![]));
    let [one, two] = [&b"record one"[..], b"record two"];
    let kept = || store.find("alice").unwrap();
    assert!(!store.swap("alice", Some(one), Some(two)).unwrap() && kept().is_none());
    assert!(!store.swap("alice", Some(one), None).unwrap());
    assert!(store.swap("alice", None, None).unwrap() && kept().is_none());
    assert!(store.swap("alice", None, Some(one)).unwrap() && kept().as_deref() == Some(one));
    assert!(!store.swap("alice", None, Some(two)).unwrap() && kept().as_deref() == Some(one));
    assert!(!store.swap("alice", None, None).unwrap());
    assert!(!store.swap("alice", Some(two), Some(two)).unwrap() && kept().as_deref() == Some(one));
    assert!(store.swap("alice", Some(one), Some(two)).unwrap() && kept().as_deref() == Some(two));
    // Names are bytes: case, width and what looks like SQL.
    for name in ["zoe", "Alice", "alice'; DROP TABLE users; --", "\u{1f511}", "ALICE"] {
        assert!(store.find(name).unwrap().is_none());
        assert!(store.swap(name, None, Some(name.as_bytes())).unwrap());
    }
    let sorted = ["ALICE", "Alice", "alice", "alice'; DROP TABLE users; --", "zoe", "\u{1f511}"];
    assert_eq!(store.list().unwrap(), sorted);
    assert_eq!(store.find("\u{1f511}").unwrap().unwrap(), "\u{1f511}".as_bytes());
    assert!(!store.swap("alice", Some(one), None).unwrap());
    assert!(store.swap("alice", Some(two), None).unwrap() && kept().is_none());
}

#[test]
fn all_stores_keep_the_promises_of_stores() {
    let dir = tempfile::tempdir().unwrap();
    keeps_its_promises(&MemoryUsers::new());
    keeps_its_promises(&RedbUsers::open(dir.path().join("users.redb")).unwrap());
    keeps_its_promises(&SqliteUsers::open(dir.path().join("users.sqlite")).unwrap());
}

fn works_after_a_restart<S: UserStore + 'static>(open: impl Fn() -> Result<S>) {
    let users = Users::new(open().unwrap()).unwrap();
    users.add("alice", &password("hunter2")).unwrap();
    drop(users);
    let users = Users::new(open().unwrap()).unwrap();
    assert!(users.check("alice", &password("hunter2")).is_ok());
    users.remove("alice").unwrap();
    drop(users);
    let users = Users::new(open().unwrap()).unwrap();
    assert!(users.check("alice", &password("hunter2")).is_err());
}

#[test]
fn passwords_are_known_after_a_restart_and_who_was_removed_is_not() {
    let dir = tempfile::tempdir().unwrap();
    works_after_a_restart(|| RedbUsers::open(dir.path().join("users.redb")));
    works_after_a_restart(|| SqliteUsers::open(dir.path().join("users.sqlite")));
}

#[test]
fn several_that_have_the_file_open_see_each_others_users() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("users.sqlite");
    // They begin at one time: the first has the say on the secret, and one of them adds the user.
    let begin = |number: usize| {
        let path = path.clone();
        thread::spawn(move || {
            let users = Users::new(SqliteUsers::open(path).unwrap()).unwrap();
            let added = users.add("alice", &password(&format!("password {number}")));
            (users, added.map_err(|error| error.kind()))
        })
    };
    let threads: Vec<_> = (0..4).map(begin).collect();
    let all: Vec<_> = threads.into_iter().map(|one| one.join().unwrap()).collect();
    let added: Vec<usize> = (0..4).filter(|number| all[*number].1.is_ok()).collect();
    assert_eq!(added.len(), 1);
    let refused = all.iter().filter(|(_, added)| *added == Err(ErrorKind::Exists));
    assert_eq!(refused.count(), 3);
    let right = password(&format!("password {}", added[0]));
    assert!(all.iter().all(|(users, _)| users.check("alice", &right).is_ok()));
    all[0].0.remove("alice").unwrap();
    assert!(all.iter().all(|(users, _)| users.list().unwrap().is_empty()));
}

/// Set where a test runs itself again: who is removed, and from which table.
const AGAIN: &str = "BULLA_TEST_REMOVE";
const TABLE: &str = "BULLA_TEST_USERS";

#[test]
fn who_is_removed_by_another_process_is_gone_whatever_was_opened_twice_here() {
    if let Ok(user) = std::env::var(AGAIN) {
        let path = std::env::var_os(TABLE).unwrap();
        return Users::new(SqliteUsers::open(path).unwrap()).unwrap().remove(&user).unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("users.sqlite");
    let users = Users::new(SqliteUsers::open(&path).unwrap()).unwrap();
    for name in ["alice", "eve", "mallory"] {
        users.add(name, &password("hunter2")).unwrap();
    }
    // What is closed here must not take with it the locks of what is still open.
    drop(Users::new(SqliteUsers::open(&path).unwrap()).unwrap());
    let _another = Users::new(SqliteUsers::open(&path).unwrap()).unwrap();
    let name = "who_is_removed_by_another_process_is_gone_whatever_was_opened_twice_here";
    // The first of them, if nothing kept it from that, would take the log away when it leaves, and the second begin another.
    for (user, left) in [("eve", &["alice", "mallory"][..]), ("mallory", &["alice"])] {
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", name, "--nocapture"]).env(AGAIN, user).env(TABLE, &path);
        let output = again.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        assert_eq!(users.list().unwrap(), left);
    }
    users.reset("alice", &password("hunter3")).unwrap();
    drop(users);
    let after = Users::new(SqliteUsers::open(&path).unwrap()).unwrap();
    assert_eq!(after.list().unwrap(), ["alice"]);
    assert!(after.check("alice", &password("hunter3")).is_ok());
}

#[test]
fn a_file_of_redb_is_open_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("users.redb");
    let _open = RedbUsers::open(&path).unwrap();
    let error = RedbUsers::open(&path).err().unwrap();
    assert!(error.kind() == ErrorKind::Io && error.to_string().contains("open already"), "{error}");
}

#[test]
fn what_is_no_database_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("letter.txt");
    std::fs::write(&path, "Dear Bob, this is no database, and it is to stay as it is.".repeat(100)).unwrap();
    let before = std::fs::read(&path).unwrap();
    for error in [RedbUsers::open(&path).err().unwrap(), SqliteUsers::open(&path).err().unwrap()] {
        assert!(error.kind() == ErrorKind::Io && error.to_string().contains("letter.txt"), "{error}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert!(SqliteUsers::open(dir.path().join("nowhere/users.sqlite")).is_err());
}

#[test]
fn another_programs_database_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bookmarks.sqlite");
    let theirs = rusqlite::Connection::open(&path).unwrap();
    theirs.execute_batch("CREATE TABLE bookmarks (url TEXT)").unwrap();
    // Other programs count their versions, too.
    for version in [0, 1, 7] {
        theirs.pragma_update(None, "user_version", version).unwrap();
        let before = std::fs::read(&path).unwrap();
        let error = SqliteUsers::open(&path).err().unwrap();
        assert!(error.kind() == ErrorKind::Io && error.to_string().contains("another program"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

#[test]
fn a_table_of_a_newer_bulla_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("users.sqlite");
    drop(SqliteUsers::open(&path).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
    let error = SqliteUsers::open(&path).err().unwrap();
    assert!(error.kind() == ErrorKind::Io && error.to_string().contains("newer bulla"), "{error}");
}

#[test]
#[cfg(unix)]
fn a_file_that_others_can_read_is_told_of() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let (redb, sqlite) = (dir.path().join("users.redb"), dir.path().join("users.sqlite"));
    let told = || {
        let mut told = Vec::new();
        log::logged(|log| {
            drop((RedbUsers::open(&redb).unwrap(), SqliteUsers::open(&sqlite).unwrap()));
            told = log.take();
        });
        told
    };
    assert!(told().is_empty());
    for path in [&redb, &sqlite] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o640)).unwrap();
    }
    let told = told();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|line| line.starts_with("WARN") && line.contains("chmod go-r")), "{told:?}");
}

#[test]
#[cfg(unix)]
fn the_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let redb = Users::new(RedbUsers::open(dir.path().join("users.redb")).unwrap()).unwrap();
    let sqlite = Users::new(SqliteUsers::open(dir.path().join("users.sqlite")).unwrap()).unwrap();
    redb.add("alice", &password("hunter2")).unwrap();
    sqlite.add("alice", &password("hunter2")).unwrap();
    let files: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap()).collect();
    // SQLite has two more beside it: its log, and an index of that.
    assert_eq!(files.len(), 4);
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
    // And nothing of a password is in them.
    assert!(!holds(&dir.path().join("users.redb"), b"hunter2"));
    assert!(!holds(&dir.path().join("users.sqlite-wal"), b"hunter2"));
}

fn holds(file: &Path, text: &[u8]) -> bool {
    std::fs::read(file).unwrap().windows(text.len()).any(|window| window == text)
}

#[test]
fn a_store_can_be_shared() {
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn UserStore> = Arc::new(SqliteUsers::open(dir.path().join("users.sqlite")).unwrap());
    let (one, other) = (Users::new(Arc::clone(&store)).unwrap(), Users::new(store).unwrap());
    one.add("alice", &password("hunter2")).unwrap();
    assert!(other.check("alice", &password("hunter2")).is_ok());
}
