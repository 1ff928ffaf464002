// Holds conversations over TLS by Node, and says on stdout how each connection was.
//
//     tls_peer.mjs client|server [name=value…]        (as tls_peer.py, whose words these are)

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import net from "node:net";
import tls from "node:tls";

const OTHER = "other.example.org";
const [role, ...words] = process.argv.slice(2);
const asked = Object.fromEntries(words.map((word) => word.split("=")));
const client = role === "client";
const times = Number(asked.times ?? 1);
const end = asked.end ?? "bulla-closes";
const mutual = "mutual" in asked;

const credential = (name) => ({ cert: readFileSync(`${name}.pem`), key: readFileSync(`${name}.key`) });
const version = `TLSv${asked.version ?? "1.3"}`;
const common = {
  ca: readFileSync("ca.pem"),
  minVersion: version,
  maxVersion: version,
  ...(mutual || !client ? credential(client ? "client" : "server") : {}),
  ...("alpn" in asked ? { ALPNProtocols: asked.alpn.split(",") } : {}),
};

/** The bytes that a stream gives, as many as are asked for at a time; fewer at its end. */
function reader(stream) {
  let [kept, ended, failed, wake] = [Buffer.alloc(0), false, undefined, () => {}];
  stream.on("data", (data) => ((kept = Buffer.concat([kept, data])), wake()));
  stream.on("end", () => ((ended = true), wake()));
  stream.on("error", (error) => ((failed = error), wake()));
  return async (count) => {
    while (kept.length < count && !ended && !failed) await new Promise((resolve) => (wake = resolve));
    if (failed) throw failed;
    const data = kept.subarray(0, count);
    kept = kept.subarray(count);
    return data;
  };
}

/** The client says `size` bytes, and the server says them again. Then one side ends it. */
async function converse(conn) {
  const read = reader(conn);
  const facts = {};
  const session = client && asked.version !== "1.2" ? once(conn, "session") : undefined;
  session?.catch(() => {});
  if (client) {
    const said = randomBytes(Number(asked.size ?? 100));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(said.length);
    conn.write(Buffer.concat([length, said]));
    const heard = await read(4 + said.length);
    if (!heard.equals(Buffer.concat([length, said]))) throw new Error("it came back changed");
  } else {
    const length = await read(4);
    const said = await read(length.readUInt32BE());
    await new Promise((gone) => conn.write(Buffer.concat([length, said]), gone));
  }
  facts.version = conn.getProtocol();
  facts.resumed = Number(conn.isSessionReused());
  facts.alpn = conn.alpnProtocol || "";
  facts.export = conn.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0)).toString("hex");
  facts.names = (conn.getPeerCertificate().subjectaltname ?? "").replaceAll("DNS:", "").replaceAll(" ", "");
  const next = session ? (await session)[0] : client ? conn.getSession() : undefined;
  if (end === "peer-cuts") {
    // As the end of a process cuts off what it has open.
    say({ ...facts, ended: "cut" });
    process.exit();
  }
  if (end === "peer-closes" || end === "peer-is-done") conn.end();
  let rest = Buffer.alloc(0);
  try {
    for (let piece; (piece = await read(1)).length > 0; ) rest = Buffer.concat([rest, piece]);
  } catch (error) {
    return [{ ...facts, ended: "cut", why: error.code }, next];
  }
  if (end === "bulla-is-done") conn.write("bye");
  conn.end();
  return [{ ...facts, ended: "clean", rest: rest.toString() }, next];
}

const say = (facts) => console.log(Object.entries(facts).map(([name, value]) => `${name}=${value}`).join(" "));

async function line(raw, expected) {
  const heard = [];
  for (;;) {
    const one = raw.read(1) ?? (await once(raw, "readable"), raw.read(1));
    if (!one) continue;
    heard.push(one);
    if (one[0] === 10) break;
  }
  const text = Buffer.concat(heard).toString();
  if (!text.startsWith(expected)) throw new Error(text);
}

async function askForTls(raw) {
  await line(raw, "220 ");
  raw.write("EHLO localhost\r\n");
  await line(raw, "250-");
  await line(raw, "250 STARTTLS");
  raw.write("STARTTLS\r\n");
  await line(raw, "220 ");
}

async function agreeToTls(raw) {
  raw.write("220 here\r\n");
  await line(raw, "EHLO ");
  raw.write("250-here\r\n250 STARTTLS\r\n");
  await line(raw, "STARTTLS");
  raw.write("220 begin\r\n");
}

if (client) {
  let session;
  for (let time = 0; time < times; time++) {
    const raw = net.connect({ host: "127.0.0.1", port: Number(asked.port), allowHalfOpen: true, noDelay: true });
    await once(raw, "connect");
    if ("smtp" in asked) await askForTls(raw);
    const conn = tls.connect({ ...common, socket: raw, servername: asked.host, allowHalfOpen: true, session });
    await once(conn, "secureConnect");
    let facts;
    [facts, session] = await converse(conn);
    say(facts);
  }
} else {
  const other = tls.createSecureContext({ ...common, ...credential("other") });
  const context = tls.createSecureContext(common);
  let left = times;
  const options = {
    ...common,
    isServer: true,
    secureContext: context,
    requestCert: mutual,
    rejectUnauthorized: mutual,
    SNICallback: (name, answer) => answer(null, name === OTHER ? other : context),
  };
  const taken = async (conn) => say((await converse(conn))[0]);
  const server =
    "smtp" in asked
      ? net.createServer({ allowHalfOpen: true, noDelay: true }, async (raw) => {
          await agreeToTls(raw);
          const conn = new tls.TLSSocket(raw, options);
          await once(conn, "secure");
          await taken(conn);
        })
      : tls.createServer({ ...options, allowHalfOpen: true, noDelay: true }, taken);
  server.on("connection", () => --left || server.close());
  server.listen(0, "127.0.0.1", () => console.log(`port=${server.address().port}`));
}
