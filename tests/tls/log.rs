//! What is told of connections, and that keys are written nowhere but where two say so.
use std::process::Command;

use bulla::tls::{Client, Settings};

use super::lab::{HOST, Lab, connected, exchange, passes, says};
use crate::telling::logged;

#[test]
fn a_connection_tells_how_it_begins_is_made_and_ends() {
    logged(|log| {
        let lab = Lab::new();
        let (mut client, mut server) = connected(&lab.client(), &lab.server()).unwrap();
        says(&mut client, &mut server, b"not for the log");
        client.close();
        passes(&mut client, &mut server);
        let told = log.take();
        let told: Vec<&str> =
            told.iter().map(String::as_str).filter(|line| line.contains(" bulla::tls")).collect();
        for (line, expected) in told.iter().zip([
            "message=connecting server=www.example.org",
            "message=accepting",
            "message=connected facts=TLS 1.3, TLS_AES_256_GCM_SHA384, X25519MLKEM768",
            "message=connected facts=TLS 1.3, TLS_AES_256_GCM_SHA384, X25519MLKEM768, for www.example.org",
            "message=the end is announced",
            "message=the peer has announced its end",
        ]) {
            assert!(line.starts_with("DEBUG") && line.ends_with(expected), "{line}");
        }
        assert_eq!(told.len(), 6, "{told:?}");
    });
}

#[test]
fn a_refusal_tells_the_reason_on_both_sides() {
    logged(|log| {
        let (lab, stranger) = (Lab::new(), Lab::named("CN=Stranger"));
        let mut client = lab.client().handshake(&HOST.parse().unwrap()).unwrap();
        let mut server = stranger.server().handshake().unwrap();
        let _ = exchange(&mut client, &mut server);
        let told = log.take().join("\n");
        for expected in
            ["message=connection failed error=the certificate of CN=www.example.org", "the peer refused"]
        {
            assert!(told.contains(expected), "{told}");
        }
    });
}

/// Set where a test runs itself again.
const AGAIN: &str = "BULLA_TEST_KEY_LOG";

#[test]
fn keys_are_written_where_the_program_and_the_environment_say_so_and_the_log_warns() {
    if std::env::var_os(AGAIN).is_some() {
        return writes_keys();
    }
    let folder = tempfile::tempdir().unwrap();
    let run = |both: &str| {
        let file = folder.path().join(both);
        let mut again = Command::new(std::env::current_exe().unwrap());
        let name =
            "tls::log::keys_are_written_where_the_program_and_the_environment_say_so_and_the_log_warns";
        again.args(["--exact", name, "--nocapture"]).env(AGAIN, both);
        again.env("SSLKEYLOGFILE", &file);
        let output = again.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        std::fs::read_to_string(file).unwrap_or_default()
    };
    assert!(run("both").contains("CLIENT_TRAFFIC_SECRET_0 "));
    assert_eq!(run("environment"), "");
}

/// In a process whose environment names a file.
fn writes_keys() {
    let both = std::env::var(AGAIN).unwrap() == "both";
    logged(|log| {
        let lab = Lab::new();
        let settings = if both { Settings::new().dangerous_key_log() } else { Settings::new() };
        let client = Client::builder(lab.trust()).settings(settings).anonymous().unwrap();
        drop(connected(&client, &lab.server()).unwrap());
        let warned = log.take().iter().any(|line| line.starts_with("WARN") && line.contains("SSLKEYLOGFILE"));
        assert_eq!(warned, both);
    });
}

#[test]
fn without_a_file_in_the_environment_nothing_is_written_and_nobody_warned() {
    // The tests' own environment names none.
    assert!(std::env::var_os("SSLKEYLOGFILE").is_none());
    logged(|log| {
        let lab = Lab::new();
        let settings = Settings::new().dangerous_key_log();
        let client = Client::builder(lab.trust()).settings(settings).anonymous().unwrap();
        drop(connected(&client, &lab.server()).unwrap());
        assert!(!log.take().iter().any(|line| line.starts_with("WARN")));
    });
}
