import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bodhi } from '../../src/clients/bodhi.ts';
import { datagrepper } from '../../src/clients/datagrepper.ts';
import { greenwave } from '../../src/clients/greenwave.ts';
import { readJson } from '../../src/clients/http-answer.ts';
import { kojiHub } from '../../src/clients/koji.ts';
import { newsOf } from '../../src/clients/messages.ts';
import { resultsDb } from '../../src/clients/resultsdb.ts';
import { decodeAnswer, type XmlRpcValue } from '../../src/clients/xmlrpc.ts';
import { Fault } from '../../src/core/fault.ts';
import type { Http } from '../../src/core/ports.ts';
import type { System } from '../../src/core/system.ts';
import { responseOf } from '../support/fake-hub.ts';

const ROOT = new URL('../fixtures/recorded/', import.meta.url);
const never = new AbortController().signal;

interface Line {
  readonly request?: { readonly method: string; readonly path: string; readonly body?: unknown };
  readonly response?: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
  readonly system?: string;
  readonly topic?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

interface Recorded {
  readonly name: string;
  readonly system: System;
  readonly method: string;
  readonly path: string;
  readonly call: unknown;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Every line of every file of a folder, with its place. */
function linesOf(folder: string): readonly (Line & { readonly at: string })[] {
  return readdirSync(new URL(`${folder}/`, ROOT))
    .filter((file) => file.endsWith('.jsonl'))
    .flatMap((file) =>
      readFileSync(new URL(`${folder}/${file}`, ROOT), 'utf8')
        .trim()
        .split('\n')
        .map((line, index) => ({ ...(JSON.parse(line) as Line), at: `${folder}/${file}:${index + 1}` })),
    );
}

function answersOf(folder: System): readonly Recorded[] {
  return linesOf(folder).flatMap(({ at, request, response, system = folder }) =>
    request === undefined || response === undefined
      ? []
      : [
          {
            name: `${at} ${request.method} ${request.path?.slice(0, 90)}`,
            system: system as System,
            method: request.method,
            path: request.path ?? '',
            call: request.body,
            status: response.status,
            headers: response.headers ?? {},
            body: response.body,
          },
        ],
  );
}

/** Answers every request with what was recorded, as the last page there is. */
function answering({ status, headers, body }: Recorded): Http {
  const isPage = typeof body === 'object' && body !== null && 'pages' in body;
  const told = isPage ? { ...body, pages: 1 } : body;
  return async (request) => ({
    request,
    status,
    headers,
    body: typeof told === 'string' ? told : JSON.stringify(told),
  });
}

const url = 'http://127.0.0.1/';
/** Lists were cut when they were recorded; a page that was cut is no answer of the server. */
const isWhole = ({ body }: Recorded) => !JSON.stringify(body).includes(' more');
const of = (system: System, method: string, path: RegExp, status = 200) =>
  answersOf(system).filter(
    (answer) =>
      answer.system === system &&
      answer.method === method &&
      answer.status === status &&
      path.test(answer.path) &&
      typeof answer.body === 'object' &&
      isWhole(answer),
  );

type Rows = readonly Readonly<Record<string, unknown>>[];
const rowsOf = ({ body }: Recorded, key: string) => (body as Record<string, Rows>)[key] ?? [];

describe('every recorded answer is read by its client', () => {
  test.each(of('bodhi', 'GET', /^\/updates\/\?/))('updates: $name', async (answer) => {
    const read = await bodhi({ http: answering(answer), url }).updatesWith(buildsOf(answer), never);
    expect(read.map(({ alias, status }) => [alias, status])).toEqual(
      rowsOf(answer, 'updates').map(({ alias, status }) => [alias, status]),
    );
  });

  test.each(of('bodhi', 'GET', /^\/releases\/(\?|$)/))('releases: $name', async (answer) => {
    const read = await bodhi({ http: answering(answer), url }).releases(never);
    expect(read.map(({ name }) => name)).toEqual(rowsOf(answer, 'releases').map(({ name }) => name));
  });

  test.each(of('bodhi', 'GET', /\/get-test-results$/))('requirements: $name', async (answer) => {
    const read = await bodhi({ http: answering(answer), url }).unsatisfied('FEDORA-2026-0123456789', never);
    const recorded = rowsOf(answer, 'decisions').flatMap(
      (decision) => decision['unsatisfied_requirements'] as Rows,
    );
    expect(read.map(({ type }) => type)).toEqual(recorded.map(({ type }) => type));
  });

  test.each(of('resultsdb', 'GET', /^\/api\/v2\.0\/results(\?|$)/))('results: $name', async (answer) => {
    const read = await resultsDb({ http: answering(answer), url }).resultsOf(
      resultItemsOf(answer),
      undefined,
      never,
    );
    expect(read.map(({ id, outcome }) => [id, outcome])).toEqual(
      rowsOf(answer, 'data').map(({ id, outcome }) => [id, outcome]),
    );
  });

  test.each(of('greenwave', 'POST', /\/decision$/))('a decision: $name', async (answer) => {
    const question = {
      product_version: 'any',
      contexts: ['any'],
      nvrs: itemsOf(answer.call),
      alias: undefined,
    };
    const read = await greenwave({ http: answering(answer), url }).decide(question, never);
    const recorded = answer.body as { policies_satisfied: boolean; unsatisfied_requirements: Rows };
    expect(read.satisfied).toBe(recorded.policies_satisfied);
    expect(read.unsatisfied.map(({ type }) => type)).toEqual(
      recorded.unsatisfied_requirements.map(({ type }) => type),
    );
  });

  test.each(of('datagrepper', 'GET', /^\/v2\/search/).filter(({ body }) => 'pages' in (body as object)))(
    'messages: $name',
    async (answer) => {
      const window = { start: 1, end: 2 };
      const read = await datagrepper({ http: answering(answer), url }).messages(['any'], window, never);
      expect(read.map(({ id }) => id).toSorted()).toEqual(
        rowsOf(answer, 'raw_messages')
          .map(({ id }) => String(id))
          .toSorted(),
      );
    },
  );

  test('koji: tasks and builds, and those that there are not', async () => {
    const tasks = answersTo('getTaskInfo');
    const builds = answersTo('getBuild');
    expect(Math.min(tasks.length, builds.length)).toBeGreaterThan(5);
    for (const { name, body } of tasks) {
      const read = await kojiHub({ http: hubSaying(body), url }).task(1, never);
      expect(read?.id, name).toBe((body as { id: number } | null)?.id);
    }
    for (const { name, body } of builds) {
      const hub = kojiHub({ http: hubSaying([[body], [{ tag_listing: [] }]]), url });
      const read = (await hub.builds(['x'], never)).get('x')?.build;
      const { nvr, state, task_id } = (body ?? {}) as { nvr?: string; state?: number; task_id?: number };
      expect({ nvr: read?.nvr, state: read?.state, task_id: read?.task_id }, name).toEqual({
        nvr,
        state,
        task_id,
      });
    }
  });
});

/** What a decision was asked on. */
function itemsOf(call: unknown): readonly string[] {
  const { subject, subject_identifier } = call as { subject?: Rows; subject_identifier?: string };
  const items = (subject ?? []).map(({ item, original_spec_nvr }) => String(item ?? original_spec_nvr));
  return subject_identifier === undefined ? items : [...items, subject_identifier];
}

function buildsOf(answer: Recorded): readonly string[] {
  const nvrs = rowsOf(answer, 'updates').flatMap(({ builds }) =>
    ((builds ?? []) as Rows).map(({ nvr }) => String(nvr)),
  );
  return nvrs.length === 0 ? ['any-1-1'] : nvrs;
}

function resultItemsOf(answer: Recorded): readonly string[] {
  const items = rowsOf(answer, 'data').flatMap(({ data }) => (data as { item?: string[] }).item ?? []);
  return items.length === 0 ? ['any-1-1'] : items;
}

/** Answers to a call with nothing but a name or a number, which are no faults. */
function answersTo(method: string): readonly Recorded[] {
  return answersOf('koji').filter(({ call, body }) => {
    const { method: asked, params = [] } = (call ?? {}) as { method?: string; params?: unknown[] };
    const isFault = typeof body === 'object' && body !== null && 'faultCode' in body;
    return asked === method && params.length === 1 && typeof params[0] !== 'object' && !isFault;
  });
}

function hubSaying(value: unknown): Http {
  const body = responseOf(value as XmlRpcValue);
  return async (request) => ({ request, status: 200, headers: { 'content-type': 'text/xml' }, body });
}

describe('every recorded refusal becomes a fault, of its system or of our question', () => {
  const refused = (['bodhi', 'resultsdb', 'greenwave', 'waiverdb', 'datagrepper'] as const)
    .flatMap((system) => answersOf(system).filter((answer) => answer.system === system))
    .filter(({ status }) => status >= 400);

  test.each(refused)('$status: $name', async (answer) => {
    const response = await answering(answer)({ url }, never);
    let thrown: unknown;
    try {
      readJson(answer.system, response);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(Fault);
    const { kind, system } = thrown as Fault;
    // A question that is not understood is our lack until somebody has looked.
    expect(system).toBe(kind === 'unexpected' ? 'own' : answer.system);
    if (answer.status >= 500 || answer.status === 429) expect(kind).toBe('unavailable');
    else expect(['rejected', 'unexpected', 'malformed']).toContain(kind);
  });
});

test('every recorded message is read, and those of the chain are news with the time of their sender', () => {
  const messages = linesOf('messaging')
    .concat(linesOf('greenwave'), linesOf('waiverdb'), linesOf('resultsdb'))
    .filter(({ topic, headers }) => typeof topic === 'string' && headers !== undefined);
  expect(messages.length).toBeGreaterThan(50);
  for (const { at, topic = '', headers = {}, body } of messages) {
    const news = newsOf({ id: 'any', topic, sent_at: String(headers['sent-at'] ?? ''), body });
    const isOfChain = /\.(buildsys\.tag|koji-build-group\.build\.complete|resultsdb\.result\.new)$/.test(
      topic,
    );
    if (!isOfChain) expect(news, at).toEqual([]);
    for (const one of news) expect(one.earliest, at).toBeGreaterThan(Date.UTC(2020, 0, 1));
  }
});

test('the bytes of every raw answer of the hub are read', () => {
  const raw = readdirSync(new URL('koji/', ROOT)).filter((file) => /^raw-.*-response\.xml$/.test(file));
  expect(raw).toHaveLength(3);
  for (const file of raw) {
    const answer = decodeAnswer(readFileSync(new URL(`koji/${file}`, ROOT), 'utf8'));
    expect(file.includes('fault') ? 'fault' in answer : 'value' in answer, file).toBe(true);
  }
});
