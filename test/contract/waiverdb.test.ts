import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OpenSystem } from '../../src/sandbox/kit/kit.ts';
import type { OpenKit } from '../../src/sandbox/kit/open-kit.ts';
import { openResultsdb } from '../../src/sandbox/resultsdb/open-resultsdb.ts';
import { openWaiverdb, type WaiverdbOptions } from '../../src/sandbox/waiverdb/open-waiverdb.ts';
import { recordedKit, recording, recordingsOf, replay } from './gating-replay.ts';

let kit: OpenKit;
let resultsdb: OpenSystem;
let open: OpenSystem[];

beforeEach(async () => {
  kit = recordedKit({ speed: 300 });
  resultsdb = await openResultsdb(kit);
  open = [resultsdb];
});

afterEach(async () => {
  for (const system of open.reverse()) await system.close();
  kit.clock.close();
});

/** An address at which nobody listens. */
async function refusingUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

/** How each head says that the server was set up. */
const SET_UP: Readonly<Record<string, () => Promise<Partial<WaiverdbOptions>>>> = {
  permissions: async () => ({
    method: 'dummy',
    resultsdbUrl: await refusingUrl(),
    permissions: [
      {
        name: 'locked',
        testcases: ['locked.*'],
        testcases_ignore: ['locked.free.*'],
        users: ['qe'],
        groups: [],
        maintainers: ['m@example.org'],
      },
      { name: 'g', testcases: ['grp.*'], users: [], groups: ['g1'] },
    ],
  }),
  oidc: async () => ({
    method: 'OIDC',
    introspect(token) {
      if (['good', 'noscope', 'expired'].includes(token)) return { active: true, sub: 'packager' };
      if (token === 'bodhi') return { active: true, sub: 'bodhi@service' };
      return { active: token === 'nosub' };
    },
  }),
};

describe('the sandbox answers as WaiverDB 1.4.0 did', () => {
  test.each(recordingsOf('waiverdb'))('%s', async (name) => {
    const recorded = recording(`waiverdb/${name}`);
    expect(recorded.exchanges.length).toBeGreaterThan(1);
    const options = { resultsdbUrl: resultsdb.url, ...(await SET_UP[name]?.()) };
    const waiverdb = await openWaiverdb(kit, options);
    open.push(waiverdb);
    const part = /^(.*)-down$/.exec(name)?.[1];
    kit.faults.set('down', {
      name: 'down',
      hooks: {
        rule(point, subject) {
          if (point === 'waiverdb.introspect') return subject === 'err' ? 'down' : undefined;
          return point === `waiverdb.${part}` ? 'down' : undefined;
        },
      },
    });
    await replay(recorded, {
      urls: { resultsdb: resultsdb.url, waiverdb: waiverdb.url },
      system: 'waiverdb',
      same: [['port=22099', `port=${new URL(options.resultsdbUrl).port}`]],
      kit,
    });
    if (name === 'broker-down') expect(kit.archive).toEqual([]);
  });
});
