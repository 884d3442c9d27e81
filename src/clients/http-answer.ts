import type { z } from 'zod';
import { Fault, type FaultDetails } from '../core/fault.ts';
import type { Http, HttpRequest, HttpResponse } from '../core/ports.ts';
import type { System } from '../core/system.ts';

/** Runs `work` and charges `system` with a fault that does not say itself whose it is (a refused connection, a command that hung). */
export async function chargedTo<Result>(system: System, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.system !== undefined || thrown.kind === 'cancelled')
      throw thrown;
    throw new Fault(messageOf(thrown, system), detailsOf(thrown, system));
  }
}

function messageOf({ kind, message }: Fault, system: System): string {
  // Our own side speaks for no system.
  if (kind === 'prober') return message;
  // The limit of a step that passed meanwhile: it does not say who was waited for.
  if (kind === 'timeout') return `${message}: ${system} had not answered`;
  // A host that could not be reached is an address to whoever reads it.
  return `${system}: ${message}`;
}

function detailsOf(fault: Fault, system: System): FaultDetails {
  return {
    code: fault.code,
    kind: fault.kind,
    system,
    evidence: fault.evidence,
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    cause: fault,
  };
}

/** Asks a system's JSON API. Every answer that is not a JSON object of status 2xx becomes a fault of its kind. */
export async function askJson(
  http: Http,
  system: System,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const response = await chargedTo(system, () =>
    http({ ...request, headers: { accept: 'application/json', ...request.headers } }, signal),
  );
  return readJson(system, response);
}

/** What a system's JSON API answered, its kind of fault decided by status and body. */
export function readJson(system: System, response: HttpResponse): Record<string, unknown> {
  if (response.status < 200 || response.status > 299) throw refusal(system, response);
  let value: unknown;
  try {
    value = JSON.parse(response.body);
  } catch (cause) {
    throw malformed(system, response, cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed(system, response, undefined);
  return value as Record<string, unknown>;
}

/** The fault of an HTTP status that is no success. Public for clients whose protocol is not JSON. */
export function refusal(system: System, response: HttpResponse): Fault {
  const { status } = response;
  const evidence = { status, url: response.request.url, body: excerpt(response.body) };
  // A busy or dead service behind a proxy, whatever its pages say.
  if (status >= 500 || status === 408 || status === 429) {
    return new Fault(`${system} answered HTTP ${status}`, {
      code: 'API_UNAVAILABLE',
      kind: 'unavailable',
      system,
      evidence,
    });
  }
  if (status === 401 || status === 403) {
    return new Fault(`${system} refused to answer: HTTP ${status}`, {
      code: 'API_FORBIDDEN',
      kind: 'rejected',
      system,
      evidence,
    });
  }
  if (status === 404 && !looksLikeHtml(response.body)) {
    return new Fault(`${system} does not know what was asked for`, {
      code: 'API_NOT_FOUND',
      kind: 'rejected',
      system,
      evidence,
    });
  }
  if (status === 404 || status < 400) return malformed(system, response, undefined);
  return new Fault(`${system} did not understand the question: HTTP ${status}`, {
    code: 'API_QUESTION_REFUSED',
    kind: 'unexpected',
    system,
    evidence,
    hint: 'Its interface may have changed: compare with its documentation and report it.',
  });
}

export function malformed(system: System, response: HttpResponse, cause: unknown): Fault {
  return new Fault(`${system} did not answer in its own protocol`, {
    code: 'API_MALFORMED',
    kind: 'malformed',
    system,
    evidence: { status: response.status, url: response.request.url, body: excerpt(response.body) },
    cause,
  });
}

/** Reads a readable answer by its schema; one in a form that we do not know is our lack, not the system's. */
export function readAs<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  { system, what }: { readonly system: System; readonly what: string },
): z.output<Schema> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  throw new Fault(`${system} answered ${what} in an unknown form`, {
    code: 'API_UNKNOWN_FORM',
    kind: 'unexpected',
    evidence: { system, path: issue?.path.join('.') ?? '', problem: issue?.message ?? '' },
    hint: 'Its interface may have changed: compare with its documentation and report it.',
    cause: read.error,
  });
}

export function excerpt(text: string, length = 400): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

export function looksLikeHtml(text: string): boolean {
  return /^\s*<(?:!doctype html|html)/i.test(text);
}

/** Repeats a key: `query('alias', ['a', 'b'])` is `[['alias', 'a'], ['alias', 'b']]`, for `withQuery`. */
export function repeated(key: string, values: readonly string[]): readonly (readonly [string, string])[] {
  return values.map((value) => [key, value] as const);
}

/** Adds a query to an address; blanks and signs percent-encoded, a comma as it stands. */
export function withQuery(url: string, pairs: readonly (readonly [string, string])[]): string {
  const text = pairs
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join('&');
  return text === '' ? url : `${url}?${text.replaceAll('%2C', ',')}`;
}

/** An API root and a path with exactly one slash between. */
export function below(root: string, path: string): string {
  return `${root.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;
}

/** Parts of at most `size`, for requests that carry many subjects. */
export function chunks<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  const parts: Item[][] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}
