/** Devices that wait for a person with a browser elsewhere (RFC 8628). */
import { type Grant, Refusal, type TokenFamilies } from "./token_families.ts";

const SLOWER_S = 5;

/** A device that asked. */
export interface Device {
  readonly code: string;
  /** What the person types. */
  readonly userCode: string;
  readonly grant: Grant;
  readonly expires: number;
  /** The least time between two questions, in seconds; grows when the device is too eager. */
  interval: number;
  /** How often it asked for its tokens. */
  polls: number;
  state: "pending" | "approved" | "denied" | "redeemed";
}

/** All devices. */
export class DeviceGrants {
  readonly devices: Device[] = [];
  /** What a device is told at first, in seconds. */
  interval = 1;
  readonly #families: TokenFamilies;
  readonly #asked = new Map<Device, number>();

  constructor(families: TokenFamilies) {
    this.#families = families;
  }

  /** Takes up a device. */
  begin(grant: Grant): Device {
    const letters = crypto.randomUUID().toUpperCase();
    const device: Device = {
      code: this.#families.secret("device"),
      userCode: `${letters.slice(0, 4)}-${letters.slice(9, 13)}`,
      grant,
      expires: this.#families.now() + this.#families.lifetimes.device * 1_000,
      interval: this.interval,
      polls: 0,
      state: "pending",
    };
    this.devices.push(device);
    return device;
  }

  /** What the person decides; gives whether somebody waits for it. */
  decide(userCode: string | null, state: "approved" | "denied" = "approved"): boolean {
    const device = this.devices.find((candidate) => candidate.userCode === userCode && candidate.state === "pending");
    if (device === undefined) return false;
    device.state = state;
    return true;
  }

  /**
   * The grant that the person gave.
   *
   * @throws {Refusal} `authorization_pending`, `slow_down`, `access_denied`, `expired_token`, `invalid_grant`
   */
  redeem(code: string, client: string): Grant {
    const device = this.devices.find((candidate) => candidate.code === code);
    if (device === undefined || device.grant.client !== client || device.state === "redeemed") {
      throw new Refusal("invalid_grant", "the device code is unknown or spent");
    }
    device.polls++;
    const now = this.#families.now();
    const asked = this.#asked.get(device);
    this.#asked.set(device, now);
    if (device.expires <= now) throw new Refusal("expired_token", "the device code has expired");
    if (asked !== undefined && now - asked < device.interval * 1_000) {
      device.interval += SLOWER_S;
      throw new Refusal("slow_down", `ask every ${device.interval} s`);
    }
    if (device.state === "denied") throw new Refusal("access_denied", "the person said no");
    if (device.state === "pending") throw new Refusal("authorization_pending", "the person has not decided");
    device.state = "redeemed";
    return device.grant;
  }
}
