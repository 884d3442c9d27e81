import type { Kit } from '../kit/kit.ts';
import type { OtherPackage, WorldRelease } from '../kit/world.ts';

/** What somebody sits down for: some packages, built for some releases. */
export interface Session {
  readonly pkg: OtherPackage;
  readonly owner: string;
  /** Those that belong together; each release gets one update of all. */
  readonly packages: readonly OtherPackage[];
  readonly releases: readonly WorldRelease[];
  readonly isScratch: boolean;
}

const SCRATCH = 0.15;
/** Of those that are no scratch builds: for Rawhide alone, for it and the current releases, for the newest release alone; the rest is several packages. */
const RAWHIDE = 0.5;
const ALL = 0.76;
const STABLE = 0.93;
const MOST_TOGETHER = 5;

/** One session, from the subject alone. */
export function sessionOf(kit: Kit, packages: readonly OtherPackage[], subject: string): Session {
  const pkg = packages[Math.floor(kit.draw('weather.package', subject) * packages.length)] as OtherPackage;
  const { owner } = pkg;
  const live = kit.world.releases.filter(({ state }) => state !== 'archived' && state !== 'disabled');
  const rawhide = live.filter(({ create_automatic_updates }) => create_automatic_updates);
  const stable = live.filter(({ composed_by_bodhi }) => composed_by_bodhi);
  const isScratch = kit.draw('weather.scratch', subject) < SCRATCH;
  const kind = kit.draw('weather.kind', subject);
  const one = { pkg, owner, packages: [pkg], isScratch };
  if (kind < RAWHIDE || stable.length === 0) return { ...one, releases: rawhide };
  if (isScratch || kind < STABLE)
    return { ...one, releases: kind < ALL ? [...rawhide, ...stable] : stable.slice(0, 1) };
  const own = packages.filter((each) => each.owner === owner && each !== pkg).slice(0, MOST_TOGETHER - 1);
  return { ...one, packages: [pkg, ...own], releases: stable.slice(0, 1) };
}
