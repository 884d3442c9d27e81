import { type Bodhi, pause } from './context.ts';

/** Greenwave or WaiverDB answered, and not well; after all tries. */
export class ServiceError extends Error {
  override readonly name: string = 'RuntimeError';
}

/** No answer within 60 s. */
export class ServiceTimeout extends ServiceError {
  override readonly name = 'Timeout';
}

/** Nobody listens, or the connection broke: Bodhi does not expect it. */
export class ConnectionBroken extends Error {
  override readonly name = 'ConnectionError';
}

const TIMEOUT_MS = 60_000;
/** However fast the sandbox's clock runs, a busy machine gets this much real time to answer. */
const LEAST_REAL_TIMEOUT_MS = 5_000;

export interface Post {
  readonly service: 'Greenwave' | 'WaiverDB';
  readonly url: string;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** How often an answer that is not 2xx is tried again, 1 s apart. */
  readonly retries: number;
}

export async function post(bodhi: Bodhi, call: Post): Promise<unknown> {
  for (let left = call.retries; ; left -= 1) {
    const { status, text } = await send(bodhi, call);
    if (status >= 200 && status < 300) return parse(call, text);
    if (left === 0) throw new ServiceError(failureText(call, status, text));
    await pause(bodhi, 1000);
    bodhi.closing.throwIfAborted();
  }
}

async function send(bodhi: Bodhi, call: Post) {
  const { service, url, body, headers } = call;
  const inside = await bodhi.ports.inside?.(call);
  if (inside !== undefined) return inside;
  const limit = new AbortController();
  const { clock } = bodhi.kit;
  clock.after(Math.max(TIMEOUT_MS, LEAST_REAL_TIMEOUT_MS * clock.speed), () => limit.abort());
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.any([limit.signal, bodhi.closing]),
    });
    return { status: response.status, text: await response.text() };
  } catch (cause) {
    if (limit.signal.aborted) {
      throw new ServiceTimeout(`${service} did not answer: Read timed out. (read timeout=60)`, { cause });
    }
    bodhi.closing.throwIfAborted();
    throw new ConnectionBroken(
      "('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))",
      { cause },
    );
  }
}

function parse({ service, url }: Post, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ServiceError(`${service} at ${url} answered with something else than JSON`, { cause });
  }
}

function failureText({ service, url }: Post, status: number, text: string): string {
  const base = `Bodhi failed to send POST request to ${service} at the following URL "${url}". The status code was "${status}".`;
  return status === 500 ? base : `${base} The error was "${text.trim()}".`;
}
