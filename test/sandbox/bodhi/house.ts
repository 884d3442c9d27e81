import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { type OpenBodhi, openBodhi } from '../../../src/sandbox/bodhi/bodhi.ts';
import { type OpenKit, openKit } from '../../../src/sandbox/kit/open-kit.ts';
import type { World, WorldRelease } from '../../../src/sandbox/kit/world.ts';
import {
  type FakeDistGit,
  type FakeGating,
  type FakeKoji,
  fakeDistGit,
  fakeKoji,
  openFakeGating,
} from './fakes.ts';
import { type HandClock, handClock } from './hand-clock.ts';

const COMPOSE_MS = 122 * 60_000 + 10_000;

export const EPOCH = Date.UTC(2026, 10, 21, 11, 18, 57, 250);

const F43: WorldRelease = {
  name: 'F43',
  long_name: 'Fedora 43',
  version: '43',
  branch: 'f43',
  dist_tag: 'f43',
  id_prefix: 'FEDORA',
  state: 'current',
  composed_by_bodhi: true,
  create_automatic_updates: false,
  candidate_tag: 'f43-updates-candidate',
  pending_signing_tag: 'f43-signing-pending',
  pending_testing_tag: 'f43-updates-testing-pending',
  testing_tag: 'f43-updates-testing',
  pending_stable_tag: 'f43-updates-pending',
  stable_tag: 'f43-updates',
  override_tag: 'f43-override',
  build_tag: 'f43-build',
  targets: ['f43-candidate', 'f43'],
  signing_key: '31645531',
  released_on: Date.UTC(2025, 9, 28),
  eol: Date.UTC(2026, 11, 2),
};

function renamed(release: WorldRelease, from: string, to: string): WorldRelease {
  return JSON.parse(JSON.stringify(release).replaceAll(from, to)) as WorldRelease;
}

/** Releases and users as the recordings have them. */
export const RELEASES: readonly WorldRelease[] = [
  F43,
  {
    ...renamed(F43, '43', '45'),
    branch: 'rawhide',
    state: 'pending',
    composed_by_bodhi: false,
    create_automatic_updates: true,
    stable_tag: 'f45',
    override_tag: '',
    released_on: null,
    eol: null,
  },
  {
    ...F43,
    name: 'EPEL-10.1',
    long_name: 'Fedora EPEL 10.1',
    version: '10.1',
    id_prefix: 'FEDORA-EPEL',
    branch: 'epel10.1',
    dist_tag: 'epel10.1',
    stable_tag: 'epel10.1',
    testing_tag: 'epel10.1-testing',
    candidate_tag: 'epel10.1-testing-candidate',
    pending_signing_tag: 'epel10.1-signing-pending',
    pending_testing_tag: 'epel10.1-testing-pending',
    pending_stable_tag: 'epel10.1-pending',
    override_tag: 'epel10.1-override',
    build_tag: 'epel10.1-build',
    released_on: null,
    eol: null,
  },
  { ...renamed(F43, '43', '41'), state: 'archived', released_on: null, eol: null },
];

function worldOf(releases: readonly WorldRelease[]): World {
  const packager = ['packager', 'fedora-contributor', 'ipausers'];
  return {
    stage: 'sandbox',
    realm: 'SANDBOX.INVALID',
    releases,
    packages: [],
    users: [
      { name: 'packager1', password: 'one', groups: packager },
      { name: 'packager2', password: 'two', groups: packager },
      { name: 'tester1', password: 'three', groups: ['fedora-contributor'] },
      { name: 'tester2', password: 'four', groups: ['fedora-contributor'] },
      { name: 'releng1', password: 'five', groups: ['packager', 'releng-team'] },
    ],
    packager: 'packager1',
    arches: ['x86_64'],
    critpath: { core: ['critpkg'], 'critical-path-gnome': ['critpkg', 'gnomepkg'] },
    tests: ['fedora-ci.koji-build.tier0.functional'],
    // A compose ends between two rounds of the tasks that run every three minutes.
    delays: { 'bodhi.push': { least: COMPOSE_MS, median: COMPOSE_MS, most: COMPOSE_MS } },
  };
}

/** Bodhi with everything around it that it needs, on a clock that the test moves. */
export interface House extends AsyncDisposable {
  readonly kit: OpenKit;
  readonly clock: HandClock;
  readonly koji: FakeKoji;
  readonly distGit: FakeDistGit;
  readonly gating: FakeGating;
  readonly bodhi: OpenBodhi;
  readonly troubles: string[];
  /** Moves time until every message has been handled. */
  settle(): Promise<void>;
  /** What the signing service does: signs, and moves the build on. */
  sign(nvr: string): Promise<void>;
  /** Waits until something is so that Bodhi does by itself. */
  until(holds: () => boolean | Promise<boolean>): Promise<void>;
  /** Topics of Bodhi's messages so far, without their beginning. */
  topics(): string[];
}

export async function openHouse(releases: readonly WorldRelease[] = RELEASES): Promise<House> {
  const dir = await mkdtemp(join(tmpdir(), 'bodhi-house-'));
  const clock = handClock(EPOCH);
  const troubles: string[] = [];
  const kit = openKit({
    clock,
    world: worldOf(releases),
    dir,
    seed: 'house',
    trouble: (where, error) => void troubles.push(`${where}: ${String(error)}`),
  });
  const koji = fakeKoji(
    () => kit,
    (tag) => !/nonexistent|^f99/.test(tag),
  );
  const distGit = fakeDistGit();
  const gating = await openFakeGating();
  const bodhi = await openBodhi(kit, {
    koji,
    distGit,
    greenwaveUrl: () => gating.url,
    waiverdbUrl: () => gating.url,
  });
  const house: House = {
    kit,
    clock,
    koji,
    distGit,
    gating,
    bodhi,
    troubles,
    async settle() {
      for (let left = kit.archive.length; ; left = kit.archive.length) {
        let settled = false;
        const done = kit.settled().then(() => {
          settled = true;
        });
        while (!settled) await clock.advance(1000);
        await done;
        if (left === kit.archive.length) return;
      }
    },
    async sign(nvr) {
      const release = releases.find(({ pending_signing_tag }) =>
        koji.tagsOf(nvr).includes(pending_signing_tag),
      );
      if (release === undefined) throw new Error(`${nvr} was not sent to signing: ${koji.tagsOf(nvr)}`);
      koji.tag(nvr, release.pending_testing_tag, 'autopen');
      koji.untag(nvr, release.pending_signing_tag, 'autopen');
      await house.settle();
    },
    async until(holds) {
      while (!(await holds())) await later(2);
    },
    topics: () =>
      kit.archive
        .map(({ topic }) => topic.split('.').slice(3).join('.'))
        .filter((topic) => topic.startsWith('bodhi.')),
    async [Symbol.asyncDispose]() {
      await bodhi.close();
      clock.close();
      await gating.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return house;
}
