import type { Budget } from "../../platform/budget.ts";
import { type Clock, pause } from "../../platform/clock.ts";
import { BridgeError, quoted, toBridgeError } from "../../platform/errors.ts";
import type { Notify } from "../../platform/notice.ts";
import type { LocalEnd } from "../../transport/channel.ts";
import type { MalformedMessage } from "../../transport/malformed_message.ts";
import type { Message } from "../../transport/message.ts";
import { idKey } from "../../transport/message_id.ts";
import { resultAnswer } from "../answers.ts";
import { LIST_MEMBERS } from "../list_answer.ts";
import { LOG_LEVELS } from "../log_levels.ts";
import type { ClientListener } from "../stage.ts";
import { malformedAnswer, oversizeAnswer } from "../unreadable.ts";
import { Absences } from "./absences.ts";
import { Branch, type MergedServer } from "./branch.ts";
import { Directory } from "./directory.ts";
import { discover } from "./discover.ts";
import type { UnderWay } from "./fan_out.ts";
import { forward } from "./forward.ts";
import { FromServers } from "./from_servers.ts";
import { Greeting } from "./greeting.ts";
import { cursorOf, Lists } from "./lists.ts";
import { Listens } from "./listens.ts";
import { listChanged } from "./listen_set.ts";
import { News } from "./news.ts";
import { mergedInitializeResult, type ServerInfo } from "./offers.ts";
import { type OpenRequest, OpenRequests } from "./open_requests.ts";
import { Questions } from "./questions.ts";
import { Router } from "./router.ts";
import { checkSlugs } from "./slugs.ts";

/** What putting several servers behind one client needs. */
export interface MergedServersOptions {
  readonly client: LocalEnd;
  /** In the order in which their lists come. */
  readonly servers: readonly MergedServer[];
  readonly clock: Clock;
  readonly budget: Budget;
  readonly notify: Notify;
  /** Who we are to the client; the name stands in our errors too. */
  readonly serverInfo?: ServerInfo;
}

/**
 * Several servers behind one client, which sees one server that has what all of them have, under names that say whose
 * it is. Each request of the client gets exactly one answer, whatever the servers do.
 */
export class MergedServers implements ClientListener {
  readonly #options: MergedServersOptions;
  readonly #info: ServerInfo;
  /** The same array all the time, since others look at it. */
  readonly #branches: Branch[] = [];
  readonly #fromServers: FromServers;
  readonly #news: News;
  readonly #greeting = new Greeting();
  readonly #open: OpenRequests;
  readonly #questions = new Questions();
  readonly #router: Router;
  readonly #lists: Lists;
  readonly #absences: Absences;
  readonly #listens: Listens;
  #isOver = false;

  /** @throws {BridgeError} `bad_argument` for slugs that are none, or that stand there twice. */
  constructor(options: MergedServersOptions) {
    const { client, clock, budget, notify } = options;
    this.#options = options;
    this.#info = options.serverInfo ?? { name: "mcp-bridge", version: "unknown" };
    const { name } = this.#info;
    const news = new News(client);
    this.#news = news;
    this.#absences = new Absences(notify);
    this.#open = new OpenRequests(client, name);
    const branches = this.#branches;
    const directory = new Directory();
    this.#lists = new Lists({
      name,
      clock,
      budget,
      absences: this.#absences,
      directory,
      onmissed: (kind) => {
        if (this.#greeting.hasBegun) news.say(listChanged(kind));
        this.#listens.announce(kind);
      },
    });
    this.#router = new Router({ branches, directory, lists: this.#lists });
    this.#listens = new Listens({
      name,
      branches,
      clock,
      say: (message, causedBy) => client.send(message, causedBy),
      announce: (message, causedBy) => news.say(message, causedBy),
      onrefused: ({ slug }, cause) => this.#absences.tell(slug, cause),
    });
    this.#fromServers = new FromServers({ client, news, questions: this.#questions, listens: this.#listens });
    this.#put(options.servers, new Map(), new Set());
  }

  /**
   * Puts other servers in place; those of the same slug stay, with their sessions, but for those of `changed`. What
   * the others have not answered gets an error, and the client is told that the lists are others.
   *
   * @throws {BridgeError} `bad_argument` for slugs that are none, or that stand there twice.
   */
  replace(servers: readonly MergedServer[], changed: ReadonlySet<string>): void {
    const before = new Map(this.#branches.map((branch) => [branch.slug, branch]));
    const kept = servers.filter(({ slug }) => before.has(slug) && !changed.has(slug)).map(({ slug }) => slug);
    this.#put(servers, before, new Set(kept));
    this.#listens.replaced();
    for (const [slug, branch] of before) if (!kept.includes(slug)) this.#dismiss(branch);
    if (kept.length === servers.length && kept.length === before.size) return;
    for (const kind of ["tools", "prompts", "resources"] as const) {
      if (this.#greeting.hasBegun) this.#news.say(listChanged(kind));
      this.#listens.announce(kind);
    }
  }

  #dismiss(branch: Branch): void {
    void branch.leave(0);
    this.#lists.forget(branch.slug);
    this.#absences.back(branch.slug);
    for (const cancel of this.#questions.gone(branch)) void this.#options.client.send(cancel);
  }

  /** Those of `kept` stay as they are, of the others there is a new one. */
  #put(servers: readonly MergedServer[], before: ReadonlyMap<string, Branch>, kept: ReadonlySet<string>): void {
    checkSlugs(servers.map(({ slug }) => slug));
    const { clock, budget, notify } = this.#options;
    const branches = servers.map((server) => {
      if (kept.has(server.slug)) return before.get(server.slug)!;
      const branch = new Branch({
        server,
        clock,
        budget,
        notify,
        onmessage: (from, message, causedBy) =>
          this.#isOver ? undefined : this.#fromServers.take(from, message, causedBy),
        onarrived: (from) => this.#lists.arrived(from),
      });
      this.#greeting.repeatTo(branch.presence);
      return branch;
    });
    this.#branches.splice(0, this.#branches.length, ...branches);
  }

  fromClient(message: Message): Promise<void> | undefined {
    if (this.#isOver) return undefined;
    if (message.kind === "response") return this.#questions.answer(message);
    if (message.kind === "notification") return this.#notified(message);
    const request = this.#open.add(message);
    return request && this.#requested(request);
  }

  /** The client sent a line that is no message. */
  malformed(fault: MalformedMessage): void {
    const isInFlight = fault.id !== undefined && this.#open.has(idKey(fault.id));
    void this.#options.client.send(malformedAnswer(fault, isInFlight, this.#info.name));
  }

  /** The client sent a message beyond the limit of bytes. */
  oversize(id: string | undefined, limit: number): void {
    void this.#options.client.send(oversizeAnswer(id, limit, this.#info.name));
  }

  /** Ends: waits up to `patience` ms for answers that are on their way, then gives the rest up. */
  async leave(patience: number): Promise<void> {
    await Promise.race([this.#open.drained(), pause(this.#options.clock, patience)]);
    this.#listens.stop();
    this.#lists.stop();
    this.#open.failAll(new BridgeError("closing", "the bridge is ending"));
    this.#isOver = true;
    await Promise.all(this.#branches.map((branch) => branch.leave(0)));
  }

  #requested(request: OpenRequest): Promise<void> | undefined {
    const { message } = request;
    const method = message.method!;
    if (LIST_MEMBERS.has(method)) return this.#list(request);
    switch (method) {
      case "initialize":
        return this.#initialize(request);
      case "ping":
        return this.#open.answer(request, resultAnswer(message.id!, "{}"));
      case "logging/setLevel":
        return this.#setLevel(request);
      case "server/discover": {
        const { clock } = this.#options;
        const parts = { branches: [...this.#branches], clock, absences: this.#absences, serverInfo: this.#info };
        return this.#follow(request, discover(message, parts));
      }
      case "subscriptions/listen":
        return this.#listen(request);
      default:
        return forward(request, { open: this.#open, router: this.#router });
    }
  }

  #notified(message: Message): Promise<void> | undefined {
    switch (message.method) {
      case "notifications/cancelled": {
        const id = message.param("requestId");
        if (id !== undefined) this.#open.cancel(idKey(id), message);
        return undefined;
      }
      case "notifications/initialized":
        this.#greeting.confirm(message);
        for (const { presence } of this.#branches) presence.confirm(message);
        return undefined;
      case "notifications/progress":
        return this.#questions.progressed(message);
      default:
        for (const branch of this.#branches) if (branch.presence.isOpen) void branch.tell(message);
        return undefined;
    }
  }

  /** The client waits for no server. */
  #initialize(request: OpenRequest): undefined {
    const { message } = request;
    this.#greeting.begin(message);
    void this.#open.answer(request, mergedInitializeResult(message, this.#info));
    for (const { presence } of this.#branches) presence.greet(message);
  }

  /** What servers say to it is not the client's matter: those that come later hear of it too. */
  #setLevel(request: OpenRequest): Promise<void> | undefined {
    const { message } = request;
    if (!LOG_LEVELS.includes(message.stringParam("level") ?? "")) {
      const error = new BridgeError("not_offered", `no level of the log is called ${message.param("level")}`, {
        hint: `the levels are ${LOG_LEVELS.join(", ")}`,
      });
      return this.#open.fail(request, error);
    }
    const answered = this.#open.answer(request, resultAnswer(message.id!, "{}"));
    this.#greeting.setLevel(message);
    for (const { presence } of this.#branches) presence.setLevel(message);
    return answered;
  }

  #list(request: OpenRequest): Promise<void> | undefined {
    const cursor = cursorOf(request.message);
    if (cursor !== undefined && cursor !== "") {
      return this.#open.fail(request, new BridgeError("not_offered", `there is no page ${quoted(cursor)}`));
    }
    return this.#follow(request, this.#lists.ask(request.message, [...this.#branches]));
  }

  #listen(request: OpenRequest): undefined {
    const { key } = request.message;
    request.giveUp = (notification) => this.#listens.cancel(key, notification);
    this.#listens.begin(request.message, (answer) => void this.#open.answer(request, answer));
  }

  #follow(request: OpenRequest, { answer, cancel }: UnderWay): undefined {
    request.giveUp = cancel;
    answer.then(
      (message) => this.#open.answer(request, message),
      (thrown) => this.#open.fail(request, toBridgeError(thrown)),
    );
  }
}
