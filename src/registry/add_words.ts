import type { Input, Listing, Package, Remote } from "./catalogue.ts";
import { nameFault, slugOf } from "./names.ts";

/**
 * The words behind `mcp-bridge` that add a server which a registry knows; nothing where it names no way that we can go.
 * All in them is foreign: nothing that a shell, `mcp-bridge` or the program could take for something else is let in.
 */
export function addWords(listing: Listing): string[] | undefined {
  const name = proposedName(listing.name);
  const remote = listing.remotes.find(({ type, url }) => /^(?:streamable-http|sse)$/.test(type) && isPlainUrl(url));
  if (remote !== undefined) return remoteWords(name, remote);
  for (const program of listing.packages) {
    const words = programWords(program);
    if (words !== undefined) return ["add", name, ...variableWords(program), "--", ...words];
  }
  return undefined;
}

/** `linear` for `app.linear/linear`, `acme-mcp` for `io.github.acme/mcp`. */
function proposedName(name: string): string {
  const [space = "", own = ""] = name.split("/");
  const short = slugOf(own).replace(/^(?:mcp-)?(?:server-)?|(?:-mcp)?(?:-server)?$/g, "");
  const slug = short === "" || short === "mcp" ? slugOf(`${space.split(".").at(-1)} ${own}`) : short;
  return nameFault(slug, new Map())?.proposal ?? slug;
}

function remoteWords(name: string, { url, type, headers }: Remote): string[] {
  return [
    "add",
    name,
    url,
    ...(type === "sse" ? ["--transport", "sse-first"] : []),
    ...headers.filter(isWanted).flatMap(({ name: header, value }) =>
      value === undefined || /[$]|^keychain:/.test(value)
        ? ["--secret-header", header]
        : ["--header", `${header}: ${value.replace(/\{([^{}]*)\}/g, (_, inner: string) => variableFor(inner, name))}`]
    ),
  ];
}

/** A variable that nobody has yet: what a stranger names may be the name of another secret of the person's. */
function variableFor(text: string, server: string): string {
  return `\${${variableOf(text)}_FOR_${variableOf(server)}}`;
}

function programWords({ kind, identifier, version, transport }: Package): string[] | undefined {
  if (transport !== "stdio" || !/^[@A-Za-z0-9][\w@./:-]*$/.test(identifier)) return undefined;
  if (version !== undefined && !/^[A-Za-z0-9][\w.+-]*$/.test(version)) return undefined;
  switch (kind) {
    case "npm":
      return ["npx", "-y", version === undefined ? identifier : `${identifier}@${version}`];
    case "pypi":
      return ["uvx", version === undefined ? identifier : `${identifier}@${version}`];
  }
  return undefined;
}

function variableWords({ variables }: Package): string[] {
  return variables.filter(isWanted).flatMap(({ name, isSecret }) =>
    isSecret ? ["--secret-env", name] : ["--env", `${name}=\${${variableOf(name)}}`]
  );
}

function isWanted({ name, isRequired, isSecret }: Input): boolean {
  return (isRequired || isSecret) && /^[A-Za-z][\w-]*$/.test(name);
}

function isPlainUrl(text: string): boolean {
  return /^https:\/\/[\w.-]+(?::\d+)?(?:[/?][\w./~%@:=&?+-]*)?$/.test(text) && URL.canParse(text);
}

function variableOf(text: string): string {
  const name = text.toUpperCase().replace(/[^A-Z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  return /^[A-Z]/.test(name) ? name : `VALUE_${name}`;
}
