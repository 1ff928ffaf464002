"""Hold conversations over TLS by one of Python's libraries, and say on stdout how each connection was.

    tls_peer.py ssl|pyopenssl|tlslite client|server [name=value…]

In the current folder are ca.pem, and server, other and client, each as .pem and .key. A client is told port= and host=; a server
begins at a port of its own and says which. What else there is: version=1.2|1.3, mutual=1, alpn=NAME,…, group=NAME, times=NUMBER
(connections, each of which resumes the one before), size=BYTES, end=HOW (see `converse`), smtp=1 (STARTTLS first).
"""

import os
import smtplib
import socket
import ssl
import struct
import sys

HOST, OTHER = "www.example.org", "other.example.org"
BINDING = "EXPORTER-Channel-Binding"
PEER_SECONDS = 60  # until it is given up; nothing waits for it


class Cut(Exception):
    """The connection ended without a word."""


class Stdlib:
    """Python's own `ssl`."""

    def __init__(self, role, asked):
        self.asked = asked
        self.client = role == "client"
        self.session = None
        self.context = self.make("client" if self.client else "server")
        if not self.client:
            other = self.make("other")
            self.context.sni_callback = lambda sock, name, _: setattr(sock, "context", other if name == OTHER else self.context)

    def make(self, name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT if self.client else ssl.PROTOCOL_TLS_SERVER)
        version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[self.asked.get("version", "1.3")]
        context.minimum_version = context.maximum_version = version
        context.load_verify_locations("ca.pem")
        mutual = "mutual" in self.asked
        if mutual or not self.client:
            context.load_cert_chain(f"{name}.pem", f"{name}.key")
        if mutual:
            context.verify_mode = ssl.CERT_REQUIRED
        if "alpn" in self.asked:
            context.set_alpn_protocols(self.asked["alpn"].split(","))
        return context

    def begin(self, sock):
        more = {"server_hostname": self.asked["host"], "session": self.session} if self.client else {"server_side": True}
        self.conn = self.context.wrap_socket(sock, suppress_ragged_eofs=False, **more)

    def send(self, data):
        self.conn.sendall(data)

    def receive(self, most):
        try:
            return self.conn.recv(most)
        except (ssl.SSLEOFError, ConnectionResetError) as error:
            raise Cut from error

    def close_write(self):
        raise NotImplementedError

    def close(self):
        self.conn.unwrap().close()

    def cut(self):
        os.close(self.conn.detach())

    def facts(self):
        self.session = self.conn.session
        names = (self.conn.getpeercert() or {}).get("subjectAltName", ())
        yield "version", self.conn.version()
        yield "resumed", int(self.conn.session_reused)
        yield "alpn", self.conn.selected_alpn_protocol()
        yield "names", ",".join(name for _, name in names)


class PyOpenSsl:
    """pyOpenSSL, whose OpenSSL is that of the package `cryptography`."""

    def __init__(self, role, asked):
        from OpenSSL import SSL

        self.SSL = SSL
        self.asked = asked
        self.client = role == "client"
        self.session = None
        self.context = self.make("client" if self.client else "server")
        if not self.client:
            other = self.make("other")

            def named(conn):
                if conn.get_servername() == OTHER.encode():
                    conn.set_context(other)

            self.context.set_tlsext_servername_callback(named)

    def make(self, name):
        SSL, asked = self.SSL, self.asked
        context = SSL.Context(SSL.TLS_CLIENT_METHOD if self.client else SSL.TLS_SERVER_METHOD)
        version = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}[asked.get("version", "1.3")]
        context.set_min_proto_version(version)
        context.set_max_proto_version(version)
        context.load_verify_locations("ca.pem")
        mutual = "mutual" in asked
        if mutual or not self.client:
            context.use_certificate_chain_file(f"{name}.pem")
            context.use_privatekey_file(f"{name}.key")
        if mutual or self.client:
            context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
        context.set_session_id(b"peer")
        if "alpn" in asked:
            names = [name.encode() for name in asked["alpn"].split(",")]
            context.set_alpn_protos(names)
            context.set_alpn_select_callback(lambda _, theirs: next(name for name in names if name in theirs))
        return context

    def begin(self, sock):
        sock.settimeout(None)  # pyOpenSSL takes sockets that block
        self.conn = self.SSL.Connection(self.context, sock)
        if not self.client:
            self.conn.set_accept_state()
            return self.conn.do_handshake()
        self.conn.set_tlsext_host_name(self.asked["host"].encode())
        self.conn.set_connect_state()
        if self.session:
            self.conn.set_session(self.session)
        self.conn.do_handshake()
        assert self.asked["host"] in self.names(), self.names()

    def send(self, data):
        self.conn.sendall(data)

    def receive(self, most):
        try:
            return self.conn.recv(most)
        except self.SSL.ZeroReturnError:
            return b""
        except self.SSL.SysCallError as error:
            raise Cut from error
        except self.SSL.Error as error:
            if "unexpected eof" in str(error):
                raise Cut from error
            raise

    def close_write(self):
        self.conn.shutdown()

    def close(self):
        self.conn.shutdown()
        self.conn.sock_shutdown(socket.SHUT_WR)
        self.conn.close()

    def cut(self):
        self.conn.sock_shutdown(socket.SHUT_WR)
        self.conn.close()

    def names(self):
        from cryptography import x509

        certificate = self.conn.get_peer_certificate(as_cryptography=True)
        if not certificate:
            return []
        names = [one.value for one in certificate.extensions if isinstance(one.value, x509.SubjectAlternativeName)]
        return [name for one in names for name in one.get_values_for_type(x509.DNSName)]

    def facts(self):
        self.session = self.conn.get_session()
        yield "version", self.conn.get_protocol_version_name()
        yield "alpn", self.conn.get_alpn_proto_negotiated().decode()
        yield "group", self.conn.get_group_name()
        yield "export", self.conn.export_keying_material(BINDING.encode(), 32, b"").hex()
        yield "names", ",".join(self.names())


class TlsLite:
    """tlslite-ng, which is TLS in Python from one end to the other. It does not judge certificates."""

    def __init__(self, role, asked):
        from tlslite.api import HandshakeSettings, SessionCache, X509CertChain, parsePEMKey

        def credential(name):
            chain = X509CertChain()
            chain.parsePemList(open(f"{name}.pem").read())
            return chain, parsePEMKey(open(f"{name}.key").read(), private=True)

        self.asked = asked
        self.client = role == "client"
        self.chain, self.key = credential("client" if self.client else "server")
        self.session = None
        self.cache = SessionCache()
        self.settings = HandshakeSettings()
        version = {"1.2": (3, 3), "1.3": (3, 4)}[asked.get("version", "1.3")]
        self.settings.minVersion = self.settings.maxVersion = version
        if "group" in asked:
            self.settings.keyShares = [asked["group"]]
            self.settings.eccCurves = [asked["group"]]
            self.settings.dhGroups = []
        if self.client:
            # 0.8.2 compresses its certificate for every server that it offers to take compressed ones from, not for those alone
            # that ask for it (RFC 8879 section 3).
            self.settings.certificate_compression_send = []
        else:
            self.settings.ticketKeys = [bytearray(os.urandom(32))]
        self.alpn = [bytearray(name.encode()) for name in asked["alpn"].split(",")] if "alpn" in asked else None

    def begin(self, sock):
        from tlslite.api import TLSConnection

        self.conn = TLSConnection(sock)
        self.conn.ignoreAbruptClose = False
        self.conn.closeSocket = False
        mutual = "mutual" in self.asked
        if self.client:
            shown = {"certChain": self.chain, "privateKey": self.key} if mutual else {}
            host = self.asked["host"]
            self.conn.handshakeClientCert(
                session=self.session, settings=self.settings, serverName=host, alpn=self.alpn, **shown
            )
        else:
            self.conn.handshakeServer(
                certChain=self.chain,
                privateKey=self.key,
                reqCert=mutual,
                sessionCache=self.cache,
                settings=self.settings,
                alpn=self.alpn,
            )

    def send(self, data):
        self.conn.sendall(data)

    def receive(self, most):
        from tlslite.errors import TLSAbruptCloseError

        try:
            return bytes(self.conn.recv(most))
        except (TLSAbruptCloseError, ConnectionResetError) as error:
            raise Cut from error

    def close_write(self):
        raise NotImplementedError

    def close(self):
        self.conn.close()
        self.conn.sock.close()

    def cut(self):
        self.conn.sock.socket.shutdown(socket.SHUT_WR)
        self.conn.sock.close()

    def facts(self):
        self.session = self.conn.session
        chain = self.session.serverCertChain if self.client else self.session.clientCertChain
        yield "version", self.conn.getVersionName().replace(" ", "v")
        if self.client or self.asked.get("version") == "1.2":  # a server of TLS 1.3 does not say
            yield "resumed", int(self.conn.resumed)
        yield "alpn", bytes(self.session.appProto or b"").decode()
        # Not with clients' certificates: 0.8.2 derives the exporter's secret after those, and RFC 8446 section 7.1 before.
        if self.asked.get("version", "1.3") == "1.3" and "mutual" not in self.asked:
            yield "export", self.conn.keyingMaterialExporter(bytearray(BINDING.encode()), 32).hex()
        shown = bytes(chain.x509List[0].bytes) if chain else b""
        yield "names", ",".join(name for name in (HOST, OTHER) if name.encode() in shown)


def exactly(peer, count):
    data = bytearray()
    while len(data) < count:
        piece = peer.receive(min(count - len(data), 1 << 16))
        if not piece:
            raise Cut
        data += piece
    return bytes(data)


def converse(peer, client, size, end):
    """The client says `size` bytes, and the server says them again. Then one side ends it; gives how, as it looks from here."""
    if client:
        said = os.urandom(size)
        peer.send(struct.pack(">I", size) + said)
        assert exactly(peer, 4) == struct.pack(">I", size)
        assert exactly(peer, size) == said
    else:
        length = exactly(peer, 4)
        peer.send(length + exactly(peer, *struct.unpack(">I", length)))
    facts = dict(peer.facts())
    if end == "peer-cuts":
        peer.cut()
        return {**facts, "ended": "cut"}
    if end == "peer-closes":
        peer.close()
        return {**facts, "ended": "clean"}
    if end == "peer-is-done":
        peer.close_write()
    try:
        rest = b""
        while piece := peer.receive(1 << 16):
            rest += piece
    except Cut:
        return {**facts, "ended": "cut"}
    if end == "bulla-is-done":
        peer.send(b"bye")
    if end != "peer-is-done":
        peer.close()
    return {**facts, "ended": "clean", "rest": rest.decode()}


def ask_for_tls(sock):
    """What smtplib says before TLS."""
    smtp = smtplib.SMTP(local_hostname="localhost")
    smtp.sock = sock
    assert smtp.getreply()[0] == 220
    smtp.ehlo()
    assert smtp.has_extn("starttls")
    assert smtp.docmd("STARTTLS")[0] == 220


def agree_to_tls(sock):
    """What a mail server says before TLS."""
    lines = sock.makefile("rb", buffering=0)
    sock.sendall(b"220 here\r\n")
    assert lines.readline() == b"EHLO localhost\r\n"
    sock.sendall(b"250-here\r\n250 STARTTLS\r\n")
    assert lines.readline() == b"STARTTLS\r\n"
    sock.sendall(b"220 begin\r\n")


def main(library, role, *asked):
    asked = dict(one.split("=", 1) for one in asked)
    peer = {"ssl": Stdlib, "pyopenssl": PyOpenSsl, "tlslite": TlsLite}[library](role, asked)
    size, end, times = int(asked.get("size", 100)), asked.get("end", "bulla-closes"), int(asked.get("times", 1))
    if role == "server":
        listener = socket.create_server(("127.0.0.1", 0))
        print(f"port={listener.getsockname()[1]}", flush=True)
    for _ in range(times):
        if role == "server":
            sock, _ = listener.accept()
        else:
            sock = socket.create_connection(("127.0.0.1", int(asked["port"])))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(PEER_SECONDS)
        if "smtp" in asked:
            agree_to_tls(sock) if role == "server" else ask_for_tls(sock)
        peer.begin(sock)
        facts = converse(peer, role == "client", size, end)
        print(" ".join(f"{name}={value}" for name, value in facts.items()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
