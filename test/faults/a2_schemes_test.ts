/** Addresses that are programs, files or documents, in every place where a server names an address. */
import { describe, expect, test } from "bun:test";
import { discover } from "../../src/auth/discover.ts";
import { failureOf, ISSUER, METADATA, metadataOf, PRM, resourceOf, SERVER, toolsOf } from "../unit/auth/rig.ts";

const SCHEMES: readonly string[] = [
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "java\tscript:alert(1)",
  " javascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "file:///etc/passwd",
  "FILE://server/share",
  "vbscript:msgbox(1)",
  "ms-msdt:/id PCWDiagnostic",
  "ms-settings:privacy",
  "search-ms:query=x&crumb=location:\\\\evil",
  "x-apple.systempreferences:com.apple.preference",
  "blob:https://as.example.com/1",
  "view-source:https://as.example.com/",
];

const ENDPOINTS: readonly string[] = [
  "authorization_endpoint",
  "token_endpoint",
  "registration_endpoint",
  "revocation_endpoint",
  "device_authorization_endpoint",
];

describe.each(ENDPOINTS)("as %s", (field) => {
  test.each(SCHEMES)("%j is refused, and nothing is asked any more", async (address) => {
    const tools = toolsOf({ [PRM]: resourceOf(), [METADATA]: metadataOf({ [field]: address }) });
    const failure = await failureOf(discover(SERVER, undefined, tools));
    expect([failure.code, failure.message.includes(field)]).toEqual(["unsafe_address", true]);
    expect(tools.wire.urls).toEqual([PRM, METADATA]);
  });
});

describe("as resource_metadata of the challenge", () => {
  test.each(SCHEMES)("%j is refused, and nobody is asked", async (address) => {
    const tools = toolsOf({});
    const failure = await failureOf(discover(SERVER, { scheme: "bearer", resourceMetadata: address }, tools));
    expect([failure.code, tools.wire.urls]).toEqual(["unsafe_address", []]);
  });
});

describe("as authorization server", () => {
  test.each(SCHEMES)("%j is refused, and is not asked", async (address) => {
    const tools = toolsOf({ [PRM]: resourceOf({ "authorization_servers": [address] }) });
    const failure = await failureOf(discover(SERVER, undefined, tools));
    expect([failure.code, tools.wire.urls]).toEqual(["unsafe_address", [PRM]]);
  });
});

describe("as issuer", () => {
  test.each(SCHEMES)("%j is another one", async (address) => {
    const tools = toolsOf({ [PRM]: resourceOf(), [METADATA]: metadataOf({ issuer: address }) });
    const failure = await failureOf(discover(SERVER, undefined, tools));
    expect(failure.code).toBe("bad_metadata");
    expect(tools.wire.urls.every((url) => url === PRM || url.startsWith(ISSUER))).toBe(true);
  });
});
