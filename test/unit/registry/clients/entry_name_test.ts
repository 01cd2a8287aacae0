import { describe, expect, test } from "bun:test";
import { nameOfAddress } from "../../../../src/registry/clients/entry_name.ts";

describe("the name of a server by its address", () => {
  const NAMES: readonly (readonly [url: string, name: string])[] = [
    ["https://mcp.linear.app/mcp", "linear"],
    ["https://linear.app/mcp", "linear"],
    ["https://www.example.com", "example"],
    ["https://api.githubcopilot.com/mcp/", "githubcopilot"],
    ["https://mcp.shop.example.co.uk/sse", "example"],
    ["http://localhost:3000/mcp", "localhost-3000"],
    ["http://127.0.0.1:3000/mcp", "server-127-0-0-1-3000"],
    ["http://[::1]:3000/mcp", "server-1-3000"],
    ["https://install.dev/mcp", "install-server"],
    ["https://mcp.com/", "mcp-com"],
    ["wss://xn--bcher-kva.example/", "xn-bcher-kva"],
  ];
  for (const [url, name] of NAMES) {
    test(`is ${name} for ${url}`, () => expect(nameOfAddress(new URL(url))).toBe(name));
  }
});
