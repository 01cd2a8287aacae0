import { expect, test } from "bun:test";
import { addWords } from "../../../src/registry/add_words.ts";
import type { Input, Listing, Package, Remote } from "../../../src/registry/catalogue.ts";

function listing(name: string, remotes: Partial<Remote>[], packages: Partial<Package>[] = []): Listing {
  return {
    name,
    title: undefined,
    description: "",
    version: "1.0.0",
    remotes: remotes.map((remote) => ({
      type: "streamable-http",
      url: "https://a.example/mcp",
      headers: [],
      ...remote,
    })),
    packages: packages.map((one) => ({
      kind: "npm",
      identifier: "a-mcp",
      version: undefined,
      transport: "stdio",
      variables: [],
      wantsArguments: false,
      ...one,
    })),
  };
}

const secret = (name: string, value?: string): Input => ({ name, value, isSecret: true, isRequired: true });

test.each<[Listing, string | undefined]>([
  [listing("app.linear/linear", [{}]), "add linear https://a.example/mcp"],
  [listing("com.notion/mcp", [{}]), "add notion-mcp https://a.example/mcp"],
  [listing("com.example/weather-mcp-server", [{}]), "add weather https://a.example/mcp"],
  [listing("com.example/list", [{}]), "add list-server https://a.example/mcp"],
  [listing("com.example/42", [{}]), "add server-42 https://a.example/mcp"],
  [listing("a/b", [{ type: "sse" }]), "add b https://a.example/mcp --transport sse-first"],
  [listing("a/b", [{ headers: [secret("X-Key")] }]), "add b https://a.example/mcp --secret-header X-Key"],
  [
    listing("a/b", [{ headers: [secret("Authorization", "Bearer {api key}")] }]),
    "add b https://a.example/mcp --header Authorization: Bearer ${API_KEY_FOR_B}",
  ],
  [
    listing("a/b", [{ headers: [{ ...secret("X-Trace"), isSecret: false, isRequired: false }] }]),
    "add b https://a.example/mcp",
  ],
  [listing("a/b", [], [{ identifier: "@acme/b", version: "1.2.3" }]), "add b -- npx -y @acme/b@1.2.3"],
  [listing("a/b", [], [{ kind: "pypi", identifier: "b-mcp" }]), "add b -- uvx b-mcp"],
  [listing("a/b", [], [{ variables: [secret("API_KEY")] }]), "add b --secret-env API_KEY -- npx -y a-mcp"],
  [listing("a/b", [], [{ kind: "mcpb" }]), undefined],
  [listing("a/b", [], [{ transport: "streamable-http" }]), undefined],
  [listing("a/b", []), undefined],
])("%j is added by %p", (found, words) => expect(addWords(found)?.join(" ")).toBe(words!));

test.each(["${AWS_SECRET_ACCESS_KEY}", "{AWS_SECRET_ACCESS_KEY}", "keychain:linear/key", "a$b"])(
  "a value of a header that a stranger proposes, %p, leads to no secret that the person has",
  (value) => {
    const words = addWords(listing("a/b", [{ headers: [secret("X-Key", value)] }]))!.join(" ");
    expect(words).not.toMatch(/\$\{AWS_SECRET_ACCESS_KEY\}|keychain:/);
  },
);

test.each<[Listing]>([
  [listing("a/b", [{ url: "https://{tenant}.example/mcp" }])],
  [listing("a/b", [{ url: "http://a.example/mcp" }])],
  [listing("a/b", [{ url: "https://a.example/mcp;calc" }])],
  [listing("a/b", [{ url: "https://a.example/$(calc)" }])],
  [listing("a/b", [{ url: "https://me:hunter2@a.example/" }])],
  [listing("a/b", [], [{ identifier: "--call=calc" }])],
  [listing("a/b", [], [{ identifier: "a; calc" }])],
  [listing("a/b", [], [{ version: "1 --call=calc" }])],
])("nothing that could be taken for something else is proposed: %j", (found) => {
  expect(addWords(found)).toBeUndefined();
});
