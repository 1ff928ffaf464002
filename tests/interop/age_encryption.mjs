// Seal or open stdin to stdout with npm's `age-encryption`, or make keys with it.
//
//     node age_encryption.mjs MODULE seal [--armor] (--recipient TEXT)... | --passphrase TEXT
//     node age_encryption.mjs MODULE open (--identity TEXT | --passphrase TEXT)...
//     node age_encryption.mjs MODULE recipient --identity TEXT
//     node age_encryption.mjs MODULE generate x25519|hybrid
//
// MODULE is the path of the package's index.js.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const [module, task, ...rest] = process.argv.slice(2);
const age = await import(pathToFileURL(module));
const text = { type: "string", multiple: true, default: [] };
const { values, positionals } = parseArgs({
    args: rest,
    options: { armor: { type: "boolean" }, recipient: text, identity: text, passphrase: text },
    allowPositionals: true,
});

const tasks = {
    async seal() {
        const encrypter = new age.Encrypter();
        values.recipient.forEach((recipient) => encrypter.addRecipient(recipient));
        values.passphrase.forEach((passphrase) => encrypter.setPassphrase(passphrase));
        const sealed = await encrypter.encrypt(readFileSync(0));
        return values.armor ? age.armor.encode(sealed) : sealed;
    },
    async open() {
        const decrypter = new age.Decrypter();
        values.identity.forEach((identity) => decrypter.addIdentity(identity));
        values.passphrase.forEach((passphrase) => decrypter.addPassphrase(passphrase));
        const sealed = readFileSync(0);
        const armored = sealed.subarray(0, 5).equals(Buffer.from("-----"));
        return decrypter.decrypt(armored ? age.armor.decode(sealed.toString()) : sealed);
    },
    recipient: () => age.identityToRecipient(values.identity[0]),
    generate: () => ({ x25519: age.generateX25519Identity, hybrid: age.generateHybridIdentity })[positionals[0]](),
};

process.stdout.write(await tasks[task]());
