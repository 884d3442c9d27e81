import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { sandboxClock } from '../../src/sandbox/kit/clock.ts';
import type { Message } from '../../src/sandbox/kit/kit.ts';
import { type OpenKit, openKit } from '../../src/sandbox/kit/open-kit.ts';
import { defaultWorld } from '../../src/sandbox/kit/world.ts';
import { isReplayed } from './not-replayed.ts';

interface Exchange {
  readonly note?: string;
  readonly system?: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
  /** How long the answer took. */
  readonly seconds?: number;
  /** What was published on the bus before the next request. */
  readonly messages: readonly RecordedMessage[];
}

interface RecordedMessage {
  readonly topic: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

export interface Recording {
  readonly head: {
    readonly server: string;
    readonly preconditions: unknown;
    readonly base_urls: Readonly<Record<string, string>>;
  };
  readonly exchanges: readonly Exchange[];
}

const RECORDED = new URL('../fixtures/recorded/', import.meta.url);

/** All recordings of a system, by their names. */
export function recordingsOf(system: string): readonly string[] {
  return readdirSync(new URL(system, RECORDED)).map((file) => file.replace('.jsonl', ''));
}

/** What is to be played of a recording: `resultsdb/latest`. */
export function recording(name: string): Recording {
  const file = `${name}.jsonl`;
  const [head, ...lines] = readFileSync(new URL(file, RECORDED), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const exchanges: (Exchange & { messages: RecordedMessage[] })[] = [];
  for (const [index, line] of lines.entries()) {
    if (!isReplayed(file, index + 2)) continue;
    if (line.request !== undefined) exchanges.push({ ...line, messages: [] });
    if (line.message !== undefined) exchanges.at(-1)?.messages.push(line.message);
  }
  return { head, exchanges };
}

/** A kit on a clock that begins on the recordings' day, in real time unless it is to leap over the patience of a server. */
export function recordedKit({ world = defaultWorld(), speed = 1 } = {}): OpenKit {
  return openKit({
    clock: sandboxClock(Date.UTC(2026, 10, 21, 11, 30), speed),
    world,
    dir: '/nowhere',
    seed: 'contract',
    trouble: (where, error) => {
      throw new Error(`${where} went wrong`, { cause: error });
    },
  });
}

/** Names of fields whose numbers differ from run to run. */
const IDS = new Set(['id', 'result_id', 'waiver_id']);
const ID_LISTS = new Set(['ignore_result', 'ignore_waiver']);
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?$/;
const UUID = /[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/;

export interface ReplayOptions {
  /** Where each system of `base_urls` really is. */
  readonly urls: Readonly<Record<string, string>>;
  /** The system that a line without `system` speaks to. */
  readonly system: string;
  /** Addresses and the like that stand for one another: recorded, ours. */
  readonly same?: readonly (readonly [string, string])[];
  /** Whose clock and bus are held against the recording's. */
  readonly kit: OpenKit;
  /** What happens before an exchange that nobody asked for. */
  before?(exchange: Exchange): void;
}

/** Plays all requests in order and holds every answer against the recorded one; ids, times, uuids and ports are mapped. */
export async function replay({ head, exchanges }: Recording, options: ReplayOptions): Promise<void> {
  const known = new Map<string, string>();
  const same = [
    ...Object.entries(options.urls).map(([name, url]) => [head.base_urls[name] ?? '', url] as const),
    ...(options.same ?? []),
  ];

  function ours(text: string): string {
    let out = text;
    for (const [recorded, real] of same) out = out.replaceAll(recorded, real);
    for (const [recorded, real] of known) {
      if (!recorded.startsWith('#')) out = out.replaceAll(recorded, real);
    }
    return out;
  }

  function id(kind: string, recorded: number): number {
    return Number(known.get(`#${kind} ${recorded}`) ?? recorded);
  }

  /** Results and waivers count on their own. */
  const kindOf = (object: Readonly<Record<string, unknown>>, key: string) =>
    key === 'waiver_id' || (key === 'id' && 'waived' in object) ? 'waiver' : 'result';

  function prepare(value: unknown, key = ''): unknown {
    if (typeof value === 'string') return ours(value);
    if (Array.isArray(value)) return value.map((entry) => prepare(entry, key));
    if (typeof value === 'number' && (ID_LISTS.has(key) || key === 'result_id')) {
      return id(key === 'ignore_waiver' ? 'waiver' : 'result', value);
    }
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, prepare(entry, name)]));
  }

  function learn(
    recorded: unknown,
    real: unknown,
    parent: Readonly<Record<string, unknown>> = {},
    key = '',
  ): void {
    if (typeof recorded === 'number' && typeof real === 'number' && IDS.has(key)) {
      const name = `#${kindOf(parent, key)} ${recorded}`;
      if (!known.has(name)) known.set(name, String(real));
    } else if (typeof recorded === 'string' && typeof real === 'string') {
      if (ours(recorded) === real) return;
      if (STAMP.test(recorded) && STAMP.test(real)) known.set(recorded, real);
      const uuid = UUID.exec(recorded)?.[0];
      const ourUuid = UUID.exec(real)?.[0];
      if (uuid !== undefined && ourUuid !== undefined) known.set(uuid, ourUuid);
    } else if (Array.isArray(recorded) && Array.isArray(real)) {
      recorded.forEach((entry, i) => void learn(entry, real[i], parent, key));
    } else if (isObject(recorded) && isObject(real)) {
      for (const [name, entry] of Object.entries(recorded)) learn(entry, real[name], recorded, name);
    }
  }

  /** The recorded answer as this server would have given it. */
  function expected(recorded: unknown, parent: Readonly<Record<string, unknown>> = {}, key = ''): unknown {
    if (typeof recorded === 'number' && IDS.has(key)) return id(kindOf(parent, key), recorded);
    if (typeof recorded === 'string') {
      return key === 'href'
        ? ours(recorded).replace(
            /(results\/)(\d+)$/,
            (_all, path, number) => `${path}${id('result', Number(number))}`,
          )
        : ours(recorded);
    }
    if (Array.isArray(recorded)) return recorded.map((entry) => expected(entry, parent, key));
    if (!isObject(recorded)) return recorded;
    return Object.fromEntries(
      Object.entries(recorded).map(([name, entry]) => [
        name,
        name === 'input' ? prepare(entry) : expected(entry, recorded, name),
      ]),
    );
  }

  const { clock, archive, settled } = options.kit;
  const hearsMessages = exchanges.some(({ messages }) => messages.length > 0);

  for (const exchange of exchanges) {
    options.before?.(exchange);
    const { request, response, system = options.system, note = '', seconds = 0 } = exchange;
    const heard = archive.length;
    const begun = clock.now();
    const path = ours(request.path)
      .replace(/(\/results\/)(\d+)$/, (_all, start, number) => `${start}${id('result', Number(number))}`)
      .replace(/(\/waivers\/)(\d+)$/, (_all, start, number) => `${start}${id('waiver', Number(number))}`);
    const body = prepare(request.body);
    const answer = await fetch(`${options.urls[system]}${path}`, {
      method: request.method,
      headers: request.headers,
      redirect: 'manual',
      body:
        body === undefined || body === null
          ? null
          : typeof body === 'string'
            ? Buffer.from(wire(request, body), note === 'not UTF-8' ? 'latin1' : 'utf8')
            : JSON.stringify(body),
    });
    const text = await answer.text();
    const took = (clock.now() - begun) / 1000;
    const isJson = (answer.headers.get('content-type') ?? '').startsWith('application/json');
    const real = isJson ? JSON.parse(text) : text;
    learn(response.body, real);
    const where = `${note}: ${request.method} ${path}`;
    expect({
      where,
      status: answer.status,
      body: trimmed(real, response.body, note.includes('cut')),
    }).toEqual({
      where,
      status: response.status,
      body: cutOff(expected(response.body)),
    });
    const type = response.headers['content-type'];
    expect(`${where}: ${answer.headers.get('content-type')}`).toBe(`${where}: ${type}`);
    for (const name of ['allow', 'location']) {
      const value = response.headers[name];
      if (value !== undefined)
        expect(`${where}: ${answer.headers.get(name)}`).toBe(`${where}: ${ours(value)}`);
    }
    // Waiting is the server's; what it does at once takes here as long as it takes.
    if (seconds >= 1) expect({ where, took }).toSatisfy(() => took > 0.95 * seconds);
    if (!hearsMessages) continue;
    await settled();
    const published = archive.slice(heard);
    expect({ where, topics: published.map(({ topic }) => shortTopic(topic)) }).toEqual({
      where,
      topics: exchange.messages.map(({ topic }) => shortTopic(topic)),
    });
    for (const [index, { headers, body }] of exchange.messages.entries()) {
      const own = published[index] as Message;
      learn(body, own.body);
      expect({ headers: without(own.headers, 'sent-at'), body: own.body }).toEqual({
        headers: without(headers, 'sent-at'),
        body: expected(body),
      });
    }
  }
}

/** `resultsdb.result.new` of `org.fedoraproject.prod.resultsdb.result.new`. */
function shortTopic(topic: string): string {
  return topic.split('.').slice(3).join('.');
}

function without(fields: Readonly<Record<string, unknown>>, name: string) {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name));
}

/** A JSON text that is itself a string was recorded as the string. */
function wire(request: Exchange['request'], body: string): string {
  return body === 'x' && request.headers['content-type'] === 'application/json' ? '"x"' : body;
}

const MORE = /^\.\.\. (\d+) more$/;

/** Lists were cut when they were recorded, `... 66 more` says how many are missing; of an empty list it says -1. */
function cutOff(recorded: unknown): unknown {
  if (Array.isArray(recorded)) return recorded[0] === '... -1 more' ? [] : recorded.map(cutOff);
  if (!isObject(recorded)) return recorded;
  return Object.fromEntries(Object.entries(recorded).map(([key, value]) => [key, cutOff(value)]));
}

function trimmed(real: unknown, recorded: unknown, isCut: boolean): unknown {
  if (typeof real === 'string' && typeof recorded === 'string' && isCut)
    return real.slice(0, recorded.length);
  if (Array.isArray(real) && Array.isArray(recorded)) {
    const last: unknown = recorded.at(-1);
    const more = typeof last === 'string' ? MORE.exec(last) : null;
    if (more !== null) {
      const shown = recorded.length - 1;
      return [...real.slice(0, shown), `... ${real.length - shown} more`];
    }
    const shown = isCut ? real.slice(0, recorded.length) : real;
    return shown.map((entry, i) => trimmed(entry, recorded[i], false));
  }
  if (!isObject(real) || !isObject(recorded)) return real;
  return Object.fromEntries(
    Object.entries(real).map(([key, value]) => [key, trimmed(value, recorded[key], isCut)]),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
