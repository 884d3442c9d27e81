import type { AuditEntry } from '../core/audit.ts';
import { parseDuration } from '../core/duration.ts';
import { parseIsoTime } from '../core/iso-time.ts';
import type { Service } from '../core/lease.ts';
import type { Clock } from '../core/ports.ts';
import type { Store } from '../core/store.ts';
import { nearest } from '../core/suggest.ts';
import type { Host } from './host.ts';
import type { PlaceOptions } from './places.ts';
import { databaseFile } from './stored-run.ts';
import { UsageError } from './usage-error.ts';

/** Without a sign of life for so long it is silent; it gives one every 5 s. Milliseconds of the host. */
const SILENT_MS = 20_000;

/** Whether somebody serves the data: `silent` where its process is gone, or has given no sign of life lately. */
export type Serving = 'serving' | 'silent' | 'stopped' | 'never';

export interface ServiceState {
  readonly state: Serving;
  readonly service: Service | undefined;
  /** Since its last sign of life. Milliseconds of the host. */
  readonly age_ms: number | null;
}

/** The store, which must be there: who only looks or asks makes none. */
export async function existingStore(options: PlaceOptions, host: Host): Promise<Store> {
  const file = databaseFile(options, host);
  if (await host.exists(file)) return host.openStore(file);
  throw new UsageError(`there is no ${file}: nothing has run here yet`, 'Say where the data is with --data.');
}

/** @param clock the host's */
export async function serviceState(store: Store, clock: Clock, host: Host): Promise<ServiceState> {
  const service = await store.leases.current();
  if (service === undefined) return { state: 'never', service, age_ms: null };
  const age_ms = Math.round(clock.now() - service.beat_at);
  if (service.ended_at !== null) return { state: 'stopped', service, age_ms };
  // A sign of life from the future is none: one of two clocks is wrong.
  const isYoung = Math.abs(age_ms) <= SILENT_MS;
  const isAlive = await host.isAlive();
  return { state: isYoung && isAlive(service.owner) ? 'serving' : 'silent', service, age_ms };
}

/** Who asks on this command line: account and host. */
export async function whoAsks(host: Host): Promise<string> {
  const { host: machine } = await host.owner();
  return `${host.env['USER'] || host.env['LOGNAME'] || 'somebody'}@${machine}`;
}

/** Writes down who asks for what, before it is done. */
export async function writeDown(
  store: Store,
  clock: Clock,
  entry: Pick<AuditEntry, 'who' | 'action' | 'subject' | 'detail'>,
): Promise<void> {
  await store.audit.add({ ...entry, at: clock.now(), through: 'command' });
}

/** Refuses what the one that serves would never start: its configuration, or its command line, may be another than ours. */
export async function assertServed(
  { environment, probe }: { readonly environment: string; readonly probe: string },
  store: Store,
  clock: Clock,
  host: Host,
): Promise<void> {
  const { service, state } = await serviceState(store, clock, host);
  const served = service?.served ?? null;
  // Who has left, or has not told yet, refuses nothing: the next one may run it.
  if (served === null || (state !== 'serving' && state !== 'silent')) return;
  const { configuration, environments } = served;
  const read = configuration === null ? 'without a configuration' : `with ${configuration}`;
  const refuse = (what: string, typed: string, names: readonly string[]) => {
    const near = nearest(typed, names);
    const meant = near === undefined ? '' : `; did you mean "${near}"?`;
    const known = names.length === 0 ? 'none' : names.join(', ');
    throw new UsageError(`\`serve\` runs ${what}${meant}`, `Served, ${read}: ${known}.`);
  };
  const site = environments.find(({ name }) => name === environment);
  if (site === undefined) {
    return refuse(
      `no environment "${environment}"`,
      environment,
      environments.map(({ name }) => name),
    );
  }
  if (!site.probes.includes(probe)) refuse(`no probe "${probe}" in ${environment}`, probe, site.probes);
}

/** Says so where nobody is there who would act on what was asked for. */
export async function warnUnserved(
  store: Store,
  clock: Clock,
  host: Host,
  what = 'it is done',
): Promise<void> {
  const { state } = await serviceState(store, clock, host);
  if (state === 'serving') return;
  const why = state === 'silent' ? '`serve` gives no sign of life' : 'no `serve` runs on this data';
  host.stderr.write(`${why}: ${what} when one does\n`);
}

/** A moment that lies ahead, `2h` or `2026-12-01T08:00Z`. Epoch ms. */
export function momentAhead(option: string, text: string, now: number): number {
  const duration = parseDuration(text);
  const moment = duration === undefined ? parseIsoTime(text) : now + duration;
  if (moment === undefined) {
    throw new UsageError(
      `${option} ${text} is no time`,
      'Say a duration such as 2h, or a time in UTC such as 2026-12-01T08:00Z.',
    );
  }
  if (moment <= now) throw new UsageError(`${option} ${text} has passed`, 'Say a time that lies ahead.');
  return moment;
}
