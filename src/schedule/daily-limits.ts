import type { Dues } from '../core/schedule.ts';
import type { Site, SiteProbe } from '../core/site.ts';
import { parseSize } from '../core/size.ts';
import type { Place } from './scheduler.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const BUILDS = ['koji/build', 'koji/scratch-build'];
const UPLOADS = ['lookaside/new-sources'];

/** No tarball that packprobe makes is larger. */
export const MOST_UPLOAD_BYTES = 4096;

/**
 * Why an environment takes no more today; undefined where it does. A run that began within the last hour may have its build still before it, and is
 * counted as if it had.
 */
export async function dailyLack(
  dues: Pick<Dues, 'startedWith'>,
  site: Site,
  probe: SiteProbe,
  places: readonly Place[],
): Promise<string | undefined> {
  const { koji_builds_per_day, bytes_per_day } = site.environment.limits;
  const used = async (actions: readonly string[]) => {
    const now = site.clock.now();
    let sum = 0;
    for (const action of actions) sum += await dues.startedWith(site.scope, action, now - DAY_MS);
    const ahead = places.filter(
      ({ scope, since }) => scope === site.scope && site.clock.fromHost(since) > now - HOUR_MS,
    );
    return ahead.reduce((all, place) => all + stepsOf(site.probes.get(place.probe), actions), sum);
  };

  const builds = stepsOf(probe, BUILDS);
  if (koji_builds_per_day !== undefined && builds > 0) {
    const before = await used(BUILDS);
    if (before + builds > koji_builds_per_day) {
      return `${before} of ${koji_builds_per_day} builds of limits.koji_builds_per_day began within 24 h`;
    }
  }
  const uploads = stepsOf(probe, UPLOADS);
  const bytes = bytes_per_day === undefined ? undefined : parseSize(bytes_per_day);
  if (bytes !== undefined && uploads > 0) {
    const before = await used(UPLOADS);
    if ((before + uploads) * MOST_UPLOAD_BYTES > bytes) {
      return `${before} uploads within 24 h are as much as limits.bytes_per_day, ${bytes_per_day}, allows`;
    }
  }
  return undefined;
}

function stepsOf(probe: SiteProbe | undefined, actions: readonly string[]): number {
  return probe?.plan.steps.filter(({ uses }) => actions.includes(uses)).length ?? 0;
}
