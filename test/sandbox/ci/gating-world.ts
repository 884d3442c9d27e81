import { openCi } from '../../../src/sandbox/ci/open-ci.ts';
import { openGreenwave } from '../../../src/sandbox/greenwave/open-greenwave.ts';
import type {
  BuildFacts,
  DistGitPort,
  KojiPort,
  Message,
  SandboxFault,
} from '../../../src/sandbox/kit/kit.ts';
import { openKit } from '../../../src/sandbox/kit/open-kit.ts';
import { defaultWorld } from '../../../src/sandbox/kit/world.ts';
import { openResultsdb } from '../../../src/sandbox/resultsdb/open-resultsdb.ts';
import { openWaiverdb } from '../../../src/sandbox/waiverdb/open-waiverdb.ts';
import { HandClock } from './hand-clock.ts';

export const TEST = 'fedora-ci.koji-build.tier0.functional';

/** The four systems of gating on a clock that is moved by hand, with every build known to Koji. */
export async function gatingWorld() {
  const clock = new HandClock();
  const world = defaultWorld();
  const trouble: unknown[] = [];
  const kit = openKit({
    clock,
    world,
    dir: '/nowhere',
    seed: 'gating',
    trouble: (where, error) => trouble.push([where, error]),
  });
  const koji = {
    build: (nvr: string) => {
      const name = nvr.split('-').slice(0, -2).join('-');
      const source = `git+https://src.fedoraproject.org/rpms/${name}.git#${'b'.repeat(40)}`;
      return { nvr, source, creation_ts: clock.now() / 1000 } as BuildFacts;
    },
  } as KojiPort;
  const distGit: DistGitPort = {
    readFile: async (pkg) => world.packages.find(({ name }) => name === pkg)?.gating,
    isOnBranch: async () => true,
    has: () => true,
  };
  const resultsdb = await openResultsdb(kit);
  const waiverdb = await openWaiverdb(kit, { resultsdbUrl: resultsdb.url });
  const urls = { resultsdbUrl: resultsdb.url, waiverdbUrl: waiverdb.url };
  const greenwave = await openGreenwave(kit, { ...urls, koji, distGit });
  const ci = await openCi(kit, urls);
  const systems = [ci, greenwave, waiverdb, resultsdb];

  /** The next messages of a topic, in their order. */
  function messages(topic: string): () => Promise<Message> {
    const arrived: Message[] = [];
    const waiting: ((message: Message) => void)[] = [];
    kit.subscribe(topic, (message) => {
      const take = waiting.shift();
      if (take === undefined) arrived.push(message);
      else take(message);
    });
    return () => {
      const first = arrived.shift();
      return first === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(first);
    };
  }

  return {
    clock,
    kit,
    trouble,
    resultsdb,
    waiverdb,
    greenwave,
    messages,
    fault: (hooks: SandboxFault['hooks']) => kit.faults.set('test', { name: 'test', hooks }),
    announce: (nvr: string, again = false) =>
      kit.publish('bodhi.update.status.testing.koji-build-group.build.complete', {
        agent: 'packprobe',
        're-trigger': again,
        artifact: { type: 'koji-build-group', builds: [{ type: 'koji-build', id: 7, task_id: 70, nvr }] },
        update: { alias: 'FEDORA-2026-0123456789', user: { name: 'packprobe' } },
      }),
    /** What Greenwave answers to the push of one build. */
    decision: async (nvr: string, more: object = {}) => {
      const response = await fetch(`${greenwave.url}/api/v1.0/decision`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          product_version: 'fedora-44',
          decision_context: 'bodhi_update_push_testing',
          subject_type: 'koji_build',
          subject_identifier: nvr,
          ...more,
        }),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    async [Symbol.asyncDispose]() {
      clock.close();
      for (const system of systems) await system.close();
    },
  };
}
