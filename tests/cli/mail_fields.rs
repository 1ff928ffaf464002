//! Which fields the mails have that `bulla smime decrypt` and `verify --keep-fields` write: those that servers went by.
use super::cert::openssl;
use super::lab::Lab;
use super::smime::{ALICE, BOB, TRUST, refuses, text, with_mail};

const OUTSIDE: &str = "Received: by mx\nFrom: eve@example.org\nSubject: Outer\n";
const INSIDE: &str = "Authentication-Results: mx; dkim=pass\nReply-To: eve@example.net\nReceived: by nobody\n\
    From: alice@example.org\nReturn-Path: <alice@example.org>\nBcc: carol@example.org\nX-Bulla-Signature: genuine\n\
    Subject: Inner\nMIME-Version: 1.0\nContent-Type: text/html;\n charset=utf-8\nContent-Language: en\n\nDear Bob\n";

/// What comes out of a mail with these fields outside, and these bytes inside. `None`: there is no openssl, which alone
/// encrypts the whole of a file.
fn decrypted(lab: &Lab, outside: &str, inside: &str) -> Option<String> {
    lab.write("inside", inside);
    openssl(lab, "cms -encrypt -binary -aes-256-gcm -in inside -out object ca/bob.pem")?;
    lab.write("whole", format!("{outside}{}", text(lab.read("object"))));
    Some(text(lab.ok(&format!("smime decrypt {BOB} whole"))))
}

#[test]
fn what_anybody_can_encrypt_does_not_pass_for_a_field_that_servers_have_seen() {
    let lab = with_mail();
    let Some(mail) = decrypted(&lab, OUTSIDE, INSIDE) else { return };
    let own =
        "MIME-Version: 1.0\nContent-Type: text/html;\n charset=utf-8\nContent-Language: en\n\nDear Bob\n";
    assert_eq!(mail, format!("{OUTSIDE}{own}"));
    // What is no sound header stays below those fields, whatever readers would make of it.
    let long = format!("{}{INSIDE}", "X-Long: x\n".repeat(40_000));
    let cases = [
        format!("From alice@example.org Sat Jan 31 12:00:00 2026\n{INSIDE}"),
        INSIDE.replace("Subject: ", "Subject : "),
        INSIDE.replace("Content-Language: en", "Content-Language: en\rX-Bulla-Signature: genuine"),
        format!(" {INSIDE}"),
        format!("\n{INSIDE}"),
        long,
    ];
    for inside in cases {
        let mail = decrypted(&lab, OUTSIDE, &inside).unwrap();
        let body = mail.strip_prefix(&format!("{OUTSIDE}MIME-Version: 1.0\n")).unwrap();
        let body = if inside.starts_with('\n') { Some(body) } else { body.strip_prefix('\n') };
        assert!(body == Some(&inside), "{}", mail.get(..300).unwrap_or(&mail));
    }
    // A header without a body.
    let mail = decrypted(&lab, OUTSIDE, "From: alice@example.org\nContent-Type: text/plain").unwrap();
    assert_eq!(mail, format!("{OUTSIDE}MIME-Version: 1.0\nContent-Type: text/plain\n\n"));
}

#[test]
fn a_subject_that_is_hidden_outside_comes_from_inside() {
    let lab = with_mail();
    let subjects = |mail: &str| -> Vec<String> {
        let header = mail.split_once("\n\n").unwrap().0;
        let found = header.lines().filter(|line| line.to_ascii_lowercase().starts_with("subject"));
        found.map(str::to_owned).collect()
    };
    let outsides = ["", "Subject: ...\n", "SUBJECT:...\n", "Subject: [...]\n"];
    for (outside, expected) in outsides
        .map(|one| (one, "Subject: Inner"))
        .into_iter()
        .chain([("Subject: Outer\n", "Subject: Outer")])
    {
        let outside = format!("From: eve@example.org\n{outside}");
        let Some(mail) = decrypted(&lab, &outside, INSIDE) else { return };
        assert_eq!(subjects(&mail), [expected], "{outside}");
    }
    let mail = decrypted(&lab, "From: eve@example.org\nSubject: ...\n", "X: y\n\nhi\n").unwrap();
    assert_eq!(subjects(&mail), ["Subject: ..."]);
}

#[test]
fn an_object_that_no_mail_is_round_is_decrypted_as_it_was() {
    let lab = with_mail();
    let Some(mail) = decrypted(&lab, "", INSIDE) else { return };
    assert_eq!(mail, INSIDE);
    assert_eq!(decrypted(&lab, "", "no header\nat all").unwrap(), "no header\nat all");
    let content = text(lab.ok(&format!("smime decrypt --content-only {BOB} whole")));
    assert_eq!(content, "no header\nat all");
}

#[test]
fn a_verified_mail_keeps_its_fields_if_asked_for_and_those_of_the_content_are_the_signed_ones() {
    let lab = with_mail();
    let signed = text(lab.read("signed"));
    let verified = text(lab.ok(&format!("smime verify {TRUST} --from-header signed")));
    assert!(verified.starts_with("Content-Type: text/plain"), "{verified}");
    let line = format!("smime verify {TRUST} --from-header --keep-fields");
    let kept = text(lab.ok(&format!("{line} signed")));
    let fields = "From: Alice <alice@example.org>\r\nTo: bob@example.org\r\nSubject: Greetings\r\nReceived: by a;\r\n 2026\r\n";
    assert_eq!(kept, format!("{fields}MIME-Version: 1.0\r\n{verified}"));
    lab.ok(&format!("{line} -o kept signed"));
    assert_eq!(text(lab.read("kept")), kept);
    lab.write("changed", signed.replace("Dear Bob", "Dear Eve"));
    refuses(&lab, 1, &format!("verify {TRUST} --from-header --keep-fields changed"), "not over this content");
    lab.fails(2, &format!("{line} --content mail signed"));
    // A bare object has none to keep.
    let object = signed.replace("Content-Type: multipart", "X: y\r\nContent-Type: multipart");
    lab.write("headed", object);
    assert!(text(lab.ok(&format!("{line} headed"))).contains("\r\nX: y\r\nMIME-Version: 1.0\r\n"));
}

#[test]
fn a_command_after_a_failed_one_in_a_pipe_fails_too() {
    let lab = with_mail();
    lab.write("nothing", "");
    for line in [
        format!("sign {ALICE} nothing"),
        format!("encrypt --to ca/bob.pem {TRUST} nothing"),
        format!("decrypt {BOB} nothing"),
        format!("verify {TRUST} --any-signer nothing"),
    ] {
        refuses(&lab, 3, &line, "nothing came in");
    }
}

#[test]
fn what_cannot_be_done_comes_with_what_can() {
    let lab = with_mail();
    lab.write("marked", [&b"\xEF\xBB\xBF"[..], &lab.read("mail")].concat());
    lab.write("prose", "Dear Bob\n\nhow are you?\n");
    let old = "-signer ca/expired-mail.pem -inkey ca/expired-mail.key";
    let is_there = openssl(&lab, &format!("cms -sign {old} -in mail -out signed-long-ago")).is_some();
    for (code, line, hint) in [
        (3, format!("sign {ALICE} marked"), "byte order mark"),
        (3, format!("sign {ALICE} prose"), "it is no mail"),
        (1, format!("verify {TRUST} --from Alice@example.org signed"), "capital letters"),
        (2, "verify --trust ca/root.pem signed --any-signer".to_owned(), "at the end of the line"),
        (
            2,
            format!("verify {TRUST} --from bob@example.org --any-signer signed"),
            "bulla smime verify --help",
        ),
        (2, "sing mail".to_owned(), "sign"),
    ] {
        refuses(&lab, code, &line, hint);
    }
    if is_there {
        refuses(&lab, 1, &format!("verify {TRUST} --any-signer signed-long-ago"), "--at TIME");
    }
}

#[test]
fn a_mail_for_another_command_is_sent_there() {
    let lab = with_mail();
    refuses(&lab, 3, &format!("verify {TRUST} --any-signer sealed"), "decrypt it first");
    refuses(&lab, 3, &format!("decrypt {BOB} signed"), "verify it");
}
