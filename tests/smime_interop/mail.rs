//! Mails made and taken apart for the peers that know CMS and no MIME. Independent of `src/`, and only as good as it must be.
use base64ct::{Base64, Encoding};

/// Names the base64 body with its header.
fn entity(content_type: &str, name: &str, der: &[u8]) -> String {
    let text = Base64::encode_string(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!(
        "Content-Type: {content_type}; name=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n{}\r\n",
        lines.join("\r\n")
    )
}

/// `smime.p7m`: RFC 8551 section 3.2.2 has the types.
pub(crate) fn pkcs7_mime(smime_type: &str, der: &[u8]) -> Vec<u8> {
    let name = if smime_type == "compressed-data" { "smime.p7z" } else { "smime.p7m" };
    entity(&format!("application/pkcs7-mime; smime-type={smime_type}"), name, der).into_bytes()
}

/// `multipart/signed` (RFC 8551 section 3.5.3).
pub(crate) fn multipart_signed(micalg: &str, content: &[u8], signature: &[u8]) -> Vec<u8> {
    const BOUNDARY: &str = "=_a boundary that no content has";
    let mut mail = format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; \
         micalg={micalg}; boundary=\"{BOUNDARY}\"\r\n\r\n--{BOUNDARY}\r\n"
    )
    .into_bytes();
    mail.extend_from_slice(content);
    mail.extend_from_slice(format!("\r\n--{BOUNDARY}\r\n").as_bytes());
    mail.extend_from_slice(entity("application/pkcs7-signature", "smime.p7s", signature).as_bytes());
    mail.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    mail
}

/// The header as one line for each field, and the body.
fn split(entity: &[u8]) -> Option<(String, &[u8])> {
    let crlf = find(entity, b"\r\n\r\n").map(|at| (at, at + 4));
    let lf = find(entity, b"\n\n").map(|at| (at, at + 2));
    let (end, body) = [crlf, lf].into_iter().flatten().min()?;
    let header = String::from_utf8_lossy(&entity[..end]).replace("\r\n", "\n");
    Some((header.replace("\n\t", " ").replace("\n ", " "), &entity[body..]))
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|window| window == what)
}

/// The CMS object of an entity whose body is base64.
pub(crate) fn cms(entity: &[u8]) -> Result<Vec<u8>, String> {
    let (header, body) = split(entity).ok_or("a mail without a body")?;
    if !header.to_ascii_lowercase().contains("content-transfer-encoding: base64") {
        return Err(format!("a body that is not base64: {header}"));
    }
    let text: String =
        body.iter().filter(|byte| !byte.is_ascii_whitespace()).map(|byte| char::from(*byte)).collect();
    Base64::decode_vec(&text).map_err(|error| error.to_string())
}

/// Content and signature of `multipart/signed`. Where the content's lines end in LF, they do so in CRLF afterwards.
pub(crate) fn signed_parts(mail: &[u8]) -> Result<(Vec<u8>, Vec<u8>), String> {
    let (header, body) = split(mail).ok_or("a mail without a body")?;
    let boundary = header.split_once("boundary=").ok_or("no boundary")?.1;
    let boundary = match boundary.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default(),
        None => boundary.split([';', '\n', ' ']).next().unwrap_or_default(),
    };
    let line = format!("--{boundary}");
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for row in body.split_inclusive(|byte| *byte == b'\n') {
        if row.starts_with(line.as_bytes()) {
            parts.push(Vec::new());
        } else if let Some(part) = parts.last_mut() {
            part.extend_from_slice(row);
        }
    }
    let [content, signature, _end] = &mut parts[..] else { return Err(format!("{} parts", parts.len())) };
    // The line end before a boundary is the boundary's (RFC 2046 section 5.1.1).
    for end in [b'\n', b'\r'] {
        if content.last() == Some(&end) {
            content.pop();
        }
    }
    Ok((canonical(content), cms(signature)?))
}

fn canonical(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    for byte in content {
        if *byte == b'\n' && out.last() != Some(&b'\r') {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}
