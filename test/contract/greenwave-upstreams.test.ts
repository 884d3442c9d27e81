import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { openGreenwave } from '../../src/sandbox/greenwave/open-greenwave.ts';
import { sandboxClock } from '../../src/sandbox/kit/clock.ts';
import type { BuildFacts, DistGitPort, Interference, KojiPort } from '../../src/sandbox/kit/kit.ts';
import { openKit } from '../../src/sandbox/kit/open-kit.ts';
import { defaultWorld } from '../../src/sandbox/kit/world.ts';
import { recording } from './gating-replay.ts';

/** An upstream: an address, or what the wire of dist-git or Koji does. */
type Broken = 'silent' | 'refused' | number;

/** How a note of the recording says it. */
function brokenOf(note: string): Broken {
  const status = /always (\d+)/.exec(note)?.[1];
  if (status !== undefined) return Number(status);
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

async function answerWith(name: string, broken: Broken, body: unknown, gated: string) {
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
    broken === 'silent'
      ? { delayMs: 600_000 }
      : {
          answer:
            broken === 'refused'
              ? 'drop'
              : { status: Number(broken), contentType: 'text/html', body: 'upstream error page' },
        };
  kit.faults.set('down', {
    name: 'down',
    hooks: { wire: (asked) => (asked === system && name === system ? wire : undefined) },
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
    resultsdbUrl: urls[0] ?? '',
    waiverdbUrl: urls[1] ?? '',
    koji,
    distGit,
    cacheMs: 0,
    distGitUrl: DIST_GIT,
    kojiUrl: 'https://127.0.0.1:22050/kojihub',
  });
  try {
    const response = await fetch(`${greenwave.url}/api/v1.0/decision`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as unknown };
  } finally {
    await greenwave.close();
    kit.clock.close();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  }
}

/** A text without the addresses of either side: of dist-git the recording has two, and a dropped connection is no refused one. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value)
      .replaceAll(/127\.0\.0\.1(:|', port=)\d+/g, 'HOST')
      .replaceAll(/\/(?:\d{3})(?=\/api\/)/g, '')
      .replaceAll(/(aaaaaaaa)\/raw\/|\/raw\/(a{40})\/f\/gating\.yaml/g, '$1/$2'),
  );
}

const { head, exchanges } = await recording('recorded/greenwave/upstream-down.jsonl');
const gated = (head.preconditions as { gating_yaml: { gated: string } }).gating_yaml.gated;
/** A name that does not resolve, and the server around Greenwave that kills it. */
const LEFT_OUT = /does not resolve|gunicorn/;
/** Nothing listens here for dist-git: its connections are dropped instead, with their own words. */
const DROPPED = /^dist-git: connection refused/;

test.concurrent.each(
  exchanges.filter(({ note = '' }) => !LEFT_OUT.test(note)).map((one) => [one.note ?? '', one] as const),
)('%s: the answer is that of Greenwave 2.3.0', async (note, { request, response }) => {
  const name = note.split(':')[0] ?? '';
  const got = await answerWith(name, brokenOf(note), request.body, gated);
  expect(got.status).toBe(response.status);
  if (DROPPED.test(note)) expect(JSON.stringify(got.body)).toContain('RemoteDisconnected');
  else expect(plain(got.body)).toEqual(plain(response.body));
});
