//! The files of a directory over HTTP/1.1 (RFC 9112): GET and HEAD, nothing above the directory, nothing hidden.
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use bulla::Time;

use crate::failure::{Done, Failure};

/// A directory whose files are given out.
pub(crate) struct Files {
    root: PathBuf,
}

/// Bytes of a request's head. Browsers send one or two thousand.
const HEAD: u64 = 16 << 10;

/// An answer without a file.
struct Refusal(&'static str);

impl Files {
    pub(crate) fn new(root: &Path) -> Done<Self> {
        let failed = |error| Failure::io(root.display(), &error);
        let canonical = root.canonicalize().map_err(failed)?;
        if !canonical.is_dir() {
            return Err(Failure::usage("--files", format!("{} is no directory", root.display()), "give one"));
        }
        Ok(Files { root: canonical })
    }

    /// Answers requests until the client has no more.
    pub(crate) fn answer(&self, stream: &mut (impl Read + Write)) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        loop {
            let Some((line, goes_on)) = read_head(&mut reader)? else { return Ok(()) };
            let (method, rest) = line.split_once(' ').unwrap_or((line.as_str(), ""));
            let target = rest.rsplit_once(' ').map_or(rest, |(target, _)| target);
            let found = match method {
                "GET" | "HEAD" => self.find(target),
                _ => Err(Refusal("405 Method Not Allowed")),
            };
            let to = reader.get_mut();
            match found {
                Ok((mut file, length, kind)) => {
                    write!(to, "HTTP/1.1 200 OK\r\nDate: {}\r\n", date(Time::now()))?;
                    write!(to, "Content-Type: {kind}\r\nContent-Length: {length}\r\n")?;
                    to.write_all(b"X-Content-Type-Options: nosniff\r\n\r\n")?;
                    if method == "GET" && io::copy(&mut (&mut file).take(length), to)? < length {
                        // What was promised cannot come any more: the connection is cut off.
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(Refusal(status)) => {
                    let body = format!("{status}\n");
                    write!(to, "HTTP/1.1 {status}\r\nDate: {}\r\n", date(Time::now()))?;
                    write!(to, "Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n", body.len())?;
                    if method != "HEAD" {
                        to.write_all(body.as_bytes())?;
                    }
                }
            }
            to.flush()?;
            if !goes_on {
                return Ok(());
            }
        }
    }

    /// A file of the directory, its length and its media type.
    fn find(&self, target: &str) -> Result<(File, u64, &'static str), Refusal> {
        let nothing = || Refusal("404 Not Found");
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let path = decode(path).ok_or(Refusal("400 Bad Request"))?;
        let mut file = self.root.clone();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            // Also `..`; and what is hidden is not meant to be seen.
            if part.starts_with('.') || part.contains(['\\', ':', '\0']) {
                return Err(nothing());
            }
            file.push(part);
        }
        if file.is_dir() {
            file.push("index.html");
        }
        // A link may lead out.
        let file =
            file.canonicalize().ok().filter(|file| file.starts_with(&self.root)).ok_or_else(nothing)?;
        let length = fs::metadata(&file).ok().filter(fs::Metadata::is_file).ok_or_else(nothing)?.len();
        let kind = media_type(&file);
        Ok((File::open(&file).map_err(|_| nothing())?, length, kind))
    }
}

/// The first line of a request, and whether another may follow; `None` at the end. A body is not read: then no other follows.
fn read_head(reader: &mut impl BufRead) -> io::Result<Option<(String, bool)>> {
    let mut head = reader.take(HEAD);
    let (mut first, mut goes_on) = (String::new(), true);
    loop {
        let mut line = Vec::new();
        head.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return if first.is_empty() && line.is_empty() {
                Ok(None)
            } else {
                Err(io::ErrorKind::InvalidData.into())
            };
        }
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        let lower = text.to_ascii_lowercase();
        if text.is_empty() {
            return Ok(Some((first, goes_on)));
        }
        let has_body = lower.starts_with("content-length:") || lower.starts_with("transfer-encoding:");
        goes_on &= !has_body && lower != "connection: close" && !lower.ends_with(" http/1.0");
        if first.is_empty() {
            first = text;
        }
    }
}

/// Without percent-encoding (RFC 3986 section 2.1); `None` if it is not sound.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// A time as HTTP writes it (RFC 9110 section 5.6.7).
fn date(time: Time) -> String {
    // 1 January 1970 was a Thursday.
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let day = usize::try_from(time.unix().div_euclid(86_400).rem_euclid(7)).unwrap_or_default();
    // 1994-11-06T08:49:37Z
    let text = time.to_string();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let month = part(5, 7).parse().unwrap_or(1_usize).saturating_sub(1);
    let (day, month) = (DAYS.get(day).unwrap_or(&""), MONTHS.get(month).unwrap_or(&""));
    format!("{day}, {} {month} {} {} GMT", part(8, 10), part(0, 4), part(11, 19))
}

fn media_type(file: &Path) -> &'static str {
    match file.extension().and_then(|end| end.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_as_in_the_rfc() {
        for (second, expected) in [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 GMT"),
        ] {
            assert_eq!(date(Time::from_unix(second)), expected);
        }
    }
}
