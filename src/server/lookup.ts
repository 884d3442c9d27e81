import type { Site, SiteProbe } from '../core/site.ts';
import type { StoredRun } from '../core/store.ts';
import { HttpError, unknownName } from './route.ts';
import type { ServerOptions } from './server.ts';

/** The environment of that name as it is served now; 404 with the nearest name. */
export function siteOf(world: Pick<ServerOptions, 'sites'>, environment: string): Site {
  const sites = world.sites();
  const site = sites.find((one) => one.environment.name === environment);
  if (site !== undefined) return site;
  throw unknownName(
    'environment',
    environment,
    sites.map((one) => one.environment.name),
  );
}

export function probeOf(site: Site, probe: string): SiteProbe {
  const found = site.probes.get(probe);
  if (found !== undefined) return found;
  throw unknownName('probe', probe, [...site.probes.keys()]);
}

/** A run by its id, or by a beginning of it that fits no other. */
export async function runOf({ store }: Pick<ServerOptions, 'store'>, id: string): Promise<StoredRun> {
  const { run, candidates } = await store.find(id);
  if (run !== undefined) return run;
  throw candidates.length > 1
    ? new HttpError(
        409,
        'ambiguous',
        `"${id}" begins several runs`,
        `Say more of one of: ${candidates.join(', ')}.`,
      )
    : new HttpError(404, 'not_found', `there is no run "${id}"`, 'See GET /api/v1/runs.');
}
