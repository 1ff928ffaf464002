// Drives a headless Chromium by the DevTools protocol, over two pipes: needs nothing but Node.
import { spawn } from "node:child_process";

const PATIENCE = 30_000; // milliseconds, for whatever should take a moment

/** Waits until a promise is kept, or says what did not happen. */
export function within(promise, what, milliseconds = PATIENCE) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took too long: ${what}`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Waits until something is true, and says after how many milliseconds. */
export async function until(what, isTrue, milliseconds = PATIENCE) {
  const begun = performance.now();
  while (!(await isTrue())) {
    if (performance.now() - begun > milliseconds) throw new Error(`it took too long until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return Math.round(performance.now() - begun);
}

/** Fields of HTTP, by their names in small letters. */
function small(fields) {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]));
}

export class Browser {
  #answers = new Map();
  #tabs = new Map();
  #next = 0;

  /** Starts one with a profile in a folder of its own. */
  constructor(program, profile) {
    const flags = ["--headless", "--remote-debugging-pipe", `--user-data-dir=${profile}`, "--no-first-run", "--disable-gpu",
      "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-sync",
      "--password-store=basic", "--no-proxy-server"];
    // Chromium has no sandbox as root. All that it is shown is from this machine.
    if (process.getuid() === 0) flags.push("--no-sandbox");
    this.process = spawn(program, flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    this.ended = new Promise((resolve) => this.process.on("exit", resolve));
    let text = "";
    this.process.stdio[4].setEncoding("utf8").on("data", (part) => {
      const messages = (text + part).split("\0");
      text = messages.pop();
      messages.forEach((message) => this.#take(JSON.parse(message)));
    });
    this.process.stdio[3].on("error", () => {}); // it has ended: see `send`
  }

  #take(message) {
    if (message.id) {
      const { resolve, reject } = this.#answers.get(message.id);
      this.#answers.delete(message.id);
      message.error ? reject(new Error(message.error.message)) : resolve(message.result);
    } else this.#tabs.get(message.sessionId)?.take(message.method, message.params);
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.#next;
    const answer = new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject }));
    this.process.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + "\0");
    const gone = this.ended.then(() => Promise.reject(new Error("the browser has ended")));
    return within(Promise.race([answer, gone]), method);
  }

  async version() {
    return (await this.send("Browser.getVersion")).product;
  }

  /** Somebody with cookies of their own. */
  async person() {
    const { browserContextId } = await this.send("Target.createBrowserContext");
    return new Person(this, browserContextId);
  }

  async open(browserContextId) {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank", browserContextId });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const tab = new Tab((method, params) => this.send(method, params, sessionId));
    this.#tabs.set(sessionId, tab);
    for (const domain of ["Page", "Network"]) await tab.send(`${domain}.enable`);
    return tab;
  }

  async close() {
    await this.send("Browser.close").catch(() => {});
    await within(this.ended, "the browser ends", 5000).catch(() => this.process.kill("SIGKILL"));
    await this.ended;
  }
}

class Person {
  constructor(browser, context) {
    Object.assign(this, { browser, context });
  }

  tab() {
    return this.browser.open(this.context);
  }

  async cookies() {
    return (await this.browser.send("Storage.getCookies", { browserContextId: this.context })).cookies;
  }

  /** The session's cookie; there is one at most. */
  async session() {
    const all = (await this.cookies()).filter(({ name }) => name.endsWith("session"));
    if (all.length > 1) throw new Error("there are several sessions");
    return all[0];
  }

  async setCookies(cookies) {
    await this.browser.send("Storage.setCookies", { cookies, browserContextId: this.context });
  }
}

class Tab {
  #loaded = () => {};
  #document; // the request for the page
  #sent = new Map(); // by request

  constructor(send) {
    this.send = send;
  }

  take(method, params) {
    if (method === "Page.loadEventFired") this.#loaded();
    if (method === "Network.requestWillBeSent" && params.type === "Document") this.#document = params.requestId;
    if (method === "Network.requestWillBeSentExtraInfo") this.#sent.set(params.requestId, small(params.headers));
    if (method === "Network.responseReceived" && params.type === "Document") {
      this.status = params.response.status;
      this.headers = small(params.response.headers);
    }
  }

  /** What went out with the request for the page. */
  get sent() {
    return this.#sent.get(this.#document) ?? {};
  }

  async #load(what, cause) {
    this.#sent.clear();
    const loaded = new Promise((resolve) => (this.#loaded = resolve));
    await cause();
    await within(loaded, what);
    return this.status;
  }

  go(url) {
    return this.#load(`the page ${url}`, () => this.send("Page.navigate", { url }));
  }

  /** Fills in a form and sends it, as a click on its button does. */
  submit(form, fields = {}) {
    return this.#load(`what the form ${form} leads to`, () =>
      this.run((form, fields) => {
        const found = document.querySelector(form);
        for (const [name, value] of Object.entries(fields)) found.elements[name].value = value;
        found.requestSubmit();
      }, form, fields));
  }

  /** Runs a function in the page. */
  async run(what, ...given) {
    const expression = `(${what})(...${JSON.stringify(given)})`;
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  text() {
    return this.run(() => document.body.innerText);
  }

  path() {
    return this.run(() => location.pathname);
  }
}
