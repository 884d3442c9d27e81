import type { Environment } from '../core/environment.ts';
import type { FaultKind } from '../core/fault.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Http, HttpRequest, HttpResponse } from '../core/ports.ts';
import { SYSTEMS, type System } from '../core/system.ts';
import { firstBytes } from './first-bytes.ts';
import { excerpt } from './http-answer.ts';

/** Answers that a step keeps: longer ones are cut. Bytes. */
const BODY_LIMIT = 64 * 1024;
const HEADER_LIMIT = 1024;
const MOST_HEADERS = 50;
const MOST_REDIRECTS = 5;

/** Headers that carry a login, of requests or of answers: they are in no record. */
const SECRET_HEADERS = [
  'authorization',
  'cookie',
  'deploy-token',
  'job-token',
  'private-token',
  'proxy-authorization',
  'set-cookie',
  'x-api-key',
  'x-auth-token',
  'x-csrf-token',
  'x-csrftoken',
  'x-xsrf-token',
];

/** Headers that the connection and packprobe itself see to. */
const OWN_HEADERS = [
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
];

/** Whether a probe file may name a header: those that hold a secret and those of the connection it may not. */
export function isFreeHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return (
    /^[\w!#$%&'*+.^`|~-]+$/.test(name) && !SECRET_HEADERS.includes(lower) && !OWN_HEADERS.includes(lower)
  );
}

/**
 * The one system of an environment that an address belongs to: of those on its host the one whose own address is the longest beginning of it.
 * Undefined where there is none, or where two fit as well.
 */
export function systemOfUrl(url: string, { systems }: Pick<Environment, 'systems'>): System | undefined {
  const origin = originOf(url);
  if (origin === undefined) return undefined;
  const near = SYSTEMS.flatMap((system) => {
    const entry: object = systems[system] ?? {};
    const addresses = ['url', 'web'].map((key) => (entry as Record<string, unknown>)[key]);
    const there = addresses.filter(
      (address): address is string => typeof address === 'string' && originOf(address) === origin,
    );
    return there.map((address) => ({ system, fit: isBelow(url, address) ? address.length : 0 }));
  });
  const best = Math.max(...near.map(({ fit }) => fit));
  const fitting = new Set(near.filter(({ fit }) => fit === best).map(({ system }) => system));
  return fitting.size === 1 ? [...fitting][0] : undefined;
}

function originOf(url: string): string | undefined {
  const origin = URL.parse(url)?.origin;
  return origin === undefined || origin === 'null' ? undefined : origin;
}

function isBelow(url: string, root: string): boolean {
  const base = root.replace(/\/+$/, '');
  return url === base || ['/', '?', '#'].some((next) => url.startsWith(`${base}${next}`));
}

export interface Expectation {
  /** Empty: any status that is a success. */
  readonly status: readonly number[];
  readonly contains?: string | undefined;
  /** Undefined: nothing is asked of the content. */
  readonly json?: Json | undefined;
}

/** What is kept of an answer: no login, no more than a record can hold, and `secret` nowhere. */
export interface Answer {
  readonly [key: string]: Json;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Null where the body is no JSON, or was cut. */
  readonly json: Json;
}

/** Sends a request; a redirect of a mere read is followed on the same server, every other one is the answer. */
export async function exchange(
  http: Http,
  request: HttpRequest,
  expected: Expectation,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const mayFollow = request.method === 'GET' || request.method === 'HEAD';
  let url = request.url;
  for (let followed = 0; ; followed += 1) {
    const response = await http({ ...request, url, redirects: 'manual' }, signal);
    const next = redirectOf(response);
    const isWanted = expected.status.includes(response.status);
    if (
      next === undefined ||
      isWanted ||
      !mayFollow ||
      followed === MOST_REDIRECTS ||
      !isSameHost(url, next)
    ) {
      return response;
    }
    url = next.href;
  }
}

function redirectOf({ status, headers, request }: HttpResponse): URL | undefined {
  const location = headers['location'];
  if (location === undefined || ![301, 302, 303, 307, 308].includes(status)) return undefined;
  return URL.parse(location, request.url) ?? undefined;
}

/** Another port is another server; the same host by HTTPS instead of HTTP is the same. */
function isSameHost(from: string, to: URL): boolean {
  const { protocol, hostname, port } = new URL(from);
  const isUpgrade = protocol === 'http:' && to.protocol === 'https:' && port === '' && to.port === '';
  return to.hostname === hostname && ((to.protocol === protocol && to.port === port) || isUpgrade);
}

/** What is kept of a response, and beside it the whole body to judge: of that, too, `secret` is gone. */
export function answerOf(
  { status, headers, body }: HttpResponse,
  secret: string | undefined,
): { readonly answer: Answer; readonly body: string } {
  const clean = withoutSecret(body, secret);
  const kept = Object.entries(headers)
    .filter(([name]) => !SECRET_HEADERS.includes(name))
    .slice(0, MOST_HEADERS)
    .map(([name, value]) => [name, firstBytes(withoutSecret(value, secret), HEADER_LIMIT)]);
  const shown = firstBytes(clean, BODY_LIMIT);
  const isWhole = shown.length === clean.length;
  const answer = {
    status,
    headers: Object.fromEntries(kept),
    body: shown,
    json: isWhole ? (parsed(clean)?.value ?? null) : null,
  };
  return { answer, body: clean };
}

/** A server may send back what it was sent. */
function withoutSecret(text: string, secret: string | undefined): string {
  return secret === undefined || secret === '' ? text : text.replaceAll(secret, '***');
}

function parsed(body: string): { readonly value: Json } | undefined {
  try {
    return { value: JSON.parse(body) as Json };
  } catch {
    return undefined;
  }
}

/** Why an answer is not as expected, as data that a record can hold: a fault of whom the step speaks for. */
export interface Unmet {
  readonly [key: string]: Json;
  readonly message: string;
  readonly code: string;
  readonly kind: FaultKind;
  readonly evidence: JsonObject;
  readonly hint: string;
}

/** Judges an answer by its whole body; null where it is as expected. */
export function unmetBy(
  { method = 'GET', url }: HttpRequest,
  { status, headers, body }: Pick<Answer, 'status' | 'headers' | 'body'>,
  expected: Expectation,
): Unmet | null {
  const asked = `${method} ${shortUrl(url)}`;
  const location = headers['location'];
  const evidence: JsonObject = {
    method,
    url: shortUrl(url),
    status,
    content_type: headers['content-type'] ?? null,
    body: excerpt(body),
    ...(location === undefined ? {} : { location: shortUrl(location, url) }),
  };
  const unmet = (message: string, code: string, kind: FaultKind, hint: string): Unmet => ({
    message,
    code,
    kind,
    evidence,
    hint,
  });

  if (!isExpectedStatus(status, expected.status)) {
    const wanted = expected.status.length === 0 ? 'a success' : expected.status.join(' or ');
    const message = `${asked} was answered with ${status} instead of ${wanted}`;
    if (status >= 500 || status === 408 || status === 429) {
      return unmet(
        message,
        'REQUEST_UNAVAILABLE',
        'unavailable',
        'Look at the server and what stands before it.',
      );
    }
    const hint = 'Read `body` in the evidence: the server says there what it did not like.';
    return unmet(message, 'REQUEST_REFUSED', 'rejected', location === undefined ? hint : REDIRECT_HINT);
  }
  if (expected.json !== undefined) {
    const value = isJson(headers['content-type']) ? parsed(body) : undefined;
    if (value === undefined) {
      const hint =
        'Look at what stands before the server: a login page or an error page comes instead of its answer.';
      return unmet(`${asked} was not answered with JSON`, 'REQUEST_MALFORMED', 'malformed', hint);
    }
    const apart = difference(expected.json, value.value, 'json');
    if (apart !== undefined) {
      const hint = 'Compare `body` in the evidence with `expect.json` of the step.';
      return unmet(`${asked}: ${apart}`, 'REQUEST_CONTENT', 'rejected', hint);
    }
  }
  if (expected.contains !== undefined && !body.includes(expected.contains)) {
    const hint = 'Compare `body` in the evidence with `expect.contains` of the step.';
    const message = `${asked}: the answer does not contain ${JSON.stringify(excerpt(expected.contains, 80))}`;
    return unmet(message, 'REQUEST_CONTENT', 'rejected', hint);
  }
  return null;
}

const REDIRECT_HINT =
  'It leads elsewhere, which is not followed: often a login page. Name the address itself, or expect the status.';

function isExpectedStatus(status: number, expected: readonly number[]): boolean {
  return expected.length === 0 ? status >= 200 && status <= 299 : expected.includes(status);
}

function isJson(type = ''): boolean {
  return /^\s*(application|text)\/([\w.-]+\+)?json\s*(;|$)/i.test(type);
}

/** Without query and fragment, which may hold what is nobody's business. */
function shortUrl(url: string, base?: string): string {
  const parsed = URL.parse(url, base);
  return parsed === null ? 'no address' : `${parsed.origin}${parsed.pathname}`;
}

/** Where a value lacks something of what is expected: mappings may hold more, lists must hold all that is expected of them. */
function difference(expected: Json, got: Json | undefined, path: string): string | undefined {
  if (Array.isArray(expected)) {
    if (!Array.isArray(got)) return apart(expected, got, path);
    const missing = expected.find((item) => got.every((one) => difference(item, one, '') !== undefined));
    return missing === undefined ? undefined : `${path} does not hold ${shown(missing)}`;
  }
  if (typeof expected !== 'object' || expected === null) {
    return expected === got ? undefined : apart(expected, got, path);
  }
  if (typeof got !== 'object' || got === null || Array.isArray(got)) return apart(expected, got, path);
  for (const [key, value] of Object.entries(expected)) {
    const below = Object.hasOwn(got, key) ? (got as JsonObject)[key] : undefined;
    const found = difference(value, below, `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function apart(expected: Json, got: Json | undefined, path: string): string {
  return got === undefined
    ? `${path} is missing, expected ${shown(expected)}`
    : `${path} is ${shown(got)}, expected ${shown(expected)}`;
}

function shown(value: Json): string {
  return excerpt(JSON.stringify(value), 80);
}
