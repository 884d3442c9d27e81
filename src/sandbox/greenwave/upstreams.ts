import type { Interference, Kit } from '../kit/kit.ts';
import { urlencode } from '../resultsdb/python.ts';

/** An upstream did not give a usable answer: the whole decision becomes a 502 with this message. */
export class BadGateway extends Error {}

/** Pauses before each try, sandbox milliseconds. */
const TRIES = [0, 0, 2000, 4000];
const RETRIED = [500, 502, 503, 504];

/** Sandbox milliseconds; in real time at least a second, so that fast sandboxes are not hasty ones. */
const READ_TIMEOUT = 15_000;
const LEAST_TIMEOUT = 1000;

/** `requests` with the retries that Greenwave sets up, and its wording of failures. */
export class Upstreams {
  readonly #kit: Kit;
  constructor(kit: Kit) {
    this.#kit = kit;
  }

  /** The `data` of the answer. */
  async ask(
    address: string,
    query: readonly (readonly [string, string])[],
    body?: unknown,
  ): Promise<readonly unknown[]> {
    const full = query.length === 0 ? address : `${address}?${urlencode(query, '')}`;
    let failure: { status: number; cause: string } | undefined;
    for (const pause of TRIES) {
      await this.#pause(pause);
      const tried = await this.#once(full, body);
      if ('cause' in tried) {
        failure = tried;
        continue;
      }
      if (tried.status >= 400) {
        throw new BadGateway(`Got unexpected status code ${tried.status} for ${full}: ${tried.text}`);
      }
      const answer = JSON.parse(tried.text) as { readonly data: readonly unknown[] };
      return answer.data;
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

  async #once(
    address: string,
    body: unknown,
  ): Promise<
    { readonly status: number; readonly text: string } | { readonly status: number; readonly cause: string }
  > {
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
      if (RETRIED.includes(response.status)) {
        return { status: 504, cause: `ResponseError('too many ${response.status} error responses')` };
      }
      return { status: response.status, text };
    } catch (error) {
      const at = `host='${hostname}', port=${port || 80}`;
      const cause =
        error instanceof Error && error.name === 'TimeoutError'
          ? `ReadTimeoutError("HTTPConnectionPool(${at}): Read timed out. (read timeout=15)")`
          : `NewConnectionError("HTTPConnection(${at}): Failed to establish a new connection: [Errno 111] Connection refused")`;
      return { status: 502, cause };
    }
  }

  /**
   * Koji and dist-git are reached by ports. A fault that hits their wire hits this caller too: what it answers, where it has an
   * opinion.
   */
  async interference(
    system: 'koji' | 'dist-git',
    path: string,
    call?: string,
  ): Promise<Interference['answer']> {
    const met = this.#kit.hooks.wire(system, {
      method: call === undefined ? 'GET' : 'POST',
      path,
      ...(call === undefined ? {} : { call }),
    });
    await this.#pause(met?.delayMs ?? 0);
    return met?.answer;
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

  constructor(now: () => number, keepMs: number) {
    this.#now = now;
    this.#keepMs = keepMs;
  }

  get<Value>(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || entry.until <= this.#now() ? undefined : (entry.value as Value);
  }

  set(key: string, value: unknown): void {
    if (this.#keepMs > 0) this.#entries.set(key, { value, until: this.#now() + this.#keepMs });
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
