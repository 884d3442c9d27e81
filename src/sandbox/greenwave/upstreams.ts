import { metInside } from '../kit/inside.ts';
import type { Kit } from '../kit/kit.ts';
import { Crash } from '../resultsdb/flask.ts';
import { isDictionary } from '../resultsdb/pydantic.ts';
import { urlencode } from '../resultsdb/python.ts';

/** An upstream did not give a usable answer: the whole decision becomes a 502 with this message. */
export class BadGateway extends Error {}

/** Pauses before each try, sandbox milliseconds. */
const TRIES = [0, 0, 2000, 4000];
const RETRIED = [500, 502, 503, 504];

/** Sandbox milliseconds; in real time at least a second, so that fast sandboxes are not hasty ones. */
const READ_TIMEOUT = 15_000;
const LEAST_TIMEOUT = 1000;

const FILE_TIMEOUT = 30_000;
const KOJI_TIMEOUT = 60_000;

const ABORTED =
  "ProtocolError('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))";

/** An answer, or why there is none. */
type Tried =
  | { readonly status: number; readonly text: string }
  | { readonly status: number; readonly cause: string };

function tried(status: number, text: string): Tried {
  return RETRIED.includes(status)
    ? { status: 504, cause: `ResponseError('too many ${status} error responses')` }
    : { status, text };
}

function timedOut(at: string, limitMs: number): string {
  return `ReadTimeoutError("HTTPConnectionPool(${at}): Read timed out. (read timeout=${limitMs / 1000})")`;
}

function refused(at: string): string {
  return `NewConnectionError("HTTPConnection(${at}): Failed to establish a new connection: [Errno 111] Connection refused")`;
}

function unresolved(at: string, hostname: string): string {
  return `NameResolutionError("HTTPConnection(${at}): Failed to resolve '${hostname}' ([Errno -2] Name or service not known)")`;
}

/**
 * `response.json()['data']`: a page of HTML, or half an answer, sent with status 200 is caught by nobody, so that the answer is a 500. That is not the
 * 502 of an upstream that says no.
 */
function dataOf(text: string): readonly unknown[] {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    throw new Crash('an upstream answered no JSON', { cause: error });
  }
  const data = isDictionary(answer) ? answer['data'] : undefined;
  if (Array.isArray(data) && data.every((item) => isDictionary(item) && 'id' in item)) return data;
  throw new Crash('an upstream answered JSON without its data');
}

/** A question to ResultsDB or WaiverDB. */
export interface Question {
  readonly address: string;
  readonly query: readonly (readonly [string, string])[];
  readonly body?: unknown;
}

/** Answers a question without the wire; undefined where it has to go over it. */
export type AskUpstream = (
  question: Question,
) => Promise<{ readonly status: number; readonly text: string }> | undefined;

/** `requests` with the retries that Greenwave sets up, and its wording of failures. */
export class Upstreams {
  readonly #kit: Kit;
  readonly #inside: AskUpstream;
  constructor(kit: Kit, inside: AskUpstream = () => undefined) {
    this.#kit = kit;
    this.#inside = inside;
  }

  /** The `data` of the answer. */
  async ask(
    address: string,
    query: readonly (readonly [string, string])[],
    body?: unknown,
  ): Promise<readonly unknown[]> {
    const full = query.length === 0 ? address : `${address}?${urlencode(query, '')}`;
    const text = await this.#asked(address, full, async () => {
      const inside = await this.#inside({ address, query, body });
      return inside === undefined ? this.#once(full, body) : tried(inside.status, inside.text);
    });
    return dataOf(text);
  }

  /** The text of the first answer that is one; refusals and what the retries could not mend are a 502. */
  async #asked(address: string, full: string, once: () => Promise<Tried>): Promise<string> {
    let failure: { status: number; cause: string } | undefined;
    for (const pause of TRIES) {
      await this.#pause(pause);
      const answer = await once();
      if ('cause' in answer) {
        failure = answer;
        continue;
      }
      if (answer.status >= 400) {
        throw new BadGateway(`Got unexpected status code ${answer.status} for ${full}: ${answer.text}`);
      }
      return answer.text;
    }
    const { status, cause } = failure ?? { status: 502, cause: 'no try' };
    const { hostname, port, protocol, pathname, search } = new URL(full);
    const pool = protocol === 'https:' ? 'HTTPSConnectionPool' : 'HTTPConnectionPool';
    const number = port || (protocol === 'https:' ? '443' : '80');
    const message = `${pool}(host='${hostname}', port=${number}): Max retries exceeded with url: ${pathname}${search} (Caused by ${cause})`;
    throw new BadGateway(
      `Got unexpected status code ${status} for ${address}: {"message": ${JSON.stringify(message)}}`,
    );
  }

  async #once(address: string, body: unknown): Promise<Tried> {
    const { hostname, port } = new URL(address);
    const limit = Math.max(LEAST_TIMEOUT, READ_TIMEOUT / this.#kit.clock.speed);
    try {
      const response = await fetch(address, {
        ...(body === undefined
          ? {}
          : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(limit),
      });
      const text = await response.text();
      return tried(response.status, text);
    } catch (error) {
      const at = `host='${hostname}', port=${port || 80}`;
      if (error instanceof Error && error.name === 'TimeoutError') {
        return { status: 502, cause: timedOut(at, READ_TIMEOUT) };
      }
      const { code } = (error as { cause?: { code?: string } }).cause ?? {};
      if (code === 'ECONNREFUSED') return { status: 502, cause: refused(at) };
      const isUnknown = code === 'ENOTFOUND' || code === 'EAI_AGAIN';
      return { status: 502, cause: isUnknown ? unresolved(at, hostname) : ABORTED };
    }
  }

  /**
   * Koji is reached by its port. A fault that hits its wire hits this caller too: true where the call would come to nothing.
   */
  async isKojiBroken(call: string): Promise<boolean> {
    const { delayMs, answer } = metInside(this.#kit.hooks, 'koji', {
      method: 'POST',
      path: '/kojihub',
      call,
    });
    await this.#pause(Math.min(delayMs, KOJI_TIMEOUT));
    return delayMs >= KOJI_TIMEOUT || answer !== undefined;
  }

  /**
   * Dist-git is reached by its port too: asks whether its wire lets the question through. False where a fault says that there is
   * no such file.
   */
  async isFileServed(address: string): Promise<boolean> {
    const { hostname, port, pathname } = new URL(address);
    let isServed = true;
    await this.#asked(address, address, async () => {
      const at = `host='${hostname}', port=${port || 80}`;
      if (this.#kit.hooks.refuses('dist-git') === true) return { status: 502, cause: refused(at) };
      const { delayMs, answer } = metInside(this.#kit.hooks, 'dist-git', { method: 'GET', path: pathname });
      await this.#pause(Math.min(delayMs, FILE_TIMEOUT));
      if (delayMs >= FILE_TIMEOUT) {
        return { status: 502, cause: timedOut(at, FILE_TIMEOUT) };
      }
      if (answer === 'drop') return { status: 502, cause: ABORTED };
      const { status, body } = answer ?? { status: 200, body: '' };
      isServed = status !== 404;
      return tried(isServed ? status : 200, body);
    });
    return isServed;
  }

  #pause(ms: number): Promise<void> {
    return ms > 0 ? new Promise((resolve) => this.#kit.clock.after(ms, resolve)) : Promise.resolve();
  }
}

/** Keeps what Greenwave keeps in memcached, for an hour of sandbox time. */
export class Cache {
  readonly #entries = new Map<string, { readonly value: unknown; readonly until: number }>();
  readonly #now: () => number;
  readonly #keepMs: number;
  #tidyAt = 0;

  constructor(now: () => number, keepMs: number) {
    this.#now = now;
    this.#keepMs = keepMs;
  }

  get<Value>(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || entry.until <= this.#now() ? undefined : (entry.value as Value);
  }

  set(key: string, value: unknown): void {
    if (this.#keepMs <= 0) return;
    const now = this.#now();
    if (now >= this.#tidyAt) {
      for (const [old, { until }] of this.#entries) if (until <= now) this.#entries.delete(old);
      this.#tidyAt = now + this.#keepMs;
    }
    this.#entries.set(key, { value, until: now + this.#keepMs });
  }
}

/** Looks into another cache and puts nothing there: for those who only want to know. */
export class ReadOnlyCache extends Cache {
  readonly #other: Cache;
  constructor(other: Cache) {
    super(() => 0, 0);
    this.#other = other;
  }
  override get<Value>(key: string): Value | undefined {
    return this.#other.get(key);
  }
  override set(): void {}
}
