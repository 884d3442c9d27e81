import { afterEach, describe, expect, test } from 'vitest';
import { openGreenwave } from '../../src/sandbox/greenwave/open-greenwave.ts';
import type { BuildFacts, DistGitPort, KojiPort, OpenSystem } from '../../src/sandbox/kit/kit.ts';
import { defaultWorld, type World } from '../../src/sandbox/kit/world.ts';
import { openResultsdb } from '../../src/sandbox/resultsdb/open-resultsdb.ts';
import { openWaiverdb } from '../../src/sandbox/waiverdb/open-waiverdb.ts';
import { type Recording, recordedKit, recording, recordingsOf, replay } from './gating-replay.ts';

/** What the head of a recording says about the stubs of Koji and dist-git. */
interface Preconditions {
  /** By package: the file, `absent: 404`, or the status that dist-git answers. */
  readonly gating_yaml?: Readonly<Record<string, string | number>>;
  readonly koji_getBuild?: Readonly<Record<string, { source?: string | null; fault?: string } | null>>;
}

/** The releases of the recordings: Rawhide 43, current 42, previous 41. */
function recordedWorld(): World {
  const world = defaultWorld();
  return {
    ...world,
    releases: world.releases.map((release) => {
      const version = String(Number(release.version) - 2);
      return { ...release, name: `F${version}`, version };
    }),
  };
}

const COMMIT = 'a'.repeat(40);

/** The stubs were set up once for all recordings, but not every head says all of it. */
const FOR_ALL: Preconditions = {
  koji_getBuild: { nobuild: null },
  gating_yaml: {
    gatedscenario:
      '--- !Policy\nid: scen\nproduct_versions: ["fedora-*"]\ndecision_contexts: [bodhi_update_push_testing, bodhi_update_push_stable]\nrules:\n  - !PassingTestCaseRule {test_case_name: mytest, scenario: scenario-a}\n  - !PassingTestCaseRule {test_case_name: mytest, scenario: scenario-b}\n',
  },
};

function stubs(preconditions: Preconditions) {
  const files = new Map(Object.entries({ ...FOR_ALL.gating_yaml, ...preconditions.gating_yaml }));
  const builds = { ...FOR_ALL.koji_getBuild, ...preconditions.koji_getBuild };
  const koji = {
    build(nvr: string): BuildFacts | undefined {
      const name = /^(.*)-[^-]+-[^-]+$/.exec(nvr)?.[1] ?? nvr.split('-')[0] ?? '';
      const told = builds[name];
      if (told === null) return undefined;
      if (told?.fault !== undefined) throw new Error(told.fault);
      const usual = `git+https://src.fedoraproject.org/rpms/${name}.git#${COMMIT}`;
      return {
        source: told === undefined ? usual : (told.source ?? null),
        creation_ts: Date.UTC(2026, 10, 20, 10) / 1000,
      } as BuildFacts;
    },
  } as KojiPort;
  const distGit: DistGitPort = {
    readFile: async (pkg) => {
      const file = files.get(pkg);
      return typeof file === 'string' && !file.startsWith('absent') ? file : undefined;
    },
    isOnBranch: async () => true,
    has: (pkg) => files.has(pkg),
  };
  return { koji, distGit, files };
}

let closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

async function play(name: string, recorded: Recording): Promise<void> {
  // What a broken upstream costs is leapt over; all else is in real time.
  const kit = recordedKit({ world: recordedWorld(), speed: name === 'database-down' ? 60 : 1 });
  const { koji, distGit, files } = stubs(recorded.head.preconditions as Preconditions);
  kit.faults.set('upstreams', {
    name: 'upstreams',
    hooks: {
      wire(system, { path }) {
        const status = /\/err(\d+)\//.exec(path)?.[1];
        if (system !== 'dist-git' || status === undefined) return undefined;
        return { answer: { status: Number(status), contentType: 'text/html', body: 'upstream error page' } };
      },
      rule: (point) => (name === 'database-down' && point.endsWith('.database') ? 'down' : undefined),
    },
  });
  const keep = <System extends OpenSystem>(system: System): System => {
    closing.push(() => system.close());
    return system;
  };
  closing.push(() => kit.clock.close());
  const resultsdb = keep(await openResultsdb(kit));
  const waiverdb = keep(await openWaiverdb(kit, { resultsdbUrl: resultsdb.url }));
  const greenwave = keep(
    await openGreenwave(kit, {
      resultsdbUrl: resultsdb.url,
      waiverdbUrl: waiverdb.url,
      koji,
      distGit,
      cacheMs: name === 'cache' ? 3_600_000 : 0,
      distGitUrl: 'http://127.0.0.1:22040',
      kojiUrl: 'https://127.0.0.1:22050/kojihub',
      publishes: name === 'messages',
    }),
  );
  await replay(recorded, {
    urls: { resultsdb: resultsdb.url, waiverdb: waiverdb.url, greenwave: greenwave.url },
    system: 'greenwave',
    same: [['port=22010', `port=${new URL(resultsdb.url).port}`]],
    kit,
    before: ({ note = '' }) => {
      if (note.startsWith('the file appears')) files.set('latefile', String(files.get('gated')));
    },
  });
}

/** Played by itself, each line with an upstream of its own. */
const ELSEWHERE = ['upstream-down'];

describe('the sandbox answers as Greenwave 2.3.0 did', () => {
  test.each(recordingsOf('greenwave').filter((name) => !ELSEWHERE.includes(name)))('%s', async (name) => {
    const recorded = recording(`greenwave/${name}`);
    expect(recorded.exchanges.length).toBeGreaterThan(1);
    await play(name, recorded);
  });
});
