import { statSync } from "node:fs";
import { join } from "node:path";
import { sweep } from "../../test/harness/secret_sweep.ts";
import manifest from "../../package.json" with { type: "json" };
import { bearing, QUESTION, request, type Scene, short, timed } from "./scene.ts";
import { SHIPYARD } from "./shipyard.ts";

const OFFICE = "harbourmaster";
const METADATA = { path: "/.well-known/oauth-protected-resource/mcp" };

/** The first start: the server wants a token, and a person signs in. */
export async function connect(scene: Scene): Promise<void> {
  const { page, shipyard, harbourmaster, browser, bridge, client } = scene;
  const start = performance.now();
  const [[, answered], refused, resource, metadata, registration, [, opened], approval, redemption, opening, stream] =
    await Promise.all([
      timed(client.connect(bridge)),
      shipyard.visits.next({ message: "initialize", status: 401 }),
      shipyard.visits.next(METADATA),
      harbourmaster.visits.next({ path: "/.well-known/oauth-authorization-server" }),
      harbourmaster.visits.next({ path: "/register" }),
      timed(browser.openings.find(() => true)),
      harbourmaster.visits.next({ path: "/authorize" }),
      harbourmaster.visits.next({ path: "/token" }),
      shipyard.visits.next({ message: "initialize", status: 200 }),
      shipyard.visits.next({ method: "GET", hasToken: true }),
    ]);
  const { page: lastPage } = await browser.visits.find(() => true);
  page.lanes(
    ["client", `MCP SDK ${manifest.dependencies["@modelcontextprotocol/client"]}, unmodified`],
    ["bridge", `${manifest.name}, process ${bridge.pid}`],
    ["server", SHIPYARD.name],
  );
  page.there({ step: "connect", left: "initialize", ...bearing(refused, start) });
  page.back({ right: `${refused.status}, sign in first` });
  page.nextStep();
  page.there({ step: "discover", right: "GET, where to sign in", ms: resource.at - start });
  page.back({ right: `${resource.status}, at the ${OFFICE}` });
  page.nextStep(OFFICE);
  page.there({ right: "GET, how to sign in", ms: metadata.at - start });
  page.back({ right: `${metadata.status}, by code with PKCE` });
  page.nextStep();
  page.there({ step: "register", right: "POST, who we are", ms: registration.at - start });
  page.back({ right: `${registration.status}, a client id` });
  page.nextStep("browser");
  page.there({ step: "sign in", right: "the sign-in page", ms: opened - start });
  page.notes(`the person agrees: the ${OFFICE} answers ${approval.status}, to the bridge's callback`);
  page.back({ right: "callback, code ..." });
  page.nextStep(OFFICE);
  page.there({ step: "token", right: "POST, code ..., verifier ...", ms: redemption.at - start });
  page.back({ right: `${redemption.status}, token ..., refresh ...` });
  page.notes(sealed(scene));
  page.notes(`the browser shows ${JSON.stringify(/<h1>([^<]*)/.exec(lastPage?.text ?? "")?.[1])}`);
  page.nextStep(SHIPYARD.name);
  page.there({ right: bearing(opening, start).right, ms: opening.at - start });
  page.back({
    left: `revision ${client.getNegotiatedProtocolVersion()}`,
    right: `session ${short(opening.session)}`,
    ms: answered - start,
  });
  page.there(request(stream, start));
  page.nextStep();
}

/** The second start: nobody has to sign in. */
export async function again({ page, shipyard, harbourmaster, browser, bridge, client }: Scene): Promise<void> {
  const before = harbourmaster.seen.items.length;
  const start = performance.now();
  const [[, answered], opening] = await Promise.all([
    timed(client.connect(bridge)),
    shipyard.visits.next({ message: "initialize" }),
    shipyard.visits.next({ method: "GET" }),
  ]);
  page.gap();
  page.there({ step: "again", left: "initialize", ...bearing(opening, start) });
  page.back({
    left: `revision ${client.getNegotiatedProtocolVersion()}`,
    right: `session ${short(opening.session)}`,
    ms: answered - start,
  });
  if (browser.count !== 1) throw new Error(`the browser was opened ${browser.count} times`);
  const asked = harbourmaster.seen.items.length - before;
  page.notes(`process ${bridge.pid} has opened the vault: no browser, ${asked} requests to the ${OFFICE}`);
  page.nextStep();
}

/** A token that has ended in the middle of a session. */
export async function renew(scene: Scene): Promise<void> {
  const { page, shipyard, harbourmaster, browser, client } = scene;
  harbourmaster.tokens.expireAccess();
  const start = performance.now();
  const [[, answered], refused, renewal, repeated] = await Promise.all([
    timed(client.callTool(QUESTION)),
    shipyard.visits.next({ message: "tools/call", status: 401 }),
    harbourmaster.visits.next({ path: "/token" }),
    shipyard.visits.next({ message: "tools/call", status: 200 }),
  ]);
  page.there({ step: "renew", left: `tools/call ${QUESTION.name}`, ...bearing(refused, start) });
  page.back({ right: `${refused.status}, the token has ended` });
  page.nextStep(OFFICE);
  page.there({ right: "POST, refresh token ...", ms: renewal.at - start });
  page.back({ right: `${renewal.status}, token ..., refresh ...` });
  page.notes(sealed(scene));
  page.nextStep(SHIPYARD.name);
  page.there({ right: bearing(repeated, start).right, ms: repeated.at - start });
  page.back({ left: "result", right: `${repeated.status}, ${repeated.type}`, ms: answered - start });
  if (browser.count !== 1) throw new Error(`the browser was opened ${browser.count} times`);
  page.nextStep();
}

/** Says where the tokens are, once that is true. */
function sealed({ home, harbourmaster }: Scene): string {
  const [leak] = sweep([harbourmaster.tokens.marker], { folders: [home.folder] });
  if (leak !== undefined) throw new Error(`a token stands in ${leak.where} (${leak.form})`);
  const { size } = statSync(join(home.env["MCP_BRIDGE_HOME"]!, "vault.db"));
  return `both sealed in vault.db, ${size.toLocaleString("en")} bytes, in which no token stands in the clear`;
}
