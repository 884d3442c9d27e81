import type { BodhiInside } from '../bodhi/inside.ts';
import type { BuildFacts } from '../kit/kit.ts';
import type { OpenKit } from '../kit/open-kit.ts';
import type { OtherPackage, WorldRelease } from '../kit/world.ts';
import type { OpenKoji } from '../koji/koji.ts';
import { buildsOfHour } from './day.ts';
import { publishCommit } from './pushes.ts';
import { type Session, sessionOf } from './session.ts';
import type { Commit, OthersSources } from './sources.ts';
import { minded } from './updates.ts';

/** What the weather blows through. */
export interface WeatherPorts {
  readonly koji: OpenKoji['inside'];
  readonly bodhi: BodhiInside;
  readonly resultsdb: { retire(before: number): void };
  readonly sources: OthersSources;
  /** Address of dist-git, as it stands in the sources of builds. */
  readonly distGitUrl: string;
}

export interface Weather {
  /** Asks for so many builds of Rawhide by release engineering, spread over a time. Sandbox milliseconds. */
  rebuild(builds: number, overMs: number): void;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * How long what others did is kept, sandbox time: messages, tasks and logs as long as anybody looks back; builds and updates until they have gone
 * through their week of testing.
 */
export const KEPT_MS = {
  messages: 2 * DAY_MS,
  results: 8 * DAY_MS,
  builds: 10 * DAY_MS,
  /** Updates that nobody brings to an end. */
  stuck: 21 * DAY_MS,
} as const;

/** Who rebuilds everything: an account whose builds get no automatic update. */
const RELENG = 'releng';
/** Share of builds that bring a new version. */
const NEW_VERSION = 0.55;
/** Share of builds whose own spec fails. */
const BROKEN = 0.06;

/** Others build and update, hour by hour, through the same hub, builders, signer, Bodhi and CI as packprobe. */
export function startWeather(kit: OpenKit, ports: WeatherPorts): Weather {
  const { clock, world } = kit;
  const packages = [...(world.others?.packages.values() ?? [])];
  const people = world.others?.people ?? [];
  const known = new Map<string, { version: number; release: number }>();
  let builds = 0;

  /** The next commit of a package: a new version, or a new release of the same. */
  function commit(pkg: OtherPackage, author: string, releases: readonly WorldRelease[]): Commit {
    const { draw } = kit;
    const number = `${pkg.name} ${builds++}`;
    const before = known.get(pkg.name) ?? {
      version: Math.floor(draw('weather.version', pkg.name) * 60),
      release: 1,
    };
    const isNew = draw('weather.is-new', number) < NEW_VERSION;
    const next = isNew
      ? { version: before.version + 1, release: 1 }
      : { version: before.version, release: before.release + 1 };
    known.set(pkg.name, next);
    const made = ports.sources.commit({
      pkg: pkg.name,
      author,
      version: `${1 + Math.floor(next.version / 20)}.${next.version % 20}`,
      release: next.release,
      at: clock.now(),
      isBroken: draw('weather.broken', number) < BROKEN,
    });
    publishCommit(kit, made, {
      url: ports.distGitUrl,
      branches: releases.map(({ branch }) => branch),
    });
    return made;
  }

  function sourceOf({ pkg, sha }: Commit): string {
    return `git+${ports.distGitUrl}/rpms/${pkg}.git#${sha}`;
  }

  const updates = minded(kit, ports.bodhi, people);

  function hold({ pkg, owner, packages: all, releases, isScratch }: Session): void {
    const commits = all.map((one) => commit(one, owner, releases));
    const subject = `${pkg.name} ${commits[0]?.sha}`;
    for (const release of releases) {
      const target = release.targets[0] ?? release.build_tag;
      const made: string[] = [];
      let left = commits.length;
      const ended = (build: BuildFacts | undefined) => {
        if (build !== undefined) made.push(build.nvr);
        left -= 1;
        if (left > 0 || made.length === 0 || isScratch) return;
        // Rawhide's come by themselves.
        if (release.create_automatic_updates) updates.mindAutomatic(made[0] ?? '', owner);
        else updates.submitLater({ owner, builds: made, subject: `${subject} ${release.name}` });
      };
      for (const one of commits) {
        ports.koji.order({ owner, source: sourceOf(one), target, scratch: isScratch }, ended);
      }
    }
  }

  function hour(): void {
    if (people.length === 0 || packages.length === 0) return;
    const at = clock.now();
    const count = buildsOfHour(kit, at, people.length);
    for (let i = 0; i < count; i++) {
      const subject = `${Math.floor(at / HOUR_MS)} ${i}`;
      clock.after(kit.draw('weather.moment', subject) * HOUR_MS, () => {
        hold(sessionOf(kit, packages, subject));
      });
    }
  }

  function clean(): void {
    const now = clock.now();
    ports.bodhi.retire({
      isTheirs: (name) => world.others?.packages.has(name) === true,
      ended: now - KEPT_MS.builds,
      stuck: now - KEPT_MS.stuck,
    });
    ports.koji.retire({
      tasks: now - KEPT_MS.messages,
      builds: now - KEPT_MS.builds,
      isNeeded: (nvr) => ports.bodhi.updateOf(nvr) !== undefined,
    });
    ports.resultsdb.retire(now - KEPT_MS.results);
    ports.sources.forget(now - KEPT_MS.stuck);
    kit.forget(now - KEPT_MS.messages);
  }

  if (world.others !== undefined) {
    clock.every(HOUR_MS, 0, hour);
    clock.every(6 * HOUR_MS, 17 * 60_000, clean);
  }
  return {
    rebuild(count, overMs) {
      const rawhide = world.releases.find(({ create_automatic_updates }) => create_automatic_updates);
      const target = rawhide?.targets[0];
      if (rawhide === undefined || target === undefined || packages.length === 0) return;
      for (let i = 0; i < count; i++) {
        const pkg = packages[i % packages.length] as OtherPackage;
        clock.after((overMs * i) / count, () => {
          const source = sourceOf(commit(pkg, RELENG, [rawhide]));
          ports.koji.order({ owner: RELENG, source, target, scratch: false, priority: 25 }, () => undefined);
        });
      }
    },
  };
}
