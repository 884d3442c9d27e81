/**
 * Wall and monotonic time of one environment. In a sandbox both run `speed` times as fast as the host's; code that takes a
 * Clock never knows.
 */
export interface Clock {
  /** Wall time, epoch ms: for records and schedules. */
  now(): number;
  /** Milliseconds from an arbitrary start, never going back: for durations, never stored. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts, at once if it has already. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** A signal that aborts with `reason()` after `ms`. Dispose it to free the timer. */
  deadline(ms: number, reason: () => Error): Deadline;
  /** Converts a wall time told by a local tool (epoch ms of the host, as from `klist`) into this clock's time. */
  fromHost(epochMs: number): number;
  /** The other way: what others on this host (Prometheus, people) would call that moment. */
  toHost(epochMs: number): number;
  /** How long a stretch of the host's time is here: what real commands and people need. Milliseconds. */
  ofHost(ms: number): number;
  /** How much a bracket taken from this clock has to be widened. Milliseconds: 0 in a real environment, 1 × speed in a sandbox. */
  readonly blurMs: number;
}

export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Added to the run's minimal environment (PATH, HOME, LC_ALL, KRB5CCNAME …). */
  readonly env?: Readonly<Record<string, string>>;
  /** Its standard input; left out, that is closed. A command that reads none of it does no wrong. */
  readonly input?: string;
  /** Real time, milliseconds. @defaultValue 120000 */
  readonly limitMs?: number;
}

/** A command that ran to its end. A non-zero exit is a result: only the client can judge it. */
export interface CommandResult {
  readonly command: Command;
  /** Undefined when a signal ended it. */
  readonly exit: number | undefined;
  readonly signal: string | undefined;
  /** At most 1 MiB each, the end of longer output is cut. UTF-8. */
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
}

/**
 * Runs a command without a shell, in a process group of its own that is ended as a whole on abort or limit.
 *
 * Throws a Fault: `COMMAND_MISSING` (prober) when it could not be started, `COMMAND_TIMED_OUT` (unavailable) when it hit its own limit;
 * the signal's reason when that aborted. Nothing else: every exit is a result.
 */
export type Exec = (command: Command, signal: AbortSignal) => Promise<CommandResult>;

export interface HttpRequest {
  /** @defaultValue 'GET' */
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Real time, milliseconds, for the whole exchange. @defaultValue 120000 */
  readonly limitMs?: number;
  /** `manual` gives the redirect itself as the answer. @defaultValue 'follow' */
  readonly redirects?: 'follow' | 'manual';
}

export interface HttpResponse {
  readonly request: HttpRequest;
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * One HTTP exchange, redirects followed unless the request says otherwise. Every status is a result.
 *
 * Throws a Fault: `HTTP_UNREACHABLE` (unavailable: refused, reset, unknown host, TLS), `HTTP_TIMED_OUT` (unavailable), `HTTP_TOO_LARGE` (malformed,
 * above 16 MiB); the signal's reason when that aborted.
 */
export type Http = (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>;

export interface Ids {
  /** UUIDv7, lower case. */
  uuid(): string;
  /** In [0, 1): for jitter. */
  random(): number;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** One JSON object a line; fields first, then a short fixed sentence without values. */
export interface Logger {
  debug(fields: LogFields, sentence: string): void;
  info(fields: LogFields, sentence: string): void;
  warn(fields: LogFields, sentence: string): void;
  error(fields: LogFields, sentence: string): void;
  child(fields: LogFields): Logger;
}
