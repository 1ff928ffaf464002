//! Whatever is taken for BER: a PKCS #7 bundle in it, or the certificates of one. What is read is written and read again.
#![no_main]
use bulla::x509::Bundle;
use bulla_fuzz::check_text;
use bulla_fuzz::der::bundle;

libfuzzer_sys::fuzz_target!(|data: &[u8]| match data {
    // The first byte says where the others stand; no bundle begins with it.
    [0, certificates @ ..] => {
        let Some(read) = read(&bundle(certificates)) else { return };
        // Made DER, and so not changed again: the normaliser has no second opinion.
        let ders: Vec<&[u8]> = read.certificates_der().collect();
        assert!(ders.iter().all(|der| der.len() <= certificates.len() + certificates.len() / 8 + 8));
        let again = Bundle::from_der(&bundle(&ders.concat())).unwrap();
        assert!(again.certificates_der().eq(ders));
    }
    text => {
        read(text);
        if let Ok(text) = std::str::from_utf8(text)
            && let Err(error) = Bundle::from_pem(text)
        {
            check_text(&error);
        }
    }
});

/// What is read comes back from what is written of it, in DER's order.
fn read(bytes: &[u8]) -> Option<Bundle> {
    let bundle = Bundle::from_der(bytes).map_err(|error| check_text(&error)).ok()?;
    let again = Bundle::from_der(&bundle.to_der()).unwrap();
    assert_eq!(again.to_der(), bundle.to_der());
    let sorted = |bundle: &Bundle| {
        let mut all: Vec<Vec<u8>> =
            bundle.certificates_der().chain(bundle.crls_der()).map(<[u8]>::to_vec).collect();
        all.sort();
        all
    };
    assert_eq!(sorted(&again), sorted(&bundle));
    assert_eq!(Bundle::from_pem(&bundle.to_pem()).unwrap(), again);
    for certificate in bundle.certificates().flatten() {
        assert!(bundle.certificates_der().any(|der| der == certificate.as_der()));
    }
    bundle.crls().for_each(drop);
    Some(bundle)
}
