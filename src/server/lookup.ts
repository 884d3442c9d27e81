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

/**
 * Whoever finds nothing may have mistyped a name: 404 with the nearest one. What only old runs know is known, too.
 */
export async function assertKnown(
  { store, sites }: Pick<ServerOptions, 'store' | 'sites'>,
  { environment, probe }: { readonly environment?: string | undefined; readonly probe?: string | undefined },
): Promise<void> {
  const served = sites();
  const isServed =
    (environment === undefined || served.some((site) => site.environment.name === environment)) &&
    (probe === undefined || served.some(({ probes }) => probes.has(probe)));
  if (isServed) return;
  const ran = await store.pages.names();
  const environments = [...served.map((site) => site.environment.name), ...ran.map((one) => one.environment)];
  const probes = [...served.flatMap((site) => [...site.probes.keys()]), ...ran.map((one) => one.probe)];
  for (const [what, name, known] of [
    ['environment', environment, environments],
    ['probe', probe, probes],
  ] as const) {
    if (name !== undefined && !known.includes(name)) throw unknownName(what, name, [...new Set(known)]);
  }
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
