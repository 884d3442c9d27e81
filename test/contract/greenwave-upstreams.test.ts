import dns from 'node:dns';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { GUNICORN_500 } from '../../src/sandbox/faults/front-end.ts';
import { openGreenwave } from '../../src/sandbox/greenwave/open-greenwave.ts';
import { sandboxClock } from '../../src/sandbox/kit/clock.ts';
import type { BuildFacts, DistGitPort, Interference, KojiPort } from '../../src/sandbox/kit/kit.ts';
import { openKit } from '../../src/sandbox/kit/open-kit.ts';
import { defaultWorld } from '../../src/sandbox/kit/world.ts';
import { recording } from './gating-replay.ts';

/** What is wrong with an upstream; a number is the status of all its answers. */
type Broken = 'silent' | 'refused' | 'unknown' | number;

/** How a note of the recording says it. */
function brokenOf(note: string): Broken {
  const status = /always (\d+)/.exec(note)?.[1];
  if (status !== undefined) return Number(status);
  if (note.includes('does not resolve')) return 'unknown';
  return note.includes('refused') ? 'refused' : 'silent';
}

async function listening(answer: Server): Promise<string> {
  await new Promise<void>((resolve) => answer.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(answer.address() as AddressInfo).port}`;
}

function serverOf(broken: Broken | undefined): Server {
  return createServer((request, response) => {
    request.resume();
    if (broken === 'silent') return;
    if (typeof broken === 'number')
      response.writeHead(broken, { 'content-type': 'text/html' }).end('upstream broken');
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{"data": []}');
  });
}

const DIST_GIT = 'http://127.0.0.1:22040';

/** Nobody asks a name server: this is what it would say. */
const NO_SUCH_HOST = 'nosuch.invalid';

beforeAll(() => {
  const real = dns.lookup;
  const lookup = (host: string, ...more: unknown[]) => {
    const done = more.at(-1) as (error: Error) => void;
    if (host === NO_SUCH_HOST) done(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }));
    else Reflect.apply(real, dns, [host, ...more]);
  };
  vi.spyOn(dns, 'lookup').mockImplementation(lookup as typeof dns.lookup);
});

afterAll(() => void vi.restoreAllMocks());

/** What surrounds Greenwave where a line says so: one worker, which is killed when it is busy for 30 s. */
const KILLED: Interference = { delayMs: 30_000, answer: GUNICORN_500 };

async function answerWith(note: string, body: unknown, gated: string) {
  const name = note.split(/[: ]/)[0] ?? '';
  const broken = brokenOf(note);
  const releases = defaultWorld().releases.map((release) => {
    const version = String(Number(release.version) - 2);
    return { ...release, name: `F${version}`, version };
  });
  const kit = openKit({
    clock: sandboxClock(Date.UTC(2026, 10, 21, 11, 30), 300),
    world: { ...defaultWorld(), releases },
    dir: '/nowhere',
    seed: 'upstreams',
    trouble: (where, error) => {
      throw new Error(`${where} went wrong`, { cause: error });
    },
  });
  const system = name === 'koji' ? 'koji' : 'dist-git';
  const wire: Interference =
    typeof broken === 'number'
      ? { answer: { status: broken, contentType: 'text/html', body: 'upstream error page' } }
      : { delayMs: 600_000 };
  kit.faults.set('down', {
    name: 'down',
    hooks: {
      wire(asked) {
        if (asked === 'greenwave') return note.includes('gunicorn') ? KILLED : undefined;
        return asked === system && name === system && broken !== 'refused' ? wire : undefined;
      },
      refuses: (asked) => (asked === system && name === system ? broken === 'refused' : undefined),
    },
  });
  const servers = ['ResultsDB', 'WaiverDB'].map((one) => serverOf(one === name ? broken : undefined));
  const urls = await Promise.all(servers.map(listening));
  // Nobody listens any more where the connection is to be refused.
  const closed = servers.filter(
    (_, index) => ['ResultsDB', 'WaiverDB'][index] === name && broken === 'refused',
  );
  for (const server of closed) server.close();
  const koji = {
    build: (nvr: string) =>
      ({
        source: `git+https://src.fedoraproject.org/rpms/${nvr.split('-')[0]}.git#${'a'.repeat(40)}`,
        creation_ts: Date.UTC(2026, 10, 20, 10) / 1000,
      }) as BuildFacts,
  } as KojiPort;
  const distGit: DistGitPort = {
    readFile: async (pkg) => (pkg === 'nogating' ? undefined : gated),
    isOnBranch: async () => true,
    has: () => true,
  };
  const greenwave = await openGreenwave(kit, {
    resultsdbUrl: broken === 'unknown' ? `http://${NO_SUCH_HOST}` : (urls[0] ?? ''),
    waiverdbUrl: urls[1] ?? '',
    koji,
    distGit,
    cacheMs: 0,
    distGitUrl: DIST_GIT,
    kojiUrl: 'https://127.0.0.1:22050/kojihub',
  });
  try {
    const begun = kit.clock.now();
    const response = await fetch(`${greenwave.url}/api/v1.0/decision`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    const took = (kit.clock.now() - begun) / 1000;
    const isJson = response.headers.get('content-type') === 'application/json';
    return { status: response.status, body: isJson ? JSON.parse(text) : text, took };
  } finally {
    await greenwave.close();
    kit.clock.close();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  }
}

/** A text without the addresses of either side: of dist-git the recording has two. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value)
      .replaceAll(/127\.0\.0\.1(:|', port=)\d+/g, 'HOST')
      .replaceAll(/\/(?:\d{3})(?=\/api\/)/g, '')
      .replaceAll(/(aaaaaaaa)\/raw\/|\/raw\/(a{40})\/f\/gating\.yaml/g, '$1/$2'),
  );
}

const { head, exchanges } = recording('greenwave/upstream-down');
const gated = (head.preconditions as { gating_yaml: { gated: string } }).gating_yaml.gated;

test.concurrent.each(exchanges.map((one) => [one.note ?? '', one] as const))(
  '%s: the answer is that of Greenwave 2.3.0, and as late',
  async (note, { request, response, seconds = 0 }) => {
    const { took, ...got } = await answerWith(note, request.body, gated);
    expect(got.status).toBe(response.status);
    expect(plain(got.body)).toEqual(plain(response.body));
    expect(took).toBeGreaterThan(0.95 * Math.floor(seconds));
  },
);
