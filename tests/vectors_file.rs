//! Every file of `test-vectors/file` opens, or is refused, as its head says: as bytes, stream, seek and file.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::string_slice
)]
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

use bulla::file::Decryption;
use bulla::{Error, ErrorKind, Identity, Key, Passphrase, Unlock};

/// What the sealed metadata say, in the form of the vectors' heads.
fn metadata(of: &bulla::file::Metadata) -> serde_json::Value {
    let mut says = serde_json::Map::new();
    says.extend(of.untrusted_name().map(|name| ("name".into(), name.into())));
    says.extend(of.modified().map(|time| ("modified".into(), seconds(time))));
    says.extend(of.media_type().map(|media_type| ("media type".into(), media_type.into())));
    says.extend(of.is_directory().then(|| ("directory".into(), true.into())));
    says.into()
}

/// Seconds since 1970, rounded down, and nanoseconds.
fn seconds(time: SystemTime) -> serde_json::Value {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => serde_json::json!([after.as_secs(), after.subsec_nanos()]),
        // The one early time of the vectors is a whole second.
        Err(before) => serde_json::json!([-(before.duration().as_secs() as i64), 0]),
    }
}

struct Vector {
    name: String,
    head: Vec<(String, String)>,
    file: Vec<u8>,
}

impl Vector {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap();
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let head = head.lines().map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_owned(), value.to_owned())
        });
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        Vector { name, head: head.collect(), file: bytes[end + 2..].to_vec() }
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.head.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    fn one<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    fn openers(&self) -> Vec<Box<dyn Unlock>> {
        let mut openers: Vec<Box<dyn Unlock>> = Vec::new();
        for key in self.all("key") {
            openers.push(Box::new(Key::from_bytes(&unhex(key).try_into().unwrap())));
        }
        for identity in self.all("identity") {
            openers.push(Box::new(identity.parse::<Identity>().unwrap()));
        }
        for passphrase in self.all("passphrase") {
            openers.push(Box::new(Passphrase::new(passphrase).unwrap()));
        }
        openers
    }

    /// What is wrong with a way of reading: it must do what the head says.
    fn check(&self, way: &str, result: Result<Vec<u8>, Error>) -> Option<String> {
        let wrong = match (self.one("expect").unwrap(), result) {
            ("success", Ok(content)) => sha256(&content) != self.one("payload").unwrap(),
            (kind, Err(error)) => kind == "success" || error.kind() != error_kind(kind),
            (_, Ok(_)) => true,
        };
        wrong.then(|| format!("{} as {way}", self.name))
    }
}

fn error_kind(name: &str) -> ErrorKind {
    match name {
        "unauthentic" => ErrorKind::Unauthentic,
        "no-key" => ErrorKind::NoKeyFits,
        "malformed" => ErrorKind::Malformed,
        "over-limit" => ErrorKind::OverLimit,
        "unsupported" => ErrorKind::Unsupported,
        "unrecognised" => ErrorKind::Unrecognised,
        "usage" => ErrorKind::Usage,
        other => panic!("unknown kind {other}"),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn sha256(content: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Gives a few bytes at a time.
struct Dribble<R>(R);

impl<R: Read> Read for Dribble<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = out.len().min(4099);
        self.0.read(&mut out[..most])
    }
}

fn stream(how: &Decryption<'_>, file: &[u8]) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    how.reader(Dribble(file))?.read_to_end(&mut content)?;
    Ok(content)
}

/// The end first, then all from the beginning.
fn seek(how: &Decryption<'_>, file: &[u8]) -> Result<Vec<u8>, Error> {
    let mut reader = how.reader(Cursor::new(file))?;
    let length = reader.seek(SeekFrom::End(0))?;
    reader.rewind()?;
    let mut content = Vec::new();
    reader.read_to_end(&mut content)?;
    assert_eq!(content.len() as u64, length);
    Ok(content)
}

fn file(how: &Decryption<'_>, sealed: &[u8]) -> Result<Vec<u8>, Error> {
    let folder = tempfile::tempdir().unwrap();
    let (from, into) = (folder.path().join("sealed"), folder.path().join("content"));
    std::fs::write(&from, sealed).unwrap();
    let result = how.file(&from, &into);
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(left.len(), if result.is_ok() { 2 } else { 1 }, "a file was left behind, or is missing");
    result.map(|_| std::fs::read(&into).unwrap())
}

#[test]
fn every_vector_opens_or_is_refused_as_its_head_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("test-vectors/file");
    let (mut count, mut described, mut wrong) = (0, 0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let vector = Vector::read(&entry.unwrap().path());
        let openers = vector.openers();
        let openers: Vec<&dyn Unlock> = openers.iter().map(|opener| &**opener).collect();
        let context = unhex(vector.one("context").unwrap_or_default());
        let how = Decryption::with(&openers).context(&context);
        let bytes = how.bytes(&vector.file);
        if let (Some(expected), Ok((_, opened))) = (vector.one("metadata"), &bytes) {
            let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
            assert_eq!(metadata(opened.metadata()), expected, "{}", vector.name);
            described += 1;
        }
        wrong.extend(vector.check("bytes", bytes.map(|(content, _)| content)));
        wrong.extend(vector.check("stream", stream(&how, &vector.file)));
        wrong.extend(vector.check("file", file(&how, &vector.file)));
        // Random access reads what it is asked for, and filling is not.
        if vector.name != "padding_not_zero" {
            wrong.extend(vector.check("seek", seek(&how, &vector.file)));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(described >= 6, "only {described} with metadata");
    assert!(count >= 80, "only {count} vectors");
}
