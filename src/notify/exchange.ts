import { httpDate } from '../clients/timestamps.ts';
import { Fault } from '../core/fault.ts';
import type { Clock, Http, HttpRequest, HttpResponse } from '../core/ports.ts';
import { oneLine } from './text.ts';

/** Milliseconds; whoever asks for more patience is asked again after this. */
const LONGEST_WAIT_MS = 3_600_000;

/** Answers that ask to come back. */
const LATER = new Set([408, 425, 429]);

export interface Exchange {
  readonly http: Http;
  readonly clock: Clock;
  /** How faults call the other side: its host, and nothing at all of an address that is a secret. */
  readonly who: string;
}

/** Sends a request; redirects are not followed. Every status is a result. Throws `RECEIVER_UNREACHABLE` (unavailable). */
export async function exchange(
  { http, who }: Exchange,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpResponse> {
  try {
    return await http({ ...request, redirects: 'manual' }, signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    // Neither as a cause nor as evidence: the address can be a secret, and a fault of the network repeats it.
    throw new Fault(`${who} could not be reached: ${reasonOf(error)}`, {
      code: 'RECEIVER_UNREACHABLE',
      kind: 'unavailable',
      system: 'own',
    });
  }
}

/** Only what is known not to repeat the request. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Fault)) return 'the request could not be sent';
  const reason = error.evidence['reason'];
  if (typeof reason === 'string' && /^E?[A-Z][A-Z0-9_]+$/.test(reason)) return reason;
  return error.code;
}

/** The request without what only the one who is asked may know: a login in the address goes into a header, as no client sends it otherwise. */
export function splitLogin(address: string): { readonly url: string; readonly authorization?: string } {
  const url = new URL(address);
  if (url.username === '' && url.password === '') return { url: url.href };
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  return { url: url.href, authorization: `Basic ${Buffer.from(login).toString('base64')}` };
}

/** Throws what becomes of a message that the other side did not take: taken is 2xx alone. */
export function judgeStatus(exchanged: Exchange, response: HttpResponse, said?: string): void {
  const fault = notTaken(exchanged, response, said);
  if (fault !== undefined) throw fault;
}

export function notTaken(exchanged: Exchange, response: HttpResponse, said?: string): Fault | undefined {
  const { status } = response;
  if (status >= 200 && status < 300) return undefined;
  return status >= 500 || LATER.has(status)
    ? busy(exchanged, response, { said })
    : refused(exchanged, response, said);
}

/** It takes nothing now; `retryAfterMs` where it says in its own words for how long. */
export function busy(
  { who, clock }: Exchange,
  response: HttpResponse,
  { said, retryAfterMs }: { readonly said?: string | undefined; readonly retryAfterMs?: number | undefined },
): Fault {
  const wait = retryAfterMs ?? retryAfter(response.headers['retry-after'], clock.now());
  return new Fault(`${who} takes no message now: HTTP ${response.status}${inWords(said)}`, {
    code: 'RECEIVER_BUSY',
    kind: 'unavailable',
    system: 'own',
    evidence: {
      status: response.status,
      ...(wait === undefined ? {} : { retry_after_ms: Math.min(Math.max(0, wait), LONGEST_WAIT_MS) }),
    },
  });
}

export function refused({ who }: Pick<Exchange, 'who'>, response: HttpResponse, said?: string): Fault {
  const { status } = response;
  const redirect = status >= 300 && status < 400 ? ', a redirect, which is not followed' : '';
  return new Fault(`${who} refused the message: HTTP ${status}${redirect}${inWords(said)}`, {
    code: 'RECEIVER_REFUSED',
    kind: 'rejected',
    system: 'own',
    evidence: { status },
    hint: hintOf(status),
  });
}

function hintOf(status: number): string {
  if (status === 401 || status === 403) return 'Look at the token of this receiver in packprobe.yaml.';
  return 'Look at the address of this receiver in packprobe.yaml, and at what answers there.';
}

function inWords(said: string | undefined): string {
  return said === undefined || said === '' ? '' : ` (${oneLine(said, 200)})`;
}

/** How long a fault of `send` asks to wait; milliseconds. */
export function retryAfterOf(fault: Fault): number | undefined {
  const wait = fault.evidence['retry_after_ms'];
  return typeof wait === 'number' && Number.isFinite(wait) && wait >= 0 ? wait : undefined;
}

/** Seconds, or a date in the one form that servers may send; undefined where it is neither. Milliseconds from `now`. */
function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const at = httpDate(header);
  return at === null ? undefined : at - now;
}
