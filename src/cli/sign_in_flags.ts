import type { Flags } from "./command.ts";

/** The flags that say how to sign in. */
export const SIGN_IN_FLAGS = {
  "host": {
    type: "string",
    value: "NAME",
    heading: "sign-in",
    text: "the name of this machine in the callback's address",
  },
  "callback-path": { type: "string", value: "PATH", text: "the path of the callback's address" },
  "auth-success-url": { type: "string", value: "URL", text: "where the browser goes after a sign-in" },
  "auth-timeout": { type: "string", default: "300", value: "SECONDS", text: "how long a person may take to sign in" },
  "resource": {
    type: "string",
    value: "URI",
    mayBeEmpty: true,
    text: "the resource that a token is for, in place of the server's own",
  },
  "disable-resource-parameter": { type: "boolean", text: "name no resource when asking for a token" },
  "authorize-param": {
    type: "string",
    multiple: true,
    value: "KEY=VALUE",
    text: "a further parameter of the authorization request, such as prompt=consent",
  },
  "static-oauth-client-metadata": {
    type: "string",
    value: "JSON",
    text: "what to register instead of our own, such as a scope; or @FILE",
  },
  "static-oauth-client-info": {
    type: "string",
    value: "JSON",
    text: "a client that is registered: client_id, client_secret; or @FILE; ${VAR} is taken from the environment",
  },
  "client-metadata-url": {
    type: "string",
    value: "URL",
    mayBeEmpty: true,
    text: "the document that describes the client, as its id; empty for none",
  },
  "client-credentials": { type: "boolean", text: "sign in as that client, without a person" },
  "token-endpoint": {
    type: "string",
    value: "URL",
    text: "where tokens are asked for, with --client-credentials; nothing is discovered then",
  },
  "device-code": { type: "boolean", text: "let the person use a browser on another machine" },
  "assertion-file": {
    type: "string",
    value: "FILE",
    text: "sign in by the signed word (JWT) of a platform that runs us, in this file",
  },
  "idp-token-endpoint": { type: "string", value: "URL", text: "sign in by the word of this identity provider" },
  "idp-client-info": { type: "string", value: "JSON", text: "who we are to it: client_id, client_secret; or @FILE" },
  "idp-token-file": { type: "string", value: "FILE", text: "the file with the person's id token of it" },
  "provider": {
    type: "string",
    value: "NAME",
    text: "who signs people in for a server that publishes nothing about it: github, google, ...",
  },
  "token-command": {
    type: "string",
    value: "WORDS",
    text: "a program that prints the token, started without a shell",
  },
  "token-lifetime": { type: "string", default: "300", value: "SECONDS", text: "how long that token is used" },
  "use-id-token": { type: "boolean", text: "send the id token in place of the access token" },
  "allow-no-pkce": {
    type: "boolean",
    text: "sign in where nobody promises PKCE: who steals the code on its way can use it",
  },
  "allow-private-network": {
    type: "boolean",
    text: "let a server on the internet lead the sign-in into a network of yours",
  },
} as const satisfies Flags;
