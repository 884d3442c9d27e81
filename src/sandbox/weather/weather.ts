import type { BodhiInside } from '../bodhi/inside.ts';
import type { OpenKit } from '../kit/open-kit.ts';
import type { OtherPackage } from '../kit/world.ts';
import type { OpenKoji } from '../koji/koji.ts';
import { buildsOfHour } from './day.ts';
import { type Session, sessionOf } from './session.ts';
import type { OthersSources } from './sources.ts';
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
export const KEPT_MS = { messages: 3 * DAY_MS, results: 9 * DAY_MS, builds: 12 * DAY_MS } as const;

/** Others build and update, hour by hour, through the same hub, builders, signer, Bodhi and CI as packprobe. */
export function startWeather(kit: OpenKit, ports: WeatherPorts): Weather {
  const { clock, world } = kit;
  const packages = [...(world.others?.packages.values() ?? [])];
  const people = world.others?.people ?? [];
  const known = new Map<string, { version: number; release: number }>();
  let builds = 0;

  /** The next commit of a package: a new version, or a new release of the same. */
  function commit(pkg: OtherPackage, author: string) {
    const { draw } = kit;
    const number = `${pkg.name} ${builds++}`;
    const before = known.get(pkg.name) ?? {
      version: Math.floor(draw('weather.version', pkg.name) * 60),
      release: 1,
    };
    const isNew = draw('weather.is-new', number) < 0.55;
    const next = isNew
      ? { version: before.version + 1, release: 1 }
      : { version: before.version, release: before.release + 1 };
    known.set(pkg.name, next);
    return ports.sources.commit({
      pkg: pkg.name,
      author,
      version: `${1 + Math.floor(next.version / 20)}.${next.version % 20}`,
      release: next.release,
      at: clock.now(),
      isBroken: draw('weather.broken', number) < 0.06,
    });
  }

  function order(pkg: OtherPackage, owner: string, target: string, { scratch = false, priority = 20 } = {}) {
    const { sha } = commit(pkg, owner);
    return (ended: Parameters<OpenKoji['inside']['order']>[1]) => {
      const source = `git+${ports.distGitUrl}/rpms/${pkg.name}.git#${sha}`;
      ports.koji.order({ owner, source, target, scratch, priority }, ended);
    };
  }

  const updates = minded(kit, ports.bodhi, people);

  function hold({ pkg, owner, packages: all, releases, isScratch }: Session): void {
    for (const release of releases) {
      const target = release.targets[0] ?? release.build_tag;
      const made: string[] = [];
      let left = all.length;
      for (const one of all) {
        order(one, owner, target, { scratch: isScratch })((build) => {
          if (build !== undefined) made.push(build.nvr);
          left -= 1;
          if (left > 0 || made.length === 0 || isScratch) return;
          // Rawhide's come by themselves.
          if (release.create_automatic_updates) updates.mindAutomatic(made[0] ?? '', owner);
          else updates.submitLater({ owner, builds: made, subject: `${pkg.name} ${builds}` });
        });
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
    ports.koji.retire({ tasks: now - KEPT_MS.messages, builds: now - KEPT_MS.builds });
    ports.bodhi.retire(
      ({ date_submitted, builds: rows }) =>
        date_submitted < now - KEPT_MS.builds &&
        rows.every(({ name }) => world.others?.packages.has(name) === true),
    );
    ports.resultsdb.retire(now - KEPT_MS.results);
    ports.sources.forget(now - KEPT_MS.builds - DAY_MS);
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
      if (target === undefined || packages.length === 0) return;
      for (let i = 0; i < count; i++) {
        const pkg = packages[i % packages.length] as OtherPackage;
        clock.after((overMs * i) / count, () =>
          order(pkg, 'releng', target, { priority: 25 })(() => undefined),
        );
      }
    },
  };
}
