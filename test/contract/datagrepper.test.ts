import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatagrepper } from '../../src/sandbox/datagrepper/datagrepper.ts';
import type { Message, OpenSystem } from '../../src/sandbox/kit/kit.ts';
import { type TestKit, testKit } from '../sandbox/kit/test-kit.ts';

const FOLDER = join(import.meta.dirname, '../fixtures/recorded/datagrepper');
/** When the recordings were made. */
const NOW = 1795260316_700;
const START = Date.UTC(2026, 10, 20);

interface Exchange {
  readonly note: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Record<string, string>;
    readonly body: unknown;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Record<string, string>;
    readonly body: unknown;
  };
}

function readExchanges(file: string): Exchange[] {
  const lines = readFileSync(join(FOLDER, file), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Exchange).filter((line) => 'request' in line);
}

type Row = Record<string, unknown> & { topic: string; headers: Record<string, unknown> };

/** Messages that the recordings show, by topic and time: they are to come back as they are. */
function shownMessages(): Map<string, Message> {
  const shown = new Map<string, Message>();
  for (const { response } of files.flatMap(readExchanges)) {
    const body = response.body as { raw_messages?: (Row | string)[] };
    for (const row of body?.raw_messages ?? []) {
      if (typeof row === 'string') continue;
      const { topic, headers } = row;
      const sentAt = String(headers['sent-at']);
      shown.set(`${topic} ${sentAt}`, {
        id: String(row['id'] ?? row['msg_id']),
        topic,
        headers,
        body: (row['body'] ?? row['msg']) as Record<string, unknown>,
        sentAt: 0,
      });
    }
  }
  return shown;
}

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.jsonl'));
const PACKAGES = ['acorn', 'basil', 'maple', 'kernel', 'glibc', 'python3.14', 'zlib-ng'];
const PROD = 'org.fedoraproject.prod';

/** The database of the recordings, as their first lines describe it. */
function archive(): Message[] {
  const shown = shownMessages();
  const taken = new Set<string>();
  let made = 0;
  const stamp = (ms: number) => new Date(ms).toISOString().replace(/\.000Z$/, '+00:00');
  const message = (topic: string, sentAt: string, body: Record<string, unknown>, schema = 'base.message') => {
    const key = `${topic} ${sentAt}`;
    taken.add(key);
    const id = `00000000-0000-4000-8000-${String(made++).padStart(12, '0')}`;
    const headers = { 'sent-at': sentAt, fedora_messaging_schema: schema, fedora_messaging_severity: 20 };
    return shown.get(key) ?? { id, topic, sentAt: 0, headers, body };
  };
  const all = Array.from({ length: 3000 }, (_, n) => {
    const name = PACKAGES[n % PACKAGES.length]!;
    const at = stamp(START + n * 20_000);
    const build = { build_id: 2800000 + n, name, version: `1.${n}`, release: '1.fc43' };
    if (n % 3 === 0) {
      const body = { ...build, tag: 'f43-updates-candidate', user: 'packager1', owner: 'packager1' };
      return message(`${PROD}.buildsys.tag`, at, body, 'koji_fedoramessaging.tag.TagV1');
    }
    if (n % 3 === 1) {
      const body = { ...build, owner: 'packager2' };
      const schema = 'koji_fedoramessaging.build.BuildStateChangeV1';
      return message(`${PROD}.buildsys.build.state.change`, at, body, schema);
    }
    return message(`${PROD}.resultsdb.result.new`, at, { data: { item: [`${name}-1.${n}-1.fc43`] } });
  });
  for (let n = 0; n < 30; n++) {
    const topic = 'org.centos.prod.ci.koji-build.test.complete';
    all.push(message(topic, '2026-11-20T05:00:00+00:00', { n }));
  }
  all.push(message(`${PROD}.git.receive`, '2026-11-20T00:00:30.500000+00:00', { z: 'fraction' }));
  all.push(message(`${PROD}.git.receive`, '2026-11-20T04:00:00+00:00', { z: 'other time' }));
  for (let n = 0; n < 193; n++) {
    all.push(message(`${PROD}.bodhi.update.comment`, stamp(NOW - 700 - 1000 * (n + 400)), { n }));
  }
  const rest = [...shown].filter(([key]) => !taken.has(key)).map(([, row]) => row);
  rest.sort((a, b) => a.id.localeCompare(b.id));
  return [...all, ...rest];
}

async function ask(url: string, { method, path, headers, body }: Exchange['request'], note: string) {
  // Node sends no Accept of its own; the client of the recordings sent */* unless it was told to send none.
  const sent = note === 'no Accept header' ? headers : { accept: '*/*', ...headers };
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }>(
    (resolve, reject) => {
      const asked = request(`${url}${path}`, { method, headers: sent }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      });
      asked.on('error', reject);
      asked.end(body === null ? undefined : new URLSearchParams(body as Record<string, string>).toString());
    },
  );
}

/** Times that hang on the moment of asking, and rows that the recording leaves out. */
function normal(value: unknown, key = ''): unknown {
  if (key === 'traceback') return '<python traceback>';
  if (typeof value === 'number' && ['start', 'end', 'delta'].includes(key)) return Math.round(value / 1000);
  if (typeof value === 'string') return value.replace(/127\.0\.0\.1:\d+/g, 'HOST');
  if (Array.isArray(value)) {
    return value
      .filter((entry) => !/^\.\.\. \d+ more cut$/.test(String(entry)))
      .map((entry) => normal(entry));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, normal(entry, name)]));
}

let kit: TestKit;
let datagrepper: OpenSystem;

beforeAll(async () => {
  kit = await testKit({ epoch: NOW, speed: 1 });
  (kit.archive as Message[]).push(...archive());
  datagrepper = await openDatagrepper(kit);
});

afterAll(async () => {
  await datagrepper.close();
  await kit[Symbol.asyncDispose]();
});

describe.each(files)('%s', (file) => {
  const named = readExchanges(file).map(
    (exchange) => [exchange.note, exchange.request.path, exchange] as const,
  );
  test.each(named)('%s %s is answered as the real server does', async (note, _path, exchange) => {
    const answer = await ask(datagrepper.url, exchange.request, note);
    const { status, headers, body } = exchange.response;
    expect(answer.status).toBe(status);
    expect(normal(answer.headers)).toMatchObject(normal(headers) as Record<string, unknown>);
    if (typeof body !== 'string') {
      const got = JSON.parse(answer.text) as { raw_messages?: unknown[] };
      const shown = (body as { raw_messages?: unknown[] }).raw_messages;
      if (shown?.some((row) => typeof row === 'string')) got.raw_messages?.splice(shown.length - 1);
      expect(normal(got)).toEqual(normal(body));
    } else if (body.endsWith('...[cut]')) {
      // Pages for people and JSONP: what they begin with.
      const beginning =
        /^(cb\(\{"raw_messages": \[\{|<!DOCTYPE html>|<\?xml version='1.0' encoding='utf-8'\?>)/;
      expect(beginning.exec(answer.text)?.[0]).toBe(beginning.exec(body)?.[0]);
    } else {
      const timeless = (text: string) => text.replace(/"end": [\d.]+/, '"end": NOW');
      expect(normal(timeless(answer.text))).toBe(normal(timeless(body)));
    }
  });
});
