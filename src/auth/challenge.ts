/** One challenge of a `WWW-Authenticate` header (RFC 9110, 11.6.1). */
export interface Challenge {
  /** In small letters. */
  readonly scheme: string;
  /** The credentials-like text that some schemes have in place of parameters. */
  readonly token68?: string;
  /** By name in small letters; of parameters that come twice, the first. */
  readonly params: ReadonlyMap<string, string>;
}

/** What a server demands of whoever wants in (RFC 6750, 3; RFC 9449, 7.1; RFC 9728, 5.1). */
export interface AuthChallenge {
  readonly scheme: "bearer" | "dpop";
  /** Where the server says who may sign people in; not judged yet. */
  readonly resourceMetadata?: string;
  /** Scopes that are needed, divided by single spaces. */
  readonly scope?: string;
  /** Such as `invalid_token` or `insufficient_scope`. */
  readonly error?: string;
  readonly errorDescription?: string;
}

// Sticky, and without nested repetition: each looks at a character once.
const GAP = /[ \t,]*/y;
const BLANK = /[ \t]*/y;
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*/y;
/** Unquoted values hold addresses now and then, which no token may. */
const UNQUOTED = /[^\s,"]+/y;
const NEXT_NAME = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*=/y;
const QUOTED = /"(?:[^"\\]|\\.)*"/sy;

/** RFC 6749, 3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+(?: +[\x21\x23-\x5b\x5d-\x7e]+)*$/;

/**
 * Reads all challenges of an answer, of one header line or several. What is not written as RFC 9110 has it is passed
 * over up to the next comma. Never throws, and takes time in proportion to the length.
 */
export function parseChallenges(headers: Headers): Challenge[] {
  const text = headers.get("www-authenticate") ?? "";
  const challenges: { scheme: string; token68?: string; params: Map<string, string> }[] = [];
  let at = 0;

  function take(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  }
  function atEnd(): boolean {
    return at === text.length || text[at] === ",";
  }
  function skipElement(): void {
    while (!atEnd()) {
      if (text[at] !== '"') at++;
      else if (take(QUOTED) === undefined) at = text.length;
    }
  }
  /** A parameter may follow without the comma, as some servers have it. */
  function endValue(): void {
    take(BLANK);
    NEXT_NAME.lastIndex = at;
    if (!NEXT_NAME.test(text)) skipElement();
  }
  /** The text behind a scheme, if it is no parameter; otherwise nothing is taken. */
  function takeToken68(): string | undefined {
    const start = at;
    const found = take(TOKEN68);
    take(BLANK);
    if (found !== undefined && atEnd()) return found;
    at = start;
    return undefined;
  }

  for (take(GAP); at < text.length; take(GAP)) {
    let name = take(TOKEN);
    if (name === undefined) {
      skipElement();
      continue;
    }
    const blanks = take(BLANK)!;
    if (text[at] !== "=") {
      if (blanks === "" && !atEnd()) {
        skipElement();
        continue;
      }
      const challenge: typeof challenges[number] = { scheme: name.toLowerCase(), params: new Map() };
      challenges.push(challenge);
      if (atEnd()) continue;
      const token68 = takeToken68();
      if (token68 !== undefined) {
        challenge.token68 = token68;
        continue;
      }
      name = take(TOKEN);
      take(BLANK);
      if (name === undefined || text[at] !== "=") {
        skipElement();
        continue;
      }
    }
    at++;
    take(BLANK);
    const value = text[at] === '"' ? take(QUOTED)?.slice(1, -1).replace(/\\(.)/gs, "$1") : take(UNQUOTED);
    const { params } = challenges.at(-1) ?? {};
    if (value !== undefined && params?.has(name.toLowerCase()) === false) params.set(name.toLowerCase(), value);
    endValue();
  }
  return challenges;
}

/**
 * The challenge that concerns us: of those for bearer tokens the one that names an error, otherwise the one that says
 * most; DPoP where nothing else will do. Parameters that are not written as their RFC has them are left out.
 */
export function authChallenge(headers: Headers): AuthChallenge | undefined {
  const known = parseChallenges(headers).flatMap(readChallenge);
  const best = known.toSorted((one, other) => worth(other) - worth(one))[0];
  const resourceMetadata = known.find((challenge) => challenge.resourceMetadata !== undefined)?.resourceMetadata;
  if (best === undefined || best.resourceMetadata !== undefined || resourceMetadata === undefined) return best;
  return { ...best, resourceMetadata };
}

function readChallenge({ scheme, params }: Challenge): AuthChallenge[] {
  if (scheme !== "bearer" && scheme !== "dpop") return [];
  const scope = params.get("scope")?.trim();
  const error = params.get("error");
  const said = {
    resourceMetadata: params.get("resource_metadata"),
    scope: scope !== undefined && SCOPE.test(scope) ? scope.replace(/ +/g, " ") : undefined,
    error: error !== undefined && SCOPE.test(error) ? error : undefined,
    errorDescription: params.get("error_description"),
  };
  const present = Object.entries(said).filter(([, value]) => value !== undefined && value !== "");
  return [{ scheme, ...Object.fromEntries(present) }];
}

function worth(challenge: AuthChallenge): number {
  const { scheme, error, resourceMetadata, scope } = challenge;
  return (scheme === "bearer" ? 8 : 0) + (error === undefined ? 0 : 4) + (resourceMetadata === undefined ? 0 : 2) +
    (scope === undefined ? 0 : 1);
}
