// BouncyCastle as a peer of the S/MIME tests: does one job for each line of standard input, all in one JVM.
//
// A line is an operation and its words, split by tabs; the answer is one line, "ok" or "error" and why. Files are named.
//
//   sign     SCHEME FORM KEY CERTIFICATE MAIL OUT     FORM: detached or opaque; MAIL and OUT are MIME
//   verify   ROOT MAIL OUT                            OUT: what was signed, as it was
//   encrypt  CIPHER WAY SECRET CONTENT OUT            SECRET: a certificate, hex or a password; OUT is DER
//   decrypt  WAY SECRET KEY DER OUT
//   compress CONTENT OUT    expand DER OUT
//
// Run it from source: java -cp "$(printf %s: /usr/share/java/{bcmail,bcpkix,bcprov,bcutil,javax.mail,javax.activation}.jar)" FILE

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Security;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.spec.MGF1ParameterSpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;
import javax.mail.internet.MimeBodyPart;
import javax.mail.internet.MimeMultipart;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.mail.smime.SMIMESigned;
import org.bouncycastle.mail.smime.SMIMESignedGenerator;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.GenericKey;
import org.bouncycastle.operator.InputAEADDecryptor;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.operator.jcajce.JcaAlgorithmParametersConverter;

public class SmimePeer {
    static final String BC = "BC";
    static final String CHACHA = "chacha20-poly1305";

    /**
     * RFC 8418 section 2.1 gives X25519 the schemes of the other curves, too. BouncyCastle 1.72 has the agreement, but
     * not under the scheme's number; its RFC 8418 section 2.2 (HKDF) it has not at all.
     */
    static final BouncyCastleProvider WITH_X25519 = new BouncyCastleProvider();

    static {
        String scheme = "KeyAgreement." + CMSAlgorithm.ECDH_SHA256KDF;
        WITH_X25519.remove("Alg.Alias." + scheme);
        WITH_X25519.put(scheme, WITH_X25519.getProperty("KeyAgreement.X25519WITHSHA256KDF"));
    }

    /** SCHEME: what the Java name of it is. PSS has salts as long as the hash. */
    static final Map<String, String> SCHEMES = Map.of(
            "rsa-sha256", "SHA256withRSA", "rsa-sha384", "SHA384withRSA", "rsa-sha512", "SHA512withRSA",
            "pss-sha256", "SHA256withRSAandMGF1", "pss-sha384", "SHA384withRSAandMGF1",
            "pss-sha512", "SHA512withRSAandMGF1", "ecdsa-sha256", "SHA256withECDSA",
            "ecdsa-sha384", "SHA384withECDSA", "ecdsa-sha512", "SHA512withECDSA", "ed25519", "Ed25519");

    static final Map<String, ASN1ObjectIdentifier> CIPHERS = Map.of(
            "aes-128-cbc", CMSAlgorithm.AES128_CBC, "aes-192-cbc", CMSAlgorithm.AES192_CBC,
            "aes-256-cbc", CMSAlgorithm.AES256_CBC, "aes-128-gcm", CMSAlgorithm.AES128_GCM,
            "aes-192-gcm", CMSAlgorithm.AES192_GCM, "aes-256-gcm", CMSAlgorithm.AES256_GCM,
            CHACHA, PKCSObjectIdentifiers.id_alg_AEADChaCha20Poly1305);

    static final Map<String, ASN1ObjectIdentifier> AGREEMENTS = Map.of(
            "ecdh-sha1", CMSAlgorithm.ECDH_SHA1KDF, "ecdh-sha256", CMSAlgorithm.ECDH_SHA256KDF,
            "ecdh-sha384", CMSAlgorithm.ECDH_SHA384KDF, "ecdh-sha512", CMSAlgorithm.ECDH_SHA512KDF);

    /** RFC 5753 section 7.2: as long as the content's key, or longer. */
    static final ASN1ObjectIdentifier WRAP = CMSAlgorithm.AES256_WRAP;

    static final byte[] KEY_ID = {0x0a, 0x0b};

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = lines.readLine()) != null; ) {
            String answer = "ok";
            try {
                run(line.split("\t"));
            } catch (Exception | LinkageError error) {
                answer = "error " + chain(error);
            }
            System.out.println(answer);
            System.out.flush();
        }
    }

    static String chain(Throwable error) {
        var text = new StringBuilder();
        for (Throwable at = error; at != null; at = at.getCause()) text.append(at).append("; ");
        return text.toString().replaceAll("\\s+", " ");
    }

    static void run(String[] word) throws Exception {
        switch (word[0]) {
            case "sign" -> sign(word[1], word[2], key(word[3]), certificate(word[4]), word[5], word[6]);
            case "verify" -> write(word[3], verify(certificate(word[1]), read(word[2])));
            case "encrypt" -> write(word[5], encrypt(word[1], word[2], word[3], read(word[4])));
            case "decrypt" -> write(word[5], decrypt(word[1], word[2], word[3], read(word[4])));
            case "compress" -> write(word[2], new CMSCompressedDataGenerator()
                    .generate(new CMSProcessableByteArray(read(word[1])), new ZlibCompressor()).getEncoded());
            case "expand" -> write(word[2], new CMSCompressedData(read(word[1])).getContent(new ZlibExpanderProvider()));
            default -> throw new IllegalArgumentException("no such operation: " + word[0]);
        }
    }

    // Signatures.

    static void sign(String scheme, String form, PrivateKey key, X509Certificate own, String mail, String out)
            throws Exception {
        var generator = new SMIMESignedGenerator(SMIMESignedGenerator.RFC5751_MICALGS);
        generator.addSignerInfoGenerator(new JcaSimpleSignerInfoGeneratorBuilder().setProvider(BC)
                .build(SCHEMES.get(scheme.replaceFirst("-p[0-9]+$", "")), key, own));
        generator.addCertificates(new JcaCertStore(List.of(own)));
        MimeBodyPart part = new MimeBodyPart(new ByteArrayInputStream(read(mail)));
        MimeBodyPart whole;
        if (form.equals("opaque")) {
            whole = generator.generateEncapsulated(part);
        } else {
            whole = new MimeBodyPart();
            MimeMultipart parts = generator.generate(part);
            whole.setContent(parts, parts.getContentType());
            whole.setHeader("Content-Type", parts.getContentType());
        }
        try (OutputStream file = Files.newOutputStream(Path.of(out))) {
            whole.writeTo(file);
        }
    }

    @SuppressWarnings("unchecked")
    static byte[] verify(X509Certificate root, byte[] mail) throws Exception {
        MimeBodyPart part = new MimeBodyPart(new ByteArrayInputStream(mail));
        SMIMESigned signed = part.isMimeType("multipart/signed")
                ? new SMIMESigned((MimeMultipart) part.getContent()) : new SMIMESigned(part);
        if (signed.getSignerInfos().size() == 0) throw new CMSException("nobody signed");
        for (SignerInformation signer : signed.getSignerInfos()) {
            X509CertificateHolder own = (X509CertificateHolder)
                    signed.getCertificates().getMatches(signer.getSID()).iterator().next();
            X509Certificate certificate = certificate(own.getEncoded());
            if (!signer.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider(BC).build(certificate))) {
                throw new CMSException("the signature does not hold");
            }
            var trust = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
            trust.setRevocationEnabled(false);
            var path = CertificateFactory.getInstance("X.509", BC).generateCertPath(List.of(certificate));
            CertPathValidator.getInstance("PKIX", BC).validate(path, trust);
        }
        var content = new ByteArrayOutputStream();
        signed.getContent().writeTo(content);
        return content.toByteArray();
    }

    // Encryption.

    static byte[] encrypt(String cipher, String way, String secret, byte[] content) throws Exception {
        CMSTypedData data = new CMSProcessableByteArray(content);
        var builder = new JceCMSContentEncryptorBuilder(CIPHERS.get(cipher)).setProvider(BC);
        OutputEncryptor encryptor = cipher.equals(CHACHA) ? new ChaCha() : builder.build();
        if (encryptor instanceof OutputAEADEncryptor aead) {
            var generator = new CMSAuthEnvelopedDataGenerator();
            generator.addRecipientInfoGenerator(recipient(way, secret));
            return generator.generate(data, aead).getEncoded();
        }
        var generator = new CMSEnvelopedDataGenerator();
        generator.addRecipientInfoGenerator(recipient(way, secret));
        return generator.generate(data, encryptor).getEncoded();
    }

    static RecipientInfoGenerator recipient(String way, String secret) throws Exception {
        String kind = way.substring(0, (way + "-").indexOf('-'));
        return switch (kind) {
            case "rsa" -> new JceKeyTransRecipientInfoGenerator(certificate(secret)).setProvider(BC);
            case "oaep" -> new JceKeyTransRecipientInfoGenerator(certificate(secret), oaep(way.substring(5))).setProvider(BC);
            case "ecdh", "x25519" -> agreement(way, certificate(secret));
            case "kek" -> new JceKEKRecipientInfoGenerator(KEY_ID, aes(secret)).setProvider(BC);
            case "password" -> new JcePasswordRecipientInfoGenerator(CMSAlgorithm.AES256_CBC, secret.toCharArray())
                    .setProvider(BC).setPasswordConversionScheme(PasswordRecipient.PKCS5_SCHEME2_UTF8)
                    .setPRF(way.endsWith("sha1") ? PasswordRecipient.PRF.HMacSHA1 : PasswordRecipient.PRF.HMacSHA256)
                    .setSaltAndIterationCount(HexFormat.of().parseHex("00112233445566778899aabbccddeeff"), 10_000);
            default -> throw new IllegalArgumentException("no such way: " + way);
        };
    }

    /** One hash for both: RFC 4055 section 4.1. */
    static AlgorithmIdentifier oaep(String hash) throws Exception {
        String name = "SHA-" + hash.substring(3);
        var parameters = new OAEPParameterSpec(name, "MGF1", new MGF1ParameterSpec(name), PSource.PSpecified.DEFAULT);
        return new JcaAlgorithmParametersConverter()
                .getAlgorithmIdentifier(PKCSObjectIdentifiers.id_RSAES_OAEP, parameters);
    }

    static RecipientInfoGenerator agreement(String way, X509Certificate to) throws Exception {
        KeyPairGenerator ephemeral;
        ASN1ObjectIdentifier scheme;
        if (way.startsWith("x25519")) {
            ephemeral = KeyPairGenerator.getInstance("X25519", BC);
            scheme = CMSAlgorithm.ECDH_SHA256KDF;
        } else {
            ephemeral = KeyPairGenerator.getInstance("EC", BC);
            var point = (java.security.interfaces.ECPublicKey) to.getPublicKey();
            ephemeral.initialize(point.getParams());
            scheme = AGREEMENTS.get(way.substring(0, way.lastIndexOf('-')));
        }
        KeyPair pair = ephemeral.generateKeyPair();
        var generator = new JceKeyAgreeRecipientInfoGenerator(scheme, pair.getPrivate(), pair.getPublic(), WRAP);
        return generator.addRecipient(to).setProvider(provider(way));
    }

    static BouncyCastleProvider provider(String way) {
        return way.startsWith("x25519") ? WITH_X25519 : (BouncyCastleProvider) Security.getProvider(BC);
    }

    static SecretKeySpec aes(String hex) {
        return new SecretKeySpec(HexFormat.of().parseHex(hex), "AES");
    }

    static byte[] decrypt(String way, String secret, String key, byte[] der) throws Exception {
        boolean tagged = ContentInfo.getInstance(der).getContentType()
                .equals(CMSObjectIdentifiers.authEnvelopedData);
        RecipientInformationStore store = tagged
                ? new CMSAuthEnvelopedData(der).getRecipientInfos() : new CMSEnvelopedData(der).getRecipientInfos();
        RecipientInformation own = store.get(identifier(way, secret));
        if (own == null) throw new CMSException("it is for somebody else");
        return own.getContent(opener(own, way, secret, key, tagged));
    }

    static RecipientId identifier(String way, String secret) throws Exception {
        if (way.startsWith("kek")) return new KEKRecipientId(KEY_ID);
        if (way.startsWith("password")) return new PasswordRecipientId();
        X509Certificate own = certificate(secret);
        if (way.equals("ecdh-by-key-id")) {
            byte[] extension = own.getExtensionValue(Extension.subjectKeyIdentifier.getId());
            byte[] value = ASN1OctetString.getInstance(extension).getOctets();
            return new KeyAgreeRecipientId(ASN1OctetString.getInstance(value).getOctets());
        }
        return own.getPublicKey().getAlgorithm().equals("RSA")
                ? new JceKeyTransRecipientId(own) : new JceKeyAgreeRecipientId(own);
    }

    static Recipient opener(RecipientInformation one, String way, String secret, String key, boolean tagged)
            throws Exception {
        if (way.startsWith("kek")) {
            return tagged ? new TaggedKek(aes(secret)) : new JceKEKEnvelopedRecipient(aes(secret)).setProvider(BC);
        }
        if (way.startsWith("password")) {
            JcePasswordRecipient by = tagged
                    ? new TaggedPassword(secret) : new JcePasswordEnvelopedRecipient(secret.toCharArray());
            return by.setProvider(BC).setPasswordConversionScheme(PasswordRecipient.PKCS5_SCHEME2_UTF8);
        }
        if (one instanceof KeyAgreeRecipientInformation) {
            JceKeyAgreeRecipient by = tagged
                    ? new TaggedAgreement(key(key)) : new JceKeyAgreeEnvelopedRecipient(key(key));
            return by.setProvider(provider(way));
        }
        JceKeyTransRecipient by = tagged
                ? new JceKeyTransAuthEnvelopedRecipient(key(key)) : new JceKeyTransEnvelopedRecipient(key(key));
        return by.setProvider(BC);
    }

    // BouncyCastle 1.72 opens AuthEnvelopedData by itself for key transport only. These use its key management, and its
    // ciphers, in the same way.

    static class TaggedAgreement extends JceKeyAgreeRecipient {
        TaggedAgreement(PrivateKey key) {
            super(key);
        }

        public RecipientOperator getRecipientOperator(AlgorithmIdentifier wrap, AlgorithmIdentifier cipher,
                SubjectPublicKeyInfo sender, ASN1OctetString ukm, byte[] sealed) throws CMSException {
            return tagged(cipher, extractSecretKey(wrap, cipher, sender, ukm, sealed));
        }
    }

    static class TaggedKek extends JceKEKRecipient {
        TaggedKek(SecretKeySpec key) {
            super(key);
            setProvider(BC);
        }

        public RecipientOperator getRecipientOperator(AlgorithmIdentifier wrap, AlgorithmIdentifier cipher, byte[] sealed)
                throws CMSException {
            return tagged(cipher, extractSecretKey(wrap, cipher, sealed));
        }
    }

    static class TaggedPassword extends JcePasswordEnvelopedRecipient {
        TaggedPassword(String password) {
            super(password.toCharArray());
        }

        public RecipientOperator getRecipientOperator(AlgorithmIdentifier wrap, AlgorithmIdentifier cipher,
                byte[] derived, byte[] sealed) throws CMSException {
            return tagged(cipher, extractSecretKey(wrap, cipher, derived, sealed));
        }
    }

    static RecipientOperator tagged(AlgorithmIdentifier algorithm, Key key) throws CMSException {
        try {
            String name = algorithm.getAlgorithm().getId();
            Cipher cipher = Cipher.getInstance(name, BC);
            AlgorithmParameters parameters = AlgorithmParameters.getInstance(name, BC);
            parameters.init(algorithm.getParameters().toASN1Primitive().getEncoded());
            cipher.init(Cipher.DECRYPT_MODE, new SecretKeySpec(key.getEncoded(), "AES"), parameters);
            return new RecipientOperator(new Decryptor(algorithm, cipher));
        } catch (GeneralSecurityException | IOException error) {
            throw new CMSException("the content's cipher", error);
        }
    }

    record Decryptor(AlgorithmIdentifier algorithm, Cipher cipher) implements InputAEADDecryptor {
        public AlgorithmIdentifier getAlgorithmIdentifier() {
            return algorithm;
        }

        public InputStream getInputStream(InputStream sealed) {
            return new org.bouncycastle.jcajce.io.CipherInputStream(sealed, cipher);
        }

        public OutputStream getAADStream() {
            return new OutputStream() {
                public void write(int octet) {
                    cipher.updateAAD(new byte[] {(byte) octet});
                }
            };
        }

        public byte[] getMAC() {
            return new byte[0]; // CipherInputStream checks it
        }
    }

    /** BouncyCastle 1.72 knows ChaCha20-Poly1305, and that RFC 8103 numbers it, but not that it has a tag. */
    static class ChaCha implements OutputAEADEncryptor {
        final Cipher cipher = Cipher.getInstance("ChaCha20-Poly1305", BC);
        final byte[] key = SecureRandom.getInstanceStrong().generateSeed(32);
        final byte[] nonce = SecureRandom.getInstanceStrong().generateSeed(12);
        byte[] tag;

        ChaCha() throws GeneralSecurityException {
            cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "ChaCha20"), new IvParameterSpec(nonce));
        }

        public AlgorithmIdentifier getAlgorithmIdentifier() {
            return new AlgorithmIdentifier(CIPHERS.get(CHACHA), new DEROctetString(nonce));
        }

        public OutputStream getOutputStream(OutputStream sealed) {
            return new OutputStream() {
                public void write(int octet) throws IOException {
                    write(new byte[] {(byte) octet}, 0, 1);
                }

                public void write(byte[] octets, int from, int count) throws IOException {
                    byte[] ready = cipher.update(octets, from, count);
                    if (ready != null) sealed.write(ready);
                }

                public void close() throws IOException {
                    try {
                        byte[] last = cipher.doFinal();
                        sealed.write(last, 0, last.length - 16);
                        tag = Arrays.copyOfRange(last, last.length - 16, last.length);
                    } catch (GeneralSecurityException error) {
                        throw new IOException(error);
                    }
                }
            };
        }

        public OutputStream getAADStream() {
            return OutputStream.nullOutputStream(); // no attributes: nothing is authenticated beside the content
        }

        public byte[] getMAC() {
            return tag;
        }

        public GenericKey getKey() {
            return new GenericKey(getAlgorithmIdentifier(), key);
        }
    }

    // Files.

    static byte[] read(String name) throws Exception {
        return Files.readAllBytes(Path.of(name));
    }

    static void write(String name, byte[] content) throws Exception {
        Files.write(Path.of(name), content);
    }

    static X509Certificate certificate(String name) throws Exception {
        return certificate(read(name));
    }

    static X509Certificate certificate(byte[] content) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509", BC)
                .generateCertificate(new ByteArrayInputStream(content));
    }

    static PrivateKey key(String name) throws Exception {
        try (var pem = new PEMParser(new FileReader(name))) {
            return new JcaPEMKeyConverter().setProvider(BC).getPrivateKey((PrivateKeyInfo) pem.readObject());
        }
    }
}
