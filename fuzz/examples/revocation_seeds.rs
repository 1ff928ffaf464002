//! Makes the seeds of the targets `crl` and `ocsp`: `cd fuzz && cargo run --example revocation_seeds`.
use std::fs;
use std::path::Path;

use bulla::x509::{Crl, OcspRequest};
use bulla_fuzz::der::wrap;
use bulla_fuzz::revocation::{CA, LEAF, certificate, crl, name, response, response_data, time};

fn main() {
    lists();
    answers();
}

fn extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    wrap(0x30, &[&wrap(6, &[id]), critical, &wrap(4, &[value])])
}

/// id-ce.
fn ce(number: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    extension(&[0x55, 0x1d, number], critical, value)
}

fn directory() -> Vec<u8> {
    wrap(0xa4, &[name("CN=CA").as_der()])
}

fn lists() {
    let entry = |serial: u8, extensions: &[u8]| {
        let list = if extensions.is_empty() { Vec::new() } else { wrap(0x30, &[extensions]) };
        wrap(0x30, &[&[2, 1, serial], &time("20260101000000Z"), &list])
    };
    let reason = |number| ce(21, false, &[10, 1, number]);
    let since = ce(24, false, &time("20251231000000Z"));
    let issuer = ce(29, true, &wrap(0x30, &[&directory()]));
    let number = ce(20, false, &[2, 1, 9]);
    let delta = ce(27, true, &[2, 1, 5]);
    let uri = wrap(0x86, &[b"http://example.org/1.crl"]);
    let point = wrap(0xa0, &[&wrap(0xa0, &[&uri])]);
    let scope = |more: &[u8]| ce(28, true, &wrap(0x30, &[&point, more]));
    let key_id = ce(35, false, &wrap(0x30, &[&wrap(0x80, &[&[9; 20]])]));
    let freshest = ce(46, false, &wrap(0x30, &[&wrap(0x30, &[&point])]));
    let unknown = extension(&[42, 3, 4], true, &[5, 0]);
    let several =
        [entry(1, &reason(1)), entry(42, &[&reason(6)[..], &since].concat()), entry(42, &[])].concat();
    let indirect = [entry(1, &[]), entry(2, &issuer), entry(42, &[])].concat();
    for (name, entries) in [
        ("entries", several.clone()),
        ("entries_indirect", indirect.clone()),
        ("entries_removed", [entry(42, &reason(8)), entry(42, &reason(1))].concat()),
        ("entries_unknown", entry(42, &unknown)),
        ("entries_twice", entry(42, &[reason(1), reason(2)].concat())),
    ] {
        write("crl", name, &[&[1], &entries[..]].concat());
    }
    for (name, extensions) in [
        ("extensions", [&number[..], &key_id, &freshest].concat()),
        ("extensions_delta", [&number[..], &delta].concat()),
        ("extensions_user", scope(&[0x81, 1, 0xff])),
        ("extensions_reasons", scope(&[0x82, 1, 0xff, 0x83, 2, 1, 0x40, 0x85, 1, 0xff])),
        ("extensions_relative", ce(28, true, &wrap(0x30, &[&wrap(0xa0, &[&wrap(0xa1, &[&[0x30, 0]])])]))),
        ("extensions_unknown", unknown.clone()),
    ] {
        write("crl", name, &[&[2], &extensions[..]].concat());
    }
    let whole = crl(&indirect, &[&number[..], &scope(&[0x84, 1, 0xff])].concat());
    write("crl", "whole", &whole);
    write("crl", "empty", &crl(&[], &[]));
    let whole = Crl::from_der(&crl(&several, &number)).unwrap();
    write("crl", "to_be_signed", &[&[0], whole.as_signed()].concat());
}

fn answers() {
    // CertID, behind four headers of two bytes.
    let request = OcspRequest::about(&LEAF, &CA).unwrap();
    let id = &request.as_der()[8..];
    let next = wrap(0xa0, &[&time("20260108000000Z")]);
    let answer = |status: &[u8], more: &[u8]| wrap(0x30, &[id, status, &time("20260101000000Z"), more]);
    let good = answer(&[0x80, 0], &next);
    let revoked = wrap(0xa1, &[&time("20251231000000Z"), &wrap(0xa0, &[&[10, 1, 1]])]);
    let reason = wrap(0xa1, &[&wrap(0x30, &[&ce(21, true, &[10, 1, 1])])]);
    let pkix = |last: u8| [&[43, 6, 1, 5, 5, 7, 48, 1], &[last][..]].concat();
    let nonce = extension(&pkix(2), false, &wrap(4, &[&[9; 32]]));
    for (name, answers) in [
        ("answer_good", good.clone()),
        ("answer_unknown", answer(&[0x82, 0], &[])),
        ("answer_revoked", answer(&revoked, &[&next[..], &reason].concat())),
        ("answers", [&good[..], &answer(&revoked, &[])].concat()),
    ] {
        write("ocsp", name, &[&[1], &answers[..]].concat());
    }
    let purpose = ce(37, false, &wrap(0x30, &[&wrap(6, &[&[43, 6, 1, 5, 5, 7, 3, 9]])]));
    let usage = ce(15, true, &[3, 2, 7, 0x80]);
    let unchecked = extension(&pkix(5), false, &[5, 0]);
    let responder = [&purpose[..], &usage, &unchecked].concat();
    let certificate = certificate(7, &responder);
    write("ocsp", "data", &[&[0], &response_data("CN=CA", &good, &nonce)[..]].concat());
    write("ocsp", "extensions", &[&[2], &nonce[..]].concat());
    write("ocsp", "certificates", &[&[3], certificate.as_der(), LEAF.as_der()].concat());
    write("ocsp", "responder", &[&[4], &responder[..]].concat());
    write("ocsp", "whole", &response(&response_data("CN=Responder", &good, &[]), &[certificate.as_der()]));
    write("ocsp", "try_later", &[0x30, 3, 10, 1, 3]);
}

fn write(target: &str, name: &str, seed: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), seed).unwrap();
}
