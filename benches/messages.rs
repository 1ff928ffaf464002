//! Small messages and random access: the figures that whole-file timing does not show.
//!
//! `cargo bench --bench messages` on one core (`taskset -c 0`), beside AES-256-GCM alone in the same run.
#![allow(missing_docs, clippy::unwrap_used)]
use std::hint::black_box;
use std::io::{Read, Seek, SeekFrom, Write};

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use bulla::file::{Decryption, Encryption};
use bulla::{Identity, Key};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Seal and open 1 KiB with a key; the bare cipher beside it has no key derivation, no commitment and a fixed nonce.
fn messages(c: &mut Criterion) {
    let key = Key::generate();
    let message = vec![7; 1024];
    let mut group = c.benchmark_group("1 KiB seal and open");
    group.throughput(Throughput::Elements(1));
    group.bench_function("bulla, key", |b| {
        b.iter(|| {
            let sealed = bulla::encrypt(&key, black_box(&message)).unwrap();
            bulla::decrypt(&key, &sealed).unwrap()
        });
    });
    let cipher = Aes256Gcm::new(key.expose_bytes().into());
    group.bench_function("AES-256-GCM alone", |b| {
        b.iter(|| {
            let nonce = Nonce::from([0; 12]);
            let sealed = cipher.encrypt(&nonce, black_box(&message[..])).unwrap();
            cipher.decrypt(&nonce, &sealed[..]).unwrap()
        });
    });
    let identity = Identity::generate();
    let recipient = identity.recipient();
    group.bench_function("bulla, post-quantum recipient", |b| {
        b.iter(|| {
            let sealed = bulla::encrypt(&recipient, black_box(&message)).unwrap();
            bulla::decrypt(&identity, &sealed).unwrap()
        });
    });
    group.finish();
}

/// Open a file of 1 GiB and read its last byte.
fn last_byte(c: &mut Criterion) {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let path = folder.path().join("sealed");
    let identity = Identity::generate();
    let recipient = identity.recipient();
    let mut writer = Encryption::to(&recipient).writer(std::fs::File::create(&path).unwrap()).unwrap();
    let piece = vec![7; 1 << 20];
    for _ in 0..1024 {
        writer.write_all(&piece).unwrap();
    }
    writer.finish().unwrap();
    c.bench_function("open 1 GiB, read its last byte", |b| {
        b.iter(|| {
            let file = std::fs::File::open(&path).unwrap();
            let mut reader = Decryption::with(&identity).reader(file).unwrap();
            reader.seek(SeekFrom::End(-1)).unwrap();
            let mut byte = [0];
            reader.read_exact(&mut byte).unwrap();
            byte
        });
    });
}

criterion_group!(benches, messages, last_byte);
criterion_main!(benches);
