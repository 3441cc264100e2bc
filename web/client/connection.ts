// SPDX-License-Identifier: Apache-2.0
// One WebSocket that comes back: it subscribes, resumes where it was, and gives
// up only where the server says that trying again is of no use.
import type { Envelope } from "./messages";

export type ConnectionState = "connecting" | "live" | "waiting" | "ended";

export interface ConnectionOptions {
  url: string;
  topics: string[];
  onMessage(message: Envelope): void;
  /** reason is given with "waiting" and "ended". */
  onState(state: ConnectionState, reason?: string): void;
}

const PROTOCOL = "sightline.v1.json";
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 15_000;
/** The server pings every 30 s and says so in heartbeats of its own. */
const SILENCE_MS = 75_000;

/** Close codes from 3500 to 3999 are final: the token, the role, the origin. */
const isFinal = (code: number) => code >= 3500 && code <= 3999;

export class Connection {
  private socket: WebSocket | null = null;
  private cursor: string | null = null;
  private attempts = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watchdog: ReturnType<typeof setTimeout> | undefined;
  private advice: { reason?: string; retryMs?: number } = {};
  private stopped = false;

  constructor(private readonly options: ConnectionOptions) {}

  start(): void {
    this.stopped = false;
    this.connect();
    document.addEventListener("visibilitychange", this.onVisible);
    window.addEventListener("online", this.onVisible);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.watchdog);
    document.removeEventListener("visibilitychange", this.onVisible);
    window.removeEventListener("online", this.onVisible);
    this.socket?.close(1000);
    this.socket = null;
  }

  /** A tab that wakes up does not wait for its back-off. */
  private onVisible = (): void => {
    if (document.visibilityState === "visible" && !this.socket && !this.stopped) {
      this.attempts = 0;
      clearTimeout(this.timer);
      this.connect();
    }
  };

  private connect(): void {
    const socket = new WebSocket(this.options.url, [PROTOCOL]);
    this.socket = socket;
    this.advice = {};
    this.options.onState("connecting");
    socket.onopen = () => {
      const since = this.cursor ? { since: this.cursor } : {};
      socket.send(
        JSON.stringify({ type: "subscribe", data: { topics: this.options.topics, ...since } }),
      );
      this.watch();
    };
    socket.onmessage = (event) => this.receive(JSON.parse(event.data as string) as Envelope);
    socket.onclose = (event) => this.closed(event.code, event.reason);
  }

  private watch(): void {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.socket?.close(4000, "silent"), SILENCE_MS);
  }

  private receive(message: Envelope): void {
    this.watch();
    if (message.cursor) this.cursor = message.cursor;
    if (message.type === "disconnect")
      this.advice = { reason: message.data?.reason, retryMs: message.data?.retry_ms };
    if (message.type === "error" && message.data?.message) this.advice.reason = message.data.message;
    if (message.type === "subscribed") {
      this.attempts = 0;
      this.options.onState("live");
    }
    this.options.onMessage(message);
  }

  private closed(code: number, reason: string): void {
    clearTimeout(this.watchdog);
    this.socket = null;
    if (this.stopped) return;
    const why = this.advice.reason || reason || (code === 1006 ? "no connection" : `closed (${code})`);
    if (isFinal(code)) {
      this.options.onState("ended", why);
      return;
    }
    this.options.onState("waiting", why);
    const ceiling = Math.min(FIRST_DELAY_MS * 2 ** this.attempts++, LONGEST_DELAY_MS);
    this.timer = setTimeout(
      () => this.connect(),
      this.advice.retryMs ?? FIRST_DELAY_MS / 2 + Math.random() * ceiling,
    );
  }
}
