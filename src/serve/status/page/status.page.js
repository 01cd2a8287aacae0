// The status page in the browser. What servers and clients call themselves is text here, and never markup.

const POLL_MS = 2_000;
const BUCKET_MS = 10_000;
const BUCKETS = 60;
const MOST_LINES = 200;
/** Sign-in pages have addresses of many lines. */
const LONG_ADDRESS = /\b(https?:\/\/[^\s/]+\/)\S{80,}/g;
const SVG = "http://www.w3.org/2000/svg";

const byId = (id) => document.getElementById(id);

function make(name, { text, ...attributes } = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

/** Changes only what differs, so that what is selected or focused stays so. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} days`;
}

function ago(ms) {
  return ms < 5_000 ? "now" : `${span(ms)} ago`;
}

function duration(ms) {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  return ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`;
}

function count(amount, one, many = `${one}s`) {
  return `${amount.toLocaleString("en")} ${amount === 1 ? one : many}`;
}

function clock(at) {
  return new Date(at).toLocaleTimeString("en-GB");
}

/** The last ten minutes: a bar for each ten seconds, to what half of the calls took, and on to 19 of 20. */
class Plot {
  constructor() {
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("viewBox", `0 0 ${BUCKETS} 100`);
    this.svg.setAttribute("preserveAspectRatio", "none");
    this.svg.setAttribute("role", "img");
    this.highest = make("span");
    const scale = [make("span", { text: "10 min ago" }), this.highest, make("span", { text: "now" })];
    this.element = make("div", { class: "plot" }, this.svg, make("div", { class: "scale" }, ...scale));
  }

  update(buckets, now) {
    const first = now - now % BUCKET_MS - (BUCKETS - 1) * BUCKET_MS;
    const highest = Math.max(...buckets.map(({ p95 }) => p95), 1);
    const bars = [];
    let errors = 0;
    let calls = 0;
    for (const bucket of buckets) {
      const place = (bucket.at - first) / BUCKET_MS;
      errors += bucket.errors;
      calls += bucket.count;
      bars.push(
        this.#bar("p95", place, bucket.p95 / highest * 92),
        this.#bar("p50", place, bucket.p50 / highest * 92),
      );
      if (bucket.errors > 0) bars.push(this.#bar("errors", place, 8));
    }
    this.svg.replaceChildren(...bars);
    const last = buckets.at(-1);
    const spoken = last === undefined
      ? "no calls in the last 10 minutes"
      : `${count(calls, "call")} and ${count(errors, "error")} in the last 10 minutes; of the last ones half took ${
        duration(last.p50)
      }, 19 of 20 took ${duration(last.p95)}`;
    this.svg.setAttribute("aria-label", spoken);
    say(this.highest, last === undefined ? "no calls" : `up to ${duration(highest)}`);
  }

  #bar(kind, place, height) {
    const bar = document.createElementNS(SVG, "rect");
    const high = Math.max(height, 2);
    const attributes = { class: kind, x: place + 0.1, y: 100 - high, width: 0.8, height: high };
    for (const [name, value] of Object.entries(attributes)) bar.setAttribute(name, String(value));
    return bar;
  }
}

/** A name and a value beside it. */
class Fact {
  constructor(name) {
    this.value = make("dd");
    this.element = make("div", {}, make("dt", { text: name }), this.value);
  }

  update(text, isOver = false) {
    say(this.value, text);
    this.value.classList.toggle("over", isOver);
  }
}

/** One server and account. */
class Server {
  constructor({ server, account }) {
    this.server = server;
    this.account = account;
    this.isAsked = false;
    this.state = make("span", { class: "state" });
    this.since = make("span", { class: "soft" });
    this.page = make("a", {
      class: "button",
      target: "_blank",
      rel: "noreferrer noopener",
      text: "Open the sign-in page",
    });
    this.button = make("button", { type: "button", text: "Sign in" });
    this.button.addEventListener("click", () => void this.signIn());
    this.reason = make("p", { class: "reason soft" });
    this.plot = new Plot();
    this.facts = {
      calls: new Fact("calls"),
      errors: new Fact("errors"),
      latency: new Fact("latency"),
      token: new Fact("token"),
    };
    this.history = make("ol");
    const title = make("h3", { text: server });
    const who = account === "default" ? [] : [make("span", { class: "soft", text: `account ${account}` })];
    const about = make(
      "div",
      {},
      make("div", { class: "title" }, title, ...who, this.state, this.since, this.button, this.page),
      this.reason,
      make("dl", {}, ...Object.values(this.facts).map(({ element }) => element)),
    );
    const past = make("details", {}, make("summary", { text: "History" }), this.history);
    this.element = make("li", { class: "server" }, about, this.plot.element, past);
  }

  update(status, now) {
    const { state, reason, at, calls, errors, cancelled, latency, token, signIn, signInPage, history } = status;
    say(this.state, state.replace("-", " "));
    this.state.dataset.state = state;
    say(this.since, `for ${span(now - at)}`);
    say(this.reason, reason);
    this.plot.update(latency, now);
    this.facts.calls.update(calls.toLocaleString("en") + (cancelled > 0 ? ` (${cancelled} cancelled)` : ""));
    this.facts.errors.update(errors.toLocaleString("en"), errors > 0);
    const last = latency.at(-1);
    this.facts.latency.update(last === undefined ? "-" : `p50 ${duration(last.p50)}, p95 ${duration(last.p95)}`);
    this.facts.latency.element.hidden = last === undefined;
    this.facts.token.element.hidden = token === undefined;
    const isOver = token?.expiresAt !== undefined && token.expiresAt <= now;
    if (token !== undefined) this.facts.token.update(tokenText(token, now), isOver && !token.renews);
    this.#await(signIn === "waiting");
    // Nothing but an address of the web is ever a link here.
    this.page.hidden = signInPage === undefined || !/^https?:\/\//.test(signInPage);
    if (!this.page.hidden && this.page.getAttribute("href") !== signInPage) this.page.setAttribute("href", signInPage);
    const isWanted = state === "signed-out" || (isOver && !token.renews);
    this.button.hidden = signIn === "none" || !isWanted || !this.page.hidden;
    this.button.setAttribute("aria-label", `Sign in to ${this.server}`);
    const key = JSON.stringify(history);
    if (key === this.historyKey) return;
    this.historyKey = key;
    this.history.replaceChildren(
      ...history.toReversed().map((change) =>
        make(
          "li",
          {},
          make("time", { text: clock(change.at) }),
          make("span", { "data-state": change.state, text: change.state.replace("-", " ") }),
          make("span", { text: change.reason }),
        )
      ),
    );
  }

  async signIn() {
    if (this.isAsked) return;
    this.#await(true);
    const answer = await fetch("/api/sign-in", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ server: this.server, account: this.account }),
    }).catch(() => undefined);
    if (answer?.status !== 202) this.#await(false);
    else await poll();
  }

  #await(isAsked) {
    this.isAsked = isAsked;
    say(this.button, isAsked ? "Signing in" : "Sign in");
    this.button.setAttribute("aria-disabled", String(isAsked));
  }
}

function tokenText({ expiresAt, renews }, now) {
  if (expiresAt === undefined) return "has no end that is known";
  if (expiresAt > now) return `ends in ${span(expiresAt - now)}${renews ? ", renewed by itself" : ""}`;
  return renews ? "renewed at the next use" : "has ended";
}

const servers = new Map();

function showServers(all, now) {
  const seen = new Set();
  const elements = all.map((status) => {
    const key = JSON.stringify([status.server, status.account]);
    seen.add(key);
    if (!servers.has(key)) servers.set(key, new Server(status));
    const shown = servers.get(key);
    shown.update(status, now);
    return shown.element;
  });
  for (const [key, { element }] of servers) {
    if (seen.has(key)) continue;
    element.remove();
    servers.delete(key);
  }
  const list = byId("servers");
  elements.forEach((element, place) => {
    if (list.children[place] !== element) list.insertBefore(element, list.children[place] ?? null);
  });
  byId("no-servers").hidden = all.length > 0;
  const states = Map.groupBy(all, ({ state }) => state);
  say(
    byId("servers-count"),
    [...states].map(([state, { length }]) => `${length} ${state.replace("-", " ")}`).join(", "),
  );
}

function useOf({ server, account }) {
  return account === "default" ? server : `${server}@${account}`;
}

/** The first of many words; all of them stand in the title. */
function inFew(words) {
  const more = words.length - 3;
  return more < 2 ? words.join(", ") : `${words.slice(0, 3).join(", ")} and ${more} more`;
}

function showClients(clients, more, now) {
  byId("clients").replaceChildren(...clients.map((client) =>
    make(
      "li",
      {},
      make("span", { text: client.name ?? "a client without a name" }),
      make("span", { text: inFew(client.uses.map(useOf)), title: client.uses.map(useOf).join(", ") }),
      make("span", {
        class: "soft",
        text: client.session === undefined ? "no session" : `session ${client.session}`,
      }),
      make("span", { text: count(client.calls, "call") }),
      make("span", { class: "soft", text: ago(now - client.seen) }),
    )
  ));
  byId("no-clients").hidden = clients.length > 0;
  say(byId("clients-count"), clients.length === 0 ? "" : String(clients.length + more));
}

function trouble(text) {
  const place = byId("trouble");
  place.hidden = text === undefined;
  say(place, text ?? "");
}

let isOver = false;

async function poll() {
  try {
    const answer = await fetch("/api/status", { cache: "no-store" });
    if (answer.status === 401) {
      isOver = true;
      trouble("This page is not let in any more. Run \u201cmcp-bridge serve --open\u201d for a new link.");
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const { version, now, startedAt, sessions, memory, servers: all, clients, moreClients } = await answer.json();
    const facts = [
      `version ${version}`,
      `up ${span(now - startedAt)}`,
      count(sessions, "session"),
      `${Math.round(memory / 1_048_576)} MiB`,
    ];
    say(byId("about"), facts.join(" \u00b7 "));
    showServers(all, now);
    showClients(clients, moreClients, now);
    trouble(undefined);
  } catch {
    trouble("mcp-bridge does not answer. Trying again.");
  }
}

async function pollForEver() {
  while (!isOver) {
    if (!document.hidden) await poll();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function showLine({ at, level, text }) {
  const log = byId("log");
  const shown = text.replace(LONG_ADDRESS, "$1...");
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 8;
  log.append(make("li", { class: level }, make("time", { text: clock(at) }), make("span", { text: shown })));
  while (log.children.length > MOST_LINES) log.firstChild.remove();
  if (isAtEnd) log.scrollTop = log.scrollHeight;
  byId("no-log").hidden = true;
}

/** Reads the log as it comes; where the stream ends, it is opened again, and begins with what is kept. */
async function follow() {
  while (!isOver) {
    try {
      const answer = await fetch("/api/log", { cache: "no-store" });
      if (answer.ok) {
        byId("log").replaceChildren();
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        let rest = "";
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          const events = (rest + value).split("\n\n");
          rest = events.pop();
          for (const event of events) if (event.startsWith("data: ")) showLine(JSON.parse(event.slice(6)));
        }
      }
    } catch {
      // The poll says so.
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

void pollForEver();
void follow();
