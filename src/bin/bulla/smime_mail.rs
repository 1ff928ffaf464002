//! Mails that are read: where from, their header, and which of their fields what comes out of them gets.
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::path::Path;

use bulla::smime::Entity;
use bulla::x509::EmailAddress;
use zeroize::Zeroizing;

use crate::failure::{Code, Done, Failure};
use crate::flow::{Input, stdin};

/// A mail that is to be read, of which the header is known.
pub(crate) struct Mail {
    pub(crate) name: String,
    head: Vec<u8>,
    rest: Box<dyn BufRead>,
}

/// More than the library takes as a header: what is longer is left for it to refuse.
const HEAD: usize = 300 << 10;

impl Mail {
    /// Opens a mail, and reads its header.
    pub(crate) fn open(input: &Input) -> Done<Self> {
        input.check_file("name a file with a mail")?;
        let name = input.name();
        let mut rest: Box<dyn BufRead> = match input {
            Input::Stdin => Box::new(stdin()),
            Input::Path(path) => {
                let file = File::open(path).map_err(|error| Failure::io(&name, &error))?;
                Box::new(BufReader::with_capacity(1 << 16, file))
            }
        };
        let mut head = Vec::new();
        while head.len() < HEAD {
            let start = head.len();
            let room = u64::try_from(HEAD.saturating_sub(start)).unwrap_or(0);
            let read = (&mut rest).take(room).read_until(b'\n', &mut head);
            read.map_err(|error| Failure::io(&name, &error))?;
            let line = head.get(start..).unwrap_or_default();
            // What an mbox has before each mail (RFC 4155) is none of it.
            if start == 0 && is_of_mbox(line) {
                head.clear();
                continue;
            }
            if is_end(line) || (field_name(line).is_none() && !is_continued(line)) {
                break;
            }
        }
        // A command before this one in a pipe may have failed; an empty mail would hide that.
        if head.is_empty() {
            let hint = "look whether the command before this one failed";
            return Err(Failure::new(Code::Input, name, "nothing came in", hint));
        }
        Ok(Mail { name, head, rest })
    }

    /// All of it.
    pub(crate) fn reader(&mut self) -> impl Read {
        Cursor::new(&self.head).chain(&mut self.rest)
    }

    /// An error of the library about it.
    pub(crate) fn failure(&self, error: bulla::Error) -> Failure {
        Failure::of(&self.name, error)
    }

    /// The address in its field From.
    pub(crate) fn sender(&self) -> Done<EmailAddress> {
        let missing = || {
            let hint = "say who shall have signed it: --from ADDRESS, or --any-signer";
            Failure::new(Code::Input, &self.name, "it has no field From", hint)
        };
        if fields(&self.head).is_none() {
            return Err(missing());
        }
        let header = Entity::parse(self.head.as_slice()).map_err(|error| self.failure(error))?;
        header.sender().map_err(|error| self.failure(error))?.ok_or_else(missing)
    }

    /// Opens what a bare signature signs.
    pub(crate) fn open_content(&self, path: &Path) -> Done<File> {
        let header = Entity::parse(self.head.as_slice()).and_then(|header| header.header("Content-Type"));
        let media_type = header.ok().flatten().unwrap_or_default().to_ascii_lowercase();
        if media_type.starts_with("multipart/") {
            let hint = "leave --content out, or give the bare signature";
            return Err(Failure::usage(&self.name, "it is a mail with a content of its own", hint));
        }
        let input = Input::of(Some(path));
        if input.is_stdin() {
            return Err(Failure::usage("--content", "standard input is for the mail", "name a file"));
        }
        input.check_file("name the file that was signed")?;
        File::open(path).map_err(|error| Failure::io(path.display(), &error))
    }

    /// The fields of the message, which stand outside of what is encrypted or signed.
    pub(crate) fn fields(&self) -> Vec<Field> {
        let all = fields(&self.head).unwrap_or_default();
        all.into_iter().filter(|field| !field.is_of_content() && !field.is("MIME-Version")).collect()
    }
}

/// A field of a header, with its folds.
pub(crate) struct Field {
    name: String,
    whole: Vec<u8>,
}

impl Field {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    fn is_of_content(&self) -> bool {
        self.name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("content-"))
    }

    /// Whether it stands for a subject that is inside: `...`, or `[...]` (RFC 9788, `hcp_baseline`).
    fn is_hidden_subject(&self) -> bool {
        let value = self.whole.splitn(2, |byte| *byte == b':').nth(1).unwrap_or_default();
        self.is("Subject") && matches!(value.trim_ascii(), b"..." | b"[...]")
    }

    /// Writes it with these ends of lines.
    fn write(&self, into: &mut impl Write, end: &str) -> io::Result<()> {
        for line in self.whole.split_inclusive(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            into.write_all(line.strip_suffix(b"\r").unwrap_or(line))?;
            into.write_all(end.as_bytes())?;
        }
        Ok(())
    }
}

/// The fields of a header (RFC 5322 section 2.2); `None`: it is no header.
fn fields(head: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::<Field>::new();
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        if is_end(line) {
            break;
        }
        if is_continued(line) {
            fields.last_mut()?.whole.extend_from_slice(line);
        } else {
            fields.push(Field { name: field_name(line)?.to_owned(), whole: line.to_owned() });
        }
    }
    Some(fields)
}

/// Whether a line is what an mbox has before a mail: `From bob@example.org Mon …`. `From : …` is a field as old mail wrote it.
fn is_of_mbox(line: &[u8]) -> bool {
    let rest = line.strip_prefix(b"From ").unwrap_or_default();
    rest.first().is_some_and(|first| first.is_ascii_alphanumeric()) && field_name(line).is_none()
}

/// Whether a line is the empty one after a header, or the end of everything.
fn is_end(line: &[u8]) -> bool {
    matches!(line, b"" | b"\n" | b"\r\n")
}

fn is_continued(line: &[u8]) -> bool {
    matches!(line, [b' ' | b'\t', ..])
}

fn field_name(line: &[u8]) -> Option<&str> {
    let end = line.iter().position(|byte| *byte == b':')?;
    let name = line.get(..end).filter(|name| !name.is_empty() && name.iter().all(u8::is_ascii_graphic))?;
    std::str::from_utf8(name).ok()
}

/// Writes what comes out of a mail as a mail again: with the fields of the message from outside, and those of the content
/// from inside.
///
/// Servers on the way, and the checks for spam and forgery, went by the fields outside, and anybody can encrypt others: a From,
/// a Reply-To, a Received, a result of such checks. Without fields outside, what comes out is left as it is.
pub(crate) struct Refielded<W> {
    into: W,
    outside: Vec<Field>,
    /// The header, as long as its end has not come. `None`: it has.
    head: Option<Zeroizing<Vec<u8>>>,
    pub(crate) content_type: Option<String>,
}

impl<W: Write> Refielded<W> {
    pub(crate) fn new(into: W, outside: Vec<Field>) -> Self {
        Refielded { into, outside, head: Some(Zeroizing::default()), content_type: None }
    }

    /// Writes the header, and what came of the body.
    fn begin(&mut self) -> io::Result<()> {
        let Some(head) = self.head.take() else { return Ok(()) };
        let header = Entity::parse(head.as_slice()).ok();
        let content_type = header.as_ref().and_then(|header| header.header("Content-Type").ok().flatten());
        self.content_type = content_type;
        if self.outside.is_empty() {
            return self.into.write_all(&head);
        }
        let has_crlf = head.windows(2).any(|pair| pair == b"\r\n");
        let end = if has_crlf || !head.contains(&b'\n') { "\r\n" } else { "\n" };
        // What has no sound header is all body: some readers would find fields in it.
        let inside = header.and_then(|_| fields(&head));
        let length = inside.iter().flatten().fold(0usize, |all, field| all.saturating_add(field.whole.len()));
        let rest = head.get(length..).unwrap_or_default();
        let has_end = inside.is_some() && !rest.is_empty();
        self.write_header(&inside.unwrap_or_default(), end)?;
        if !has_end {
            self.into.write_all(end.as_bytes())?;
        }
        self.into.write_all(rest)
    }

    /// Writes the fields. What a mail is about is often hidden outside, so that servers do not read it.
    fn write_header(&mut self, inside: &[Field], end: &str) -> io::Result<()> {
        let is_hidden = self.outside.iter().all(|field| !field.is("Subject") || field.is_hidden_subject());
        let subject = inside.iter().find(|field| is_hidden && field.is("Subject"));
        for field in self.outside.iter().filter(|field| subject.is_none() || !field.is("Subject")) {
            field.write(&mut self.into, end)?;
        }
        let version = Field { name: String::new(), whole: b"MIME-Version: 1.0\n".to_vec() };
        let own = inside.iter().filter(|field| field.is_of_content());
        subject
            .into_iter()
            .chain([&version])
            .chain(own)
            .try_for_each(|field| field.write(&mut self.into, end))
    }

    /// Writes what is left.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.begin()?;
        self.into.flush()
    }
}

impl<W: Write> Write for Refielded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(head) = &mut self.head else { return self.into.write(bytes) };
        head.extend_from_slice(bytes);
        let is_whole =
            head.split_inclusive(|byte| *byte == b'\n').any(|line| line == b"\n" || line == b"\r\n");
        if is_whole || head.len() > HEAD {
            self.begin()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}
