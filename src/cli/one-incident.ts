import type { Environment } from '../core/environment.ts';
import type { Incident } from '../core/incident.ts';
import type { Store } from '../core/store.ts';
import { dataOption } from './data-option.ts';
import type { Host } from './host.ts';
import type { PlaceOptions } from './places.ts';
import { UsageError } from './usage-error.ts';

/** Incidents that are offered by the beginning of their ids; who wants an older one knows it whole. */
const NEWEST = 200;

/** An incident by its id, or by a beginning of it that fits no other of the newest. */
export async function findIncident(store: Store, id: string): Promise<Incident> {
  const see = 'See: packprobe incidents list';
  if (id === '') throw new UsageError('which incident? its id is empty', see);
  const whole = await store.incidents.find(id);
  if (whole !== undefined) return whole;
  const fitting = (await store.incidents.list({ limit: NEWEST })).filter(({ incident_id }) =>
    incident_id.startsWith(id),
  );
  const [only, ...more] = fitting;
  if (only === undefined) throw new UsageError(`there is no incident "${id}"`, see);
  if (more.length === 0) return only;
  const ids = fitting.map(({ incident_id }) => incident_id).join(', ');
  throw new UsageError(`"${id}" begins several incidents`, `Say more of one of: ${ids}`);
}

/** The clock of its environment, as the run that it began with had it. */
export async function nowOf({ runs }: Incident, store: Store, host: Host): Promise<number> {
  const [first] = runs;
  const { run } = first === undefined ? {} : await store.find(first.run_id);
  const environment = run?.header.environment_definition as unknown as Environment | undefined;
  return (await host.openClock(environment?.clock)).now();
}

/** Throws where it is over. */
export function assertLive({ incident_id, state, closed_by, closed_because }: Incident): void {
  if (state !== 'resolved' && state !== 'dismissed') return;
  const by = closed_by === null ? '' : `: ${closed_by} closed it, ${closed_because ?? ''}`;
  throw new UsageError(`incident ${incident_id} is ${state}${by}`, 'It needs nobody any more.');
}

/** Whether it is there for good unless somebody closes it, as the service has found. */
export function isUnwatched({ state, unwatched_since }: Incident): boolean {
  return unwatched_since !== null && (state === 'open' || state === 'suspected');
}

/** The command that ends what no run will end. */
export function closingCommand({ incident_id }: Incident, options: PlaceOptions, host: Host): string {
  return `${host.program} incidents close ${incident_id} --because TEXT${dataOption(options)}`;
}
