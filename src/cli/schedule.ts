import { dueKey, dueTimes } from '../core/due-times.ts';
import { formatDuration } from '../core/duration.ts';
import { isoTime } from '../core/iso-time.ts';
import type { Clock } from '../core/ports.ts';
import type { Due, Pause } from '../core/schedule.ts';
import type { Site, SiteProbe } from '../core/site.ts';
import type { Store } from '../core/store.ts';
import { assertServed, existingStore, momentAhead, warnUnserved, whoAsks, writeDown } from './asked.ts';
import { EXIT, type Host } from './host.ts';
import { jsonText } from './json-text.ts';
import { type KnownSiteOptions, knownSites, probeNamed, siteNamed } from './known-sites.ts';
import { loadConfig } from './places.ts';
import { painter, table } from './style.ts';
import { localTime } from './times.ts';
import { UsageError } from './usage-error.ts';

export interface ScheduleListOptions extends KnownSiteOptions {
  readonly limit: string;
  readonly json?: boolean;
}

/** A probe and when it is due. Epoch ms of the environment's clock. */
export interface NextDue {
  readonly site: Site;
  readonly probe: SiteProbe;
  readonly due_at: number | undefined;
  readonly pause: Pause | undefined;
}

/** What is due next, by the schedules as the files say them. */
export function nextDues(
  sites: readonly Site[],
  pauses: readonly Pause[],
  minIntervalMs: number,
  hostNow: number,
): readonly NextDue[] {
  return sites.flatMap((site) =>
    [...site.probes.values()].map((probe): NextDue => {
      const key = dueKey(site.environment.name, probe.name);
      const times = probe.schedule && dueTimes(probe.schedule, key, minIntervalMs);
      return {
        site,
        probe,
        due_at: times?.next(site.clock.now()),
        pause: pauses.find((pause) => holds(pause, site, probe, hostNow)),
      };
    }),
  );
}

function holds(pause: Pause, site: Site, probe: SiteProbe, now: number): boolean {
  const isHere =
    pause.environment === site.environment.name && (pause.probe === null || pause.probe === probe.name);
  return isHere && pause.from <= now && (pause.until === null || pause.until > now);
}

/** `packprobe schedule list`: what is due next, what became of the last due times, what is paused. */
export async function scheduleListCommand(options: ScheduleListOptions, host: Host): Promise<number> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1)
    throw new UsageError(`--limit takes a whole number above 0, got "${options.limit}"`);
  const config = await loadConfig(options, host);
  await using store = await existingStore(options, host);
  const clock = await host.openClock();
  const sites = await knownSites(options, config, store, host);
  const pauses = (await store.dues.pauses()).filter(
    ({ environment, until }) =>
      (options.env === undefined || environment === options.env) && (until === null || until > clock.now()),
  );
  const next = nextDues(sites, pauses, config.schedule.min_interval, clock.now());
  const past = await store.dues.list({
    limit,
    ...(options.env === undefined ? {} : { environment: options.env }),
  });
  host.stdout.write(
    options.json === true ? scheduleJson(next, past, pauses) : `${scheduleText(next, past, pauses, host)}\n`,
  );
  return EXIT.passed;
}

function scheduleText(
  next: readonly NextDue[],
  past: readonly Due[],
  pauses: readonly Pause[],
  host: Host,
): string {
  const paint = painter(host.stdout);
  const lines = [paint('bold', 'Due next')];
  if (next.length === 0) lines.push('  no probe is scheduled: see `environments` of packprobe.yaml');
  const rows = next
    .toSorted((a, b) => untilDue(a) - untilDue(b))
    .map((one) => [one.site.environment.name, one.probe.name, dueText(one)]);
  if (rows.length > 0) lines.push(table(rows));
  if (pauses.length > 0) {
    lines.push('', paint('bold', 'Paused'));
    const said = pauses.map((pause) => [
      pause.environment,
      pause.probe ?? 'every probe',
      `by ${pause.by}, ${pause.until === null ? 'until somebody ends it' : `until ${localTime(pause.until)}`}: ${pause.reason}`,
    ]);
    lines.push(paint('yellow', table(said)));
  }
  if (past.length > 0) {
    lines.push('', paint('bold', 'Due times, newest first'));
    lines.push(table(past.map((due) => [localTime(due.due_at), due.environment, due.probe, cameTo(due)])));
  }
  return lines.join('\n');
}

function untilDue({ due_at, site }: NextDue): number {
  return due_at === undefined ? Number.POSITIVE_INFINITY : due_at - site.clock.now();
}

/** When a probe is due, in words. */
export function dueText({ due_at, site, pause }: NextDue): string {
  if (pause !== undefined) return pause.until === null ? 'paused' : `paused until ${localTime(pause.until)}`;
  return due_at === undefined ? 'only when asked for' : `in ${formatDuration(due_at - site.clock.now())}`;
}

function cameTo({ state, reason, note, cause, by, run_id }: Due): string {
  const why = cause === 'schedule' ? '' : ` (${cause}${by === null ? '' : ` by ${by}`})`;
  if (state === 'started') return `${run_id ?? 'started'}${why}`;
  if (state === 'waiting') return `waits for a place${why}`;
  return `skipped: ${reason ?? ''}${note === null ? '' : `, ${note}`}${why}`;
}

function scheduleJson(next: readonly NextDue[], past: readonly Due[], pauses: readonly Pause[]): string {
  return jsonText({
    next: next.map(({ site, probe, due_at, pause }) => ({
      environment: site.environment.name,
      probe: probe.name,
      due_at: due_at ?? null,
      interval_ms: probe.intervalMs ?? null,
      paused: pause !== undefined,
    })),
    past: past.map(({ scope: _, ...due }) => due),
    pauses: pauses.map(pauseJson),
  });
}

function pauseJson(pause: Pause) {
  return { ...pause, until: pause.until === null ? null : isoTime(pause.until) };
}

export interface AskOptions extends KnownSiteOptions {
  readonly env: string;
}

/** Two requests in the same millisecond need two due times. */
const MOST_AT_ONCE = 100;

/** `packprobe schedule now PROBE`: asks `serve` for a run. */
export async function scheduleNowCommand(probe: string, options: AskOptions, host: Host): Promise<number> {
  await using asked = await openAsked(options, host, (store, clock) =>
    assertServed({ environment: options.env, probe }, store, clock, host),
  );
  const { store, clock, who, site } = asked;
  const { name } = probeNamed(site, probe);
  const environment = site.environment.name;
  await writeDown(store, clock, { who, action: 'run.start', subject: `${environment}/${name}`, detail: '' });
  const now = Math.ceil(site.clock.now());
  for (let due_at = now; due_at < now + MOST_AT_ONCE; due_at += 1) {
    const due = { scope: site.scope, environment, probe: name, due_at, by: who, cause: 'request' } as const;
    if ((await store.dues.claim([due])).length === 0) continue;
    host.stderr.write(`a run of ${name} on ${environment} was asked for\n`);
    await warnUnserved(store, clock, host);
    return EXIT.passed;
  }
  throw new UsageError(`too many runs of ${name} were asked for at once`, 'Try again.');
}

export interface PauseOptions extends AskOptions {
  readonly reason: string;
  readonly until?: string;
}

/** `packprobe schedule pause [PROBE]`. */
export async function schedulePauseCommand(
  probe: string | undefined,
  options: PauseOptions,
  host: Host,
): Promise<number> {
  const reason = options.reason.trim();
  if (reason === '') throw new UsageError('--reason says nothing', 'Say why, for those who wonder.');
  await using asked = await openAsked(options, host);
  const { store, clock, who, site } = asked;
  const from = clock.now();
  const until = options.until === undefined ? null : momentAhead('--until', options.until, from);
  const name = probe === undefined ? null : probeNamed(site, probe).name;
  const environment = site.environment.name;
  await writeDown(store, clock, {
    who,
    action: 'schedule.pause',
    subject: subjectOf(environment, name),
    detail: reason,
  });
  await store.dues.pause({ environment, probe: name, reason, by: who, from, until });
  host.stderr.write(
    `${subjectOf(environment, name)} is paused ${until === null ? 'until somebody ends it' : `until ${localTime(until)}`}; runs under way go on\n`,
  );
  return EXIT.passed;
}

/** `packprobe schedule unpause [PROBE]`: with a probe its pauses, without one those of the whole environment. */
export async function scheduleUnpauseCommand(
  probe: string | undefined,
  options: AskOptions,
  host: Host,
): Promise<number> {
  await using store = await existingStore(options, host);
  const clock = await host.openClock();
  // By name alone: it may be of an environment that is not served any more.
  const there = (await store.dues.pauses()).filter((one) => one.environment === options.env);
  const pauses = there.filter((one) => one.probe === (probe ?? null));
  const subject = subjectOf(options.env, probe ?? null);
  if (pauses.length === 0) {
    const others = [...new Set(there.map((one) => subjectOf(one.environment, one.probe)))];
    const paused = others.length === 0 ? '' : `Paused: ${others.join(', ')}. `;
    throw new UsageError(`${subject} is not paused`, `${paused}See: packprobe schedule list`);
  }
  const who = await whoAsks(host);
  await writeDown(store, clock, { who, action: 'schedule.unpause', subject, detail: '' });
  for (const { pause_id } of pauses) await store.dues.endPause(pause_id, who, clock.now());
  host.stderr.write(`${subject} is paused no more\n`);
  return EXIT.passed;
}

function subjectOf(environment: string, probe: string | null): string {
  return probe === null ? environment : `${environment}/${probe}`;
}

interface Asking extends AsyncDisposable {
  readonly store: Store;
  /** The host's. */
  readonly clock: Clock;
  readonly who: string;
  readonly site: Site;
}

/** @param check throws where it cannot be asked for, before any file of it is read */
async function openAsked(
  options: AskOptions,
  host: Host,
  check: (store: Store, clock: Clock) => Promise<void> = async () => {},
): Promise<Asking> {
  const config = await loadConfig(options, host);
  const store = await existingStore(options, host);
  try {
    const clock = await host.openClock();
    await check(store, clock);
    const site = siteNamed(await knownSites(options, config, store, host), options.env);
    return {
      store,
      clock,
      who: await whoAsks(host),
      site,
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    };
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}
