/**
 * mcp-remote's arguments about signing in: both programs are told the same, each signs in at a world of its own, and both
 * ask the authorization server and the server for the same.
 */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Executable, type Message, outcomeOf } from "../harness/executable.ts";
import type { AsRequest } from "../harness/fake_as.ts";
import { freePort } from "../harness/free_port.ts";
import { McpRemote } from "../harness/mcp_remote.ts";
import { SignInScene } from "../harness/sign_in_scene.ts";

const SECRET = "hunter2";

/** What a program has asked for on its way in. */
interface Asked {
  /** Of the authorization request, where there was one. */
  readonly authorize: URLSearchParams;
  /** Where the browser came back to. */
  readonly redirect: URL | undefined;
  /** What was registered; nothing where nobody was. */
  readonly registered: Message | undefined;
  /** The last form that went to the token endpoint. */
  readonly token: AsRequest;
  /** The places of the authorization server that were asked, each once. */
  readonly places: readonly string[];
  /** The last credential that the server got to see. */
  readonly bearer: string;
  readonly scene: SignInScene;
}

/** What the world is to be like, and what both programs are told in it. */
type World = (scene: SignInScene) => readonly string[] | Promise<readonly string[]>;

/** Has each program sign in, and `look` at what it asked. */
async function both(world: World, look: (asked: Asked, who: "ours" | "theirs") => void | Promise<void>): Promise<void> {
  for (const who of ["theirs", "ours"] as const) {
    using scene = new SignInScene();
    const words = [scene.server.url, ...await world(scene)];
    const env = { ...scene.home.env, ...scene.browser.env, MY_SECRET: SECRET };
    await using program = who === "ours" ? new Executable({ env }, ...words) : new McpRemote(env, ...words);
    expect((await program.initialize()).result?.serverInfo.name).toBe("fake");
    await look(askedAt(scene), who);
  }
}

function askedAt(scene: SignInScene): Asked {
  const { as, server } = scene;
  const authorize = as.asked("authorize").at(-1)?.parameters ?? new URLSearchParams();
  const registration = as.asked("register").at(-1);
  const redirect = authorize.get("redirect_uri");
  return {
    authorize,
    redirect: redirect === null ? undefined : new URL(redirect),
    registered: registration === undefined ? undefined : JSON.parse(registration.text),
    token: as.asked("token").at(-1)!,
    places: [...new Set(as.seen.items.map(({ endpoint }) => endpoint))],
    bearer: server.bearings.items.findLast(({ token }) => token !== undefined)!.token!,
    scene,
  };
}

/** A client that was registered by hand. */
function registerByHand(
  { as }: SignInScene,
  redirect: string,
  secret?: string,
  method = secret === undefined ? "none" : "client_secret_post",
): void {
  as.clients.set("by-hand", {
    "client_id": "by-hand",
    "redirect_uris": [redirect],
    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    "token_endpoint_auth_method": method,
    ...(secret === undefined ? {} : { "client_secret": secret }),
  });
}

describe("where the browser comes back to", () => {
  test("a callback port is used as it is, at the name that mcp-remote has had registered", async () => {
    const port = await freePort();
    await both(() => [String(port)], ({ redirect }) => {
      expect(redirect!.href).toBe(`http://localhost:${port}/oauth/callback`);
    });
  }, 60_000);

  test("--host is the name of this machine there", async () => {
    const port = await freePort();
    await both(() => [String(port), "--host", "127.0.0.1"], ({ redirect }) => {
      expect(redirect!.href).toBe(`http://127.0.0.1:${port}/oauth/callback`);
    });
  }, 60_000);

  test("--callback-path is the path there", async () => {
    await both(() => ["--callback-path", "/custom/callback"], ({ redirect, registered }) => {
      expect(redirect!.pathname).toBe("/custom/callback");
      expect(registered!.redirect_uris).toEqual([redirect!.href]);
    });
  }, 60_000);

  test("--auth-success-url is where it goes from there, with nothing added", async () => {
    using done = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("done") });
    const url = `http://127.0.0.1:${done.port}/connected`;
    await both(() => ["--auth-success-url", url], async ({ scene }) => {
      const { way, page } = await scene.browser.visits.find(() => true);
      expect([way.at(-1), page!.text]).toEqual([url, "done"]);
    });
  }, 60_000);
});

describe("what a token is for", () => {
  test("--resource is named in both requests", async () => {
    const resource = "https://tenant1.example.net/";
    await both((scene) => {
      scene.server.audience = resource;
      return ["--resource", resource];
    }, ({ authorize, token }) => {
      expect([authorize.get("resource"), token.parameters.get("resource")]).toEqual([resource, resource]);
    });
  }, 60_000);

  test("--disable-resource-parameter and an empty --resource name none", async () => {
    for (const words of [["--disable-resource-parameter"], ["--resource", ""]]) {
      await both((scene) => {
        scene.server.audience = undefined;
        return words;
      }, ({ authorize, token }) => {
        expect([authorize.get("resource"), token.parameters.get("resource")]).toEqual([null, null]);
      });
    }
  }, 60_000);

  test("--authorize-param goes with the authorization request alone", async () => {
    const words = ["--authorize-param", "prompt=consent", "--authorize-param", "audience=https://a.example/?b=c"];
    await both(() => words, ({ authorize, token }) => {
      expect([authorize.get("prompt"), authorize.get("audience")]).toEqual(["consent", "https://a.example/?b=c"]);
      expect([token.parameters.get("prompt"), token.parameters.get("audience")]).toEqual([null, null]);
    });
  }, 60_000);

  test("--use-id-token shows the server the id token", async () => {
    const words = ["--use-id-token", "--static-oauth-client-metadata", '{"scope":"openid email"}'];
    for (const who of ["theirs", "ours"] as const) {
      using scene = new SignInScene();
      const env = { ...scene.home.env, ...scene.browser.env };
      const all = [scene.server.url, ...words];
      await using _program = who === "ours" ? new Executable({ env }, ...all) : new McpRemote(env, ...all);
      void _program.initialize().catch(() => {});
      // The server takes none of them: what counts is what it saw.
      const { token } = await scene.server.bearings.find(({ token }) => token !== undefined, 0, 30_000);
      expect(JSON.parse(Buffer.from(token!.split(".")[0]!, "base64url").toString()).alg).toBe("ES256");
    }
  }, 60_000);
});

describe("who asks", () => {
  test(
    "--static-oauth-client-metadata takes the place of what would be registered, and its scope is asked for",
    async () => {
      await both(() => ["--static-oauth-client-metadata", '{"scope":"a b","client_name":"Mine"}'], (asked) => {
        const { registered, authorize } = asked;
        expect([registered!.client_name, registered!.scope]).toEqual(["Mine", "a b"]);
        expect(authorize.get("scope")).toBe("a b");
      });
    },
    60_000,
  );

  test("--static-oauth-client-metadata is read from a file as well", async () => {
    await both(({ home }) => {
      const file = join(home.folder, "metadata.json");
      writeFileSync(file, '{"scope":"a"}');
      return ["--static-oauth-client-metadata", `@${file}`];
    }, ({ authorize }) => expect(authorize.get("scope")).toBe("a"));
  }, 60_000);

  test("--static-oauth-client-info is the client: nobody is registered", async () => {
    const port = await freePort();
    await both((scene) => {
      scene.as.clients.anyPort = false;
      registerByHand(scene, `http://localhost:${port}/oauth/callback`);
      return [String(port), "--static-oauth-client-info", '{"client_id":"by-hand"}'];
    }, ({ authorize, registered }) => {
      expect([authorize.get("client_id"), registered]).toEqual(["by-hand", undefined]);
    });
  }, 60_000);

  test("--static-oauth-client-info with a secret of the environment shows it, and from a file, too", async () => {
    const info = '{"client_id":"by-hand","client_secret":"${MY_SECRET}"}';
    for (const isFile of [false, true]) {
      const port = await freePort();
      await both((scene) => {
        scene.as.metadata.token_endpoint_auth_methods_supported = ["client_secret_post"];
        registerByHand(scene, `http://localhost:${port}/oauth/callback`, SECRET);
        const file = join(scene.home.folder, "client.json");
        writeFileSync(file, info);
        return [String(port), "--static-oauth-client-info", isFile ? `@${file}` : info];
      }, ({ token }) => {
        const { parameters } = token;
        expect([parameters.get("client_id"), parameters.get("client_secret")]).toEqual(["by-hand", SECRET]);
      });
    }
  }, 60_000);

  test("--client-metadata-url is the client where the server reads such documents", async () => {
    const document = "https://client.example.com/doc";
    const port = await freePort();
    await both((scene) => {
      scene.as.metadata.client_id_metadata_document_supported = true;
      scene.as.clients.documents.set(document, {
        "client_id": document,
        "client_name": "Mine",
        "redirect_uris": [`http://localhost:${port}/oauth/callback`],
      });
      scene.as.clients.anyPort = false;
      return [String(port), "--client-metadata-url", document];
    }, ({ authorize, registered }) => {
      expect([authorize.get("client_id"), registered]).toEqual([document, undefined]);
    });
  }, 60_000);

  test("--client-metadata-url is passed over where the server does not", async () => {
    await both(() => ["--client-metadata-url", "https://client.example.com/doc"], ({ registered }) => {
      expect(registered).toBeDefined();
    });
  }, 60_000);
});

describe("without a person at this machine", () => {
  const info = '{"client_id":"by-hand","client_secret":"${MY_SECRET}"}';

  test("--client-credentials signs the client in, and opens no page", async () => {
    await both((scene) => {
      registerByHand(scene, "http://localhost/", SECRET, "client_secret_basic");
      return ["--client-credentials", "--static-oauth-client-info", info];
    }, ({ token, scene }) => {
      expect([token.parameters.get("grant_type"), scene.browser.count]).toEqual(["client_credentials", 0]);
      expect(token.parameters.get("resource")).toBe(scene.server.url);
    });
  }, 60_000);

  test("--token-endpoint is asked without any discovery", async () => {
    await both((scene) => {
      registerByHand(scene, "http://localhost/", SECRET);
      scene.server.audience = undefined;
      const method = '{"token_endpoint_auth_method":"client_secret_post"}';
      const given = ["--static-oauth-client-info", info, "--static-oauth-client-metadata", method];
      return ["--client-credentials", "--token-endpoint", `${scene.as.issuer}/token`, ...given];
    }, ({ token, places }) => {
      expect([token.parameters.get("grant_type"), places]).toEqual(["client_credentials", ["token"]]);
    });
  }, 60_000);

  test("--device-code shows where to go, and polls until somebody has been there", async () => {
    for (const who of ["theirs", "ours"] as const) {
      using scene = new SignInScene();
      const env = { ...scene.home.env, ...scene.browser.env };
      const words = [scene.server.url, "--device-code"];
      await using program = who === "ours" ? new Executable({ env }, ...words) : new McpRemote(env, ...words);
      const answer = program.initialize();
      const line = await program.stderr.find((text) => /\b[A-Z0-9]{4}-[A-Z0-9]{4}\b/.test(text), 0, 30_000);
      scene.as.devices.decide(/\b[A-Z0-9]{4}-[A-Z0-9]{4}\b/.exec(line)![0]);
      expect((await answer).result.serverInfo.name).toBe("fake");
      expect(scene.browser.count).toBe(0);
    }
  }, 60_000);
});

test("--auth-timeout ends the wait for a person", async () => {
  using scene = new SignInScene();
  scene.browser.hold();
  const env = { ...scene.home.env, ...scene.browser.env };
  const { stderr, exitCode } = await outcomeOf({ env }, "login", scene.server.url, "--auth-timeout", "1");
  expect(stderr).toContain("error: nobody signed in within 1 s");
  expect(exitCode).not.toBe(0);
}, 60_000);
