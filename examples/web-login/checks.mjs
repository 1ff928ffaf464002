// Goes through the site as people with browsers do, and as those do who would like to be them. Called by `run`.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { renameSync, writeFileSync } from "node:fs";
import http from "node:http";
import { promisify } from "node:util";
import { Browser, until, within } from "./browser.mjs";

const { ONE, TWO, WORK, BULLA, BROWSER } = process.env;
const ALICE = { name: "alice", password: "wonderland" };
const BOB = { name: "bob", password: "the builder" };

const browser = new Browser(BROWSER, `${WORK}/profile`);
// It must not outlive this, nor write where `run` cleans up.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => browser.close().finally(() => process.exit(1)));
let ahead = 0;

/**
 * Moves the clock of both hosts' sessions. The link between them goes by the machine's, and lets no host end sessions of the
 * future: what is about signing out everywhere stands before what moves the clock.
 */
function pass(seconds) {
  ahead += seconds;
  writeFileSync(`${WORK}/ahead.new`, `${ahead}`);
  renameSync(`${WORK}/ahead.new`, `${WORK}/ahead`);
}

/** A request by no browser: with whatever cookie, and nothing that it does not say. */
function ask(url, { token, form } = {}) {
  const body = form && new URLSearchParams(form).toString();
  const headers = body ? { "content-type": "application/x-www-form-urlencoded", "content-length": body.length } : {};
  if (token) headers.cookie = `__Host-session=${token}`;
  const answer = new Promise((resolve, reject) => {
    const request = http.request(url, { method: body ? "POST" : "GET", headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    request.on("error", reject).end(body);
  });
  return within(answer, url);
}

/** The mark of the key that signed a token (docs/token-format.md, section 2). */
const keyOf = (token) => Buffer.from(token, "base64url").subarray(2, 6).toString("hex");

/** Whether a token opens a session. */
async function opens(host, token) {
  const { status, headers } = await ask(`${host}/sessions`, { token });
  if (status !== 200) assert.equal(headers.location, "/sign-in");
  return status === 200;
}

/** Somebody new, with a tab, who signs in. */
async function signedIn(who, host = ONE) {
  const person = await browser.person();
  const tab = await person.tab();
  await tab.go(`${host}/sign-in`);
  assert.equal(await tab.submit("form", who), 200);
  assert.match(await tab.text(), new RegExp(`You are ${who.name}\\.`));
  return { person, tab, token: async () => (await person.session()).value };
}

async function isSignedIn(tab, host = ONE) {
  await tab.go(`${host}/`);
  return (await tab.path()) === "/";
}

/** After how long, from a moment on, the other host knows that a session was ended: a second at most. */
async function knows(token, begun) {
  await until("the other host knows", async () => !(await opens(TWO, token)), 1000);
  return Math.round(performance.now() - begun);
}

const END = 'form[action="/sessions/end"]';
const field = (tab, form, name) => tab.run((form, name) => document.querySelector(form).elements[name].value, form, name);
async function payments(tab) {
  await tab.go(`${ONE}/`);
  return tab.run(() => [...document.querySelectorAll("li")].map((li) => li.innerText));
}

/** A page of somebody else, who has a browser send a form: another site, or another origin of the same one. */
async function elsewhere(name, action, fields) {
  const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`);
  const page = `<!doctype html><form method="post" action="${ONE}${action}">${inputs.join("")}</form>`;
  const server = http.createServer((_, response) => response.setHeader("content-type", "text/html").end(page));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://${name}:${server.address().port}/`, close: () => (server.close(), server.closeAllConnections()) };
}

const checks = {
  async "a wrong password, or a name that nobody has, signs nobody in, and both take as long"() {
    const least = { alice: Infinity, nobody: Infinity };
    for (let round = 0; round < 5; round++) {
      for (const name of Object.keys(least)) {
        const begun = performance.now();
        const { status, headers } = await ask(`${ONE}/sign-in`, { form: { name, password: "wrong" } });
        least[name] = Math.min(least[name], performance.now() - begun);
        assert.deepEqual([status, headers["set-cookie"]], [401, undefined]);
      }
    }
    // Without a hash to compare with it would be a hundredth.
    assert(least.nobody > least.alice / 2, `${least.nobody} ms, and ${least.alice} ms for a name that is there`);
    const tab = await (await browser.person()).tab();
    await tab.go(`${ONE}/sign-in`);
    assert.equal(await tab.submit("form", { name: "alice", password: "wrong" }), 401);
    assert.match(await tab.text(), /Name or password is wrong/);
    assert.equal(await isSignedIn(tab), false);
    return `${Math.round(least.alice)} ms for a name that is there, ${Math.round(least.nobody)} ms for one that is not`;
  },

  async "what somebody typed is shown as text, and pages say that they have no scripts"() {
    const tab = await (await browser.person()).tab();
    const name = `"><script>document.title = "mine"</script><b>'&amp;`;
    await tab.go(`${ONE}/sign-in`);
    await tab.submit("form", { name, password: "wrong" });
    assert.equal(await field(tab, "form", "name"), name);
    assert.equal(await tab.run(() => document.title), "Sign in");
    assert.equal(await tab.run(() => document.scripts.length), 0);
    assert.match(tab.headers["content-security-policy"], /default-src 'none'/);
    // The policy alone holds, too, against what got into a page.
    await tab.run(() => {
      const script = document.createElement("script");
      script.textContent = 'document.title = "mine"';
      document.body.append(script);
    });
    assert.equal(await tab.run(() => document.title), "Sign in");
  },

  async "the cookie is the host's own, for no script, and goes to no other site with a form"() {
    const { person, tab } = await signedIn(ALICE);
    const [cookie, ...others] = await person.cookies();
    assert.equal(others.length, 0);
    const { name, domain, path, secure, httpOnly, sameSite, session } = cookie;
    // A domain without a dot before it: this host, and none below it.
    assert.deepEqual(
      { name, domain, path, secure, httpOnly, sameSite, session },
      { name: "__Host-session", domain: "localhost", path: "/", secure: true, httpOnly: true, sameSite: "Lax", session: false },
    );
    const left = cookie.expires - Date.now() / 1000;
    assert(left > 1700 && left <= 1801, `the browser keeps it for ${left} s`);
    assert.equal(await tab.run(() => document.cookie), "");
  },

  async "keys are changed while people use the site, and nobody is signed out"() {
    const people = [await signedIn(ALICE), await signedIn(BOB, TWO)];
    const before = keyOf(await people[0].token());
    let requests = 0, isDone = false;
    const use = people.map(async ({ tab }) => {
      while (!isDone) for (const host of [ONE, TWO]) {
        assert.equal(await isSignedIn(tab, host), true);
        requests++;
      }
    });
    const using = Promise.all(use);
    using.catch(() => {}); // awaited below
    const change = async (how) => promisify(execFile)(BULLA, ["keyring", how, "--seal-key", `${WORK}/key`, `${WORK}/keyring`]);
    await change("stage");
    // The command itself refuses to go on before the new key can be everywhere.
    const waited = await until("the staged key may be used", () => change("activate").then(() => true, () => false));
    // Sessions that begin from now on are signed by the new key, as soon as a host has read it; the other one accepts it.
    const took = await until("the new key is used", async () => {
      const { headers } = await ask(`${TWO}/sign-in`, { form: ALICE });
      const token = headers["set-cookie"][0].split(/[=;]/)[1];
      assert.equal(await opens(ONE, token), true);
      return keyOf(token) !== before;
    });
    const { tab: fresh } = await signedIn(ALICE);
    for (const host of [ONE, TWO]) assert.equal(await isSignedIn(fresh, host), true);
    isDone = true;
    await using;
    return `activated after ${waited} ms, in use after ${took} ms, ${requests} requests meanwhile`;
  },

  async "a cookie in which one letter was changed is no session"() {
    const { person, tab, token } = await signedIn(ALICE);
    const good = await token();
    const letters = [0, 1, 5, good.length >> 1, good.length - 30, good.length - 2];
    for (const at of letters) {
      const other = good[at] === "A" ? "B" : "A";
      assert.equal(await opens(ONE, good.slice(0, at) + other + good.slice(at + 1)), false, `letter ${at}`);
    }
    assert.equal(await opens(ONE, good.slice(0, -1)), false);
    assert.equal(await opens(ONE, good), true);
    const cookie = await person.session();
    const value = good.slice(0, 40) + (good[40] === "A" ? "B" : "A") + good.slice(41);
    await person.setCookies([{ ...cookie, url: ONE, domain: undefined, value }]);
    assert.equal(await isSignedIn(tab), false);
  },

  async "two cookies of the name are none"() {
    const { token } = await signedIn(ALICE);
    assert.equal(await opens(ONE, `${await token()}; __Host-session=${await token()}`), false);
  },

  async "a session counts on both hosts"() {
    const { tab } = await signedIn(ALICE);
    assert.equal(await isSignedIn(tab, TWO), true);
  },

  async "requests under way while the number changes sign nobody out"() {
    const { person, tab, token } = await signedIn(ALICE);
    await tab.go(`${ONE}/confirm`);
    const old = await token();
    const proof = { token: await field(tab, "form", "token"), password: ALICE.password };
    const others = await Promise.all([1, 2, 3, 4].map(() => person.tab()));
    let isDone = false, requests = 0;
    const busy = others.map(async (other, index) => {
      const host = index % 2 ? TWO : ONE;
      do {
        assert.equal(await isSignedIn(other, host), true);
        requests++;
      } while (!isDone);
    });
    const using = Promise.all(busy);
    using.catch(() => {}); // awaited below
    await tab.submit("form", { password: ALICE.password });
    assert.equal(await tab.path(), "/pay");
    isDone = true;
    await using;
    // One that left before and arrives after: answered, and told nothing that would undo the new cookie. So is a second click.
    const late = await ask(`${ONE}/sessions`, { token: old });
    assert.deepEqual([late.status, late.headers["set-cookie"]], [200, undefined]);
    const twice = await ask(`${ONE}/confirm`, { token: old, form: proof });
    assert.deepEqual([twice.status, twice.headers.location, twice.headers["set-cookie"]], [303, "/pay", undefined]);
    assert.notEqual(await token(), old);
    for (const each of [tab, ...others]) assert.equal(await isSignedIn(each), true);
    return `${requests} requests meanwhile`;
  },

  async "a form without its token, or with one of another session or form, is refused"() {
    const alice = await signedIn(ALICE);
    const bob = await signedIn(BOB);
    for (const { tab } of [alice, bob]) await tab.go(`${ONE}/pay`);
    const foreign = await field(bob.tab, "form", "token");
    const forms = { "nothing in it": "", "bob's": foreign, "another form's": null };
    for (const [what, given] of Object.entries(forms)) {
      let value = given;
      if (value === null) {
        await alice.tab.go(`${ONE}/`);
        value = await field(alice.tab, 'form[action="/sign-out"]', "token");
      }
      await alice.tab.go(`${ONE}/pay`);
      assert.equal(await alice.tab.submit("form", { to: "Eve", amount: "1", token: value }), 403, what);
    }
    const none = await ask(`${ONE}/pay`, { token: await alice.token(), form: { to: "Eve", amount: "1" } });
    assert.equal(none.status, 422);
    // Alice's own is taken in no session but hers.
    await alice.tab.go(`${ONE}/pay`);
    const own = await field(alice.tab, "form", "token");
    assert.equal((await ask(`${ONE}/pay`, { token: await bob.token(), form: { to: "Eve", amount: "1", token: own } })).status, 403);
    assert.deepEqual((await payments(bob.tab)), []);
    assert.equal((await payments(alice.tab)).filter((payment) => payment.includes("Eve")).length, 0);
    await alice.tab.go(`${ONE}/pay`);
    await alice.tab.submit("form", { to: "Carol", amount: "2" });
    assert((await payments(alice.tab)).includes("2 to Carol"));
  },

  async "a form of another site comes without the cookie, one of another port with it, and both are refused"() {
    const { tab } = await signedIn(ALICE);
    await tab.go(`${ONE}/pay`);
    // Even with a token that is right, as if it had leaked.
    const fields = { to: "Mallory", amount: "1", token: await field(tab, "form", "token") };
    const seen = [];
    for (const name of ["127.0.0.1", "localhost"]) {
      const site = await elsewhere(name, "/pay", fields);
      await tab.go(site.url);
      assert.equal(await tab.submit("form"), 403, name);
      seen.push([tab.sent["sec-fetch-site"], /\b__Host-session=/.test(tab.sent.cookie)]);
      site.close();
    }
    assert.deepEqual(seen, [["cross-site", false], ["same-site", true]]);
    assert.equal((await payments(tab)).filter((payment) => payment.includes("Mallory")).length, 0);
    // Nor are visitors signed in as somebody else, to leave their secrets there.
    const visitor = await browser.person();
    const site = await elsewhere("127.0.0.1", "/sign-in", BOB);
    const page = await visitor.tab();
    await page.go(site.url);
    assert.equal(await page.submit("form"), 403);
    assert.equal(await visitor.session(), undefined);
    site.close();
  },

  async "who signs out on one host is signed out on the other within a second"() {
    const { person, tab, token } = await signedIn(ALICE);
    assert.equal(await isSignedIn(tab, TWO), true);
    const taken = await token(); // by whoever copied it
    await tab.go(`${ONE}/`);
    await tab.submit('form[action="/sign-out"]');
    assert.equal(await tab.path(), "/sign-in");
    assert.equal(await person.session(), undefined);
    assert.equal(await opens(ONE, taken), false);
    // Without a browser, which takes its time.
    const took = [];
    for (let round = 0; round < 10; round++) {
      await tab.go(`${ONE}/sign-in`);
      await tab.submit("form", ALICE);
      const [session, form] = [await token(), { token: await field(tab, 'form[action="/sign-out"]', "token") }];
      assert.equal(await opens(TWO, session), true);
      const begun = performance.now();
      assert.equal((await ask(`${ONE}/sign-out`, { token: session, form })).headers.location, "/sign-in");
      took.push(await knows(session, begun));
    }
    return `after ${took.join(", ")} ms`;
  },

  async "a page that asks at each request knows at once what another host ended"() {
    const { tab, token } = await signedIn(ALICE);
    const session = await token();
    const form = { token: await field(tab, 'form[action="/sign-out"]', "token") };
    const begun = performance.now();
    assert.equal((await ask(`${ONE}/sign-out`, { token: session, form })).headers.location, "/sign-in");
    const isRefused = async () => (await ask(`${TWO}/pay`, { token: session })).headers.location === "/sign-in";
    await until("it knows", isRefused, 1000);
    return `after ${Math.round(performance.now() - begun)} ms`;
  },

  async "signing out everywhere ends all that somebody has, and nobody else's"() {
    const here = await signedIn(ALICE), there = await signedIn(ALICE, TWO), bob = await signedIn(BOB);
    const begun = performance.now();
    await here.tab.submit('form[action="/sign-out-everywhere"]');
    const took = await knows(await there.token(), begun);
    assert.equal(await here.tab.path(), "/sign-in");
    for (const host of [ONE, TWO]) assert.equal(await isSignedIn(there.tab, host), false);
    assert.equal(await isSignedIn(bob.tab, TWO), true);
    // Who signs in again has a session that counts.
    await here.tab.submit("form", ALICE);
    assert.equal(await isSignedIn(here.tab), true);
    return `after ${took} ms`;
  },

  async "one session is ended from the list, and nobody ends another's"() {
    const here = await signedIn(ALICE), there = await signedIn(ALICE), bob = await signedIn(BOB);
    await there.tab.go(`${ONE}/sessions`);
    const name = await there.tab.run(() =>
      [...document.querySelectorAll("tr[id]")].find((row) => row.innerText.includes("this one")).id);
    await here.tab.go(`${ONE}/sessions`);
    assert.match(await here.tab.text(), /Mozilla/);
    const button = await field(here.tab, `tr[id="${name}"] form`, "token");
    // Bob knows the name, and has a form of his own.
    await signedIn(BOB);
    await bob.tab.go(`${ONE}/sessions`);
    const bobs = await field(bob.tab, END, "token");
    await ask(`${ONE}/sessions/end`, { token: await bob.token(), form: { token: bobs, session: name } });
    await ask(`${ONE}/sessions/end`, { token: await bob.token(), form: { token: button, session: name } });
    assert.equal(await isSignedIn(there.tab), true);
    const begun = performance.now();
    await here.tab.submit(`tr[id="${name}"] form`);
    const took = await knows(await there.token(), begun);
    assert.equal(await here.tab.run((name) => document.getElementById(name), name), null);
    assert.equal(await isSignedIn(there.tab), false);
    assert.equal(await isSignedIn(here.tab, TWO), true);
    return `after ${took} ms`;
  },

  async "signing in again gives a new number, and the old one ends after a moment"() {
    const { tab, token } = await signedIn(ALICE);
    const planted = await token();
    await tab.go(`${ONE}/sign-in`);
    await tab.submit("form", BOB);
    assert.notEqual(await token(), planted);
    pass(11);
    assert.equal(await opens(ONE, planted), false);
    assert.equal(await opens(ONE, await token()), true);
  },

  async "paying asks for the password again after five minutes, and the session has a new number then"() {
    const { tab, token } = await signedIn(ALICE);
    await tab.go(`${ONE}/pay`);
    assert.equal(await tab.path(), "/pay");
    const early = await field(tab, "form", "token");
    pass(301);
    const old = await token();
    const late = { token: early, to: "Eve", amount: "1" };
    assert.equal((await ask(`${ONE}/pay`, { token: old, form: late })).headers.location, "/confirm");
    await tab.go(`${ONE}/pay`);
    assert.equal(await tab.path(), "/confirm");
    await tab.submit("form", { password: "wrong" });
    assert.equal(await tab.path(), "/confirm");
    assert.equal(await token(), old);
    await tab.submit("form", { password: ALICE.password });
    assert.equal(await tab.path(), "/pay");
    assert.notEqual(await token(), old);
    await tab.submit("form", { to: "<i>Bob</i>", amount: "5" });
    assert.equal((await payments(tab)).at(-1), "5 to <i>Bob</i>");
    // A form of the old number is not taken, and the old number ends.
    assert.equal((await ask(`${ONE}/pay`, { token: await token(), form: late })).status, 403);
    assert.equal(await opens(ONE, old), true);
    pass(11);
    assert.equal(await opens(ONE, old), false);
    assert.equal(await isSignedIn(tab), true);
  },

  async "a session that is used goes on with a new token; one that idles for half an hour is over"() {
    const { tab, token } = await signedIn(ALICE);
    const first = await token();
    pass(14 * 60);
    await tab.go(`${ONE}/`);
    assert.equal(await token(), first);
    pass(2 * 60);
    await tab.go(`${ONE}/`);
    assert.notEqual(await token(), first);
    pass(29 * 60);
    assert.equal(await isSignedIn(tab), true);
    const last = await token();
    pass(30 * 60 + 31); // hosts' clocks may differ by half a minute
    // The browser's clock was not moved: it still sends the cookie, and the site refuses it.
    assert.equal(await token(), last);
    assert.equal(await isSignedIn(tab), false);
  },

  async "twelve hours after it began a session is over, however much it was used"() {
    const { tab } = await signedIn(ALICE);
    for (let minutes = 0; minutes + 20 < 12 * 60; minutes += 20) {
      pass(20 * 60);
      assert.equal(await isSignedIn(tab), true, `after ${minutes + 20} minutes`);
    }
    pass(20 * 60 + 31);
    assert.equal(await isSignedIn(tab), false);
  },
};

try {
  console.log(`web-login: ${await browser.version()}`);
  for (const [name, check] of Object.entries(checks)) {
    try {
      const seen = await check();
      console.log(`web-login: ok: ${name}${seen ? `: ${seen}` : ""}`);
    } catch (error) {
      console.log(`web-login: FAILED: ${name}: ${error.stack}`);
      process.exitCode = 1;
    }
  }
} finally {
  await browser.close();
}
