import { formatDuration } from '../core/duration.ts';
import type { Incident } from '../core/incident.ts';
import { isoTime } from '../core/iso-time.ts';
import type { ActiveRun } from '../core/observations.ts';
import type { Clock } from '../core/ports.ts';
import type { Site } from '../core/site.ts';
import type { RunSummary, Store } from '../core/store.ts';
import { type SystemEntry, systemList } from '../core/system-list.ts';
import { existingStore, type ServiceState, serviceState } from './asked.ts';
import { EXIT, type Host } from './host.ts';
import { jsonText } from './json-text.ts';
import { type KnownSiteOptions, knownSites } from './known-sites.ts';
import { closingCommand, isUnwatched } from './one-incident.ts';
import { configFile, loadConfig } from './places.ts';
import { dueText, type NextDue, nextDues } from './schedule.ts';
import { databaseFile } from './stored-run.ts';
import { COLOURS, cut, MARKS, type Paint, pad, painter } from './style.ts';
import { localTime } from './times.ts';

export interface StatusOptions extends KnownSiteOptions {
  readonly json?: boolean;
}

/** `good`: every system that is watched works; `bad`: one fails; `unknown`: nobody can tell. */
type Verdict = 'good' | 'bad' | 'unknown';

interface ProbeStatus extends NextDue {
  readonly last: RunSummary | undefined;
  readonly active: readonly ActiveRun[];
  /** Those of them whose process is dead. */
  readonly interrupted: ReadonlySet<string>;
}

/** A receiver that is told nothing: what waits for it, and since when the oldest does. Milliseconds of the host. */
interface Untold {
  readonly receiver: string;
  readonly length: number;
  readonly age_ms: number;
}

/** So long a message may be on its way. Milliseconds of the host. */
const ON_ITS_WAY_MS = 60_000;

interface Status {
  readonly verdict: Verdict;
  readonly service: ServiceState;
  readonly systems: readonly SystemEntry[];
  readonly probes: readonly ProbeStatus[];
  readonly incidents: readonly Incident[];
  readonly untold: readonly Untold[];
  /** Open ones that no run will end, wherever. */
  readonly lonely: readonly Incident[];
  /** The file that this is said by; undefined where there is none. */
  readonly configuration: string | undefined;
  /** Of what the database has runs; looked at where no environment is known. */
  readonly ran: readonly string[];
}

/** `packprobe status`: one screen that says whether it works now, and how old each word of it is. */
export async function statusCommand(options: StatusOptions, host: Host): Promise<number> {
  const config = await loadConfig(options, host);
  if (!(await host.exists(databaseFile(options, host)))) {
    host.stderr.write(`nothing has run here yet: there is no ${databaseFile(options, host)}\n`);
    return EXIT.errored;
  }
  await using store = await existingStore(options, host);
  const clock = await host.openClock();
  const sites = await knownSites(options, config, store, host);
  const status: Status = {
    ...(await lookAt(sites, store, clock, config.schedule.min_interval, host)),
    lonely: await lonelyOf(options.env, store),
    configuration: await configFile(options, host),
    ran: sites.length > 0 ? [] : (await store.pages.names()).map(({ environment }) => environment),
  };
  host.stdout.write(options.json === true ? statusJson(status) : `${statusText(status, options, host)}\n`);
  return { good: EXIT.passed, bad: EXIT.failed, unknown: EXIT.errored }[status.verdict];
}

/** @param clock the host's */
async function lookAt(
  sites: readonly Site[],
  store: Store,
  clock: Clock,
  minIntervalMs: number,
  host: Host,
): Promise<Omit<Status, 'lonely' | 'configuration' | 'ran'>> {
  const service = await serviceState(store, clock, host);
  const incidents = (await store.incidents.live()).filter(
    ({ state, scope }) => state === 'open' && sites.some((site) => site.scope === scope),
  );
  const seen = systemList(sites, await store.incidents.systems(), incidents);
  const systems = service.state === 'serving' ? seen : seen.map(unwatched);
  const active = await store.observations.active();
  const isAlive = await host.isAlive();
  const unfinished = await store.list({ unfinished: true, limit: Number.MAX_SAFE_INTEGER });
  const interrupted = new Set(unfinished.filter(({ owner }) => !isAlive(owner)).map(({ run_id }) => run_id));
  const probes: ProbeStatus[] = [];
  for (const next of nextDues(sites, await store.dues.pauses(), minIntervalMs, clock.now())) {
    const { scope } = next.site;
    const isOurs = (run: ActiveRun) =>
      run.scope === scope && run.probe === next.probe.name && run.state === 'executing';
    const last = await store.pages.lastEnded(scope, next.probe.name);
    probes.push({ ...next, last, active: active.filter(isOurs), interrupted });
  }
  const untold = (await store.outbox.backlog())
    .map(({ receiver, length, oldest }) => ({ receiver, length, age_ms: Math.round(clock.now() - oldest) }))
    .filter(({ age_ms }) => age_ms > ON_ITS_WAY_MS);
  return { verdict: verdictOf(systems), service, systems, probes, incidents, untold };
}

/** Not of the environments that are known alone: those that are not any more are just what leaves incidents behind. */
async function lonelyOf(env: string | undefined, store: Store): Promise<readonly Incident[]> {
  return (await store.incidents.live()).filter(
    (one) => one.state === 'open' && isUnwatched(one) && (env === undefined || env === one.environment),
  );
}

/** Where nobody looks, what was good is not known to be. */
function unwatched(entry: SystemEntry): SystemEntry {
  return entry.state === 'operational' ? { ...entry, state: 'unknown' } : entry;
}

function verdictOf(systems: readonly SystemEntry[]): Verdict {
  // One that only runs on demand speak for is watched by nobody: it spoils no verdict.
  const watched = systems.filter(({ interval_ms }) => interval_ms !== null);
  if (watched.some(({ state }) => state === 'failing')) return 'bad';
  return watched.length > 0 && watched.every(({ state }) => state === 'operational') ? 'good' : 'unknown';
}

const VERDICTS: Readonly<Record<Verdict, readonly [text: string, colour: 'green' | 'red' | 'yellow']>> = {
  good: ['works', 'green'],
  bad: ['does not work', 'red'],
  unknown: ['could not tell', 'yellow'],
};

const STATES = {
  operational: ['✔', 'green'],
  failing: ['✘', 'red'],
  unknown: ['?', 'yellow'],
} as const;

function statusText(status: Status, options: StatusOptions, host: Host): string {
  const paint = painter(host.stdout);
  const width = Math.min(host.stdout.columns, 100);
  const environments = [...new Set(status.probes.map(({ site }) => site.environment.name))];
  const lines = [serviceLine(status.service, paint)];
  const other = otherConfiguration(status);
  if (environments.length === 0) {
    lines.push('', ...nothingKnown(status));
  } else if (other !== undefined) {
    const own = status.configuration ?? 'no configuration';
    lines.push(paint('yellow', `It reads ${other}, this ${own}: for the same say --config ${other}`));
  }
  for (const environment of environments) {
    const systems = status.systems.filter((entry) => entry.environment === environment);
    const [word, colour] = VERDICTS[verdictOf(systems)];
    lines.push('', `${paint('bold', environment)}  ${paint([colour, 'bold'], word)}`);
    lines.push(...systems.map((entry) => systemLine(entry, paint, width)));
    const probes = status.probes.filter(({ site }) => site.environment.name === environment);
    lines.push('', ...probes.map((probe) => probeLine(probe, paint, width)));
    const incidents = status.incidents.filter((one) => one.environment === environment && !isUnwatched(one));
    if (incidents.length > 0) lines.push('', ...incidents.flatMap((one) => incidentLines(one, paint, width)));
  }
  if (status.untold.length > 0) lines.push('', ...status.untold.map((one) => untoldLine(one, paint)));
  if (status.lonely.length > 0)
    lines.push('', `${paint('bold', 'not watched any more')}: serve runs nothing that would end it`);
  for (const one of status.lonely) {
    lines.push(...incidentLines(one, paint, width), `    ${closingCommand(one, options, host)}`);
  }
  return lines.join('\n');
}

/** The configuration of a service that lives, where it is another than ours. */
function otherConfiguration({ service: { state, service }, configuration }: Status): string | undefined {
  const served = service?.served?.configuration ?? undefined;
  const isThere = state === 'serving' || state === 'silent';
  return isThere && served !== configuration ? served : undefined;
}

/** Why there is nothing to show, and where there may be. */
function nothingKnown(status: Status): readonly string[] {
  const { configuration, ran } = status;
  const other = otherConfiguration(status);
  return [
    'No environment is known here, or only a sandbox that has ended.',
    configuration === undefined
      ? 'Read: nothing, for there is no packprobe.yaml.'
      : `Read: ${configuration}, which names no other.`,
    `The database has runs of: ${[...new Set(ran)].join(', ') || 'nothing'}.`,
    other === undefined
      ? 'Name another configuration with --config FILE or PACKPROBE_CONFIG, or say --env NAME.'
      : `\`serve\` reads ${other}: say --config ${other}, or set PACKPROBE_CONFIG to it.`,
  ];
}

function serviceLine({ state, service, age_ms }: ServiceState, paint: Paint): string {
  const age = age_ms === null ? '' : formatDuration(Math.abs(age_ms));
  const who = service === undefined ? '' : `process ${service.owner.pid} on ${service.owner.host}`;
  switch (state) {
    case 'serving':
      return `${paint('green', 'serve')} lives: ${who}, last sign of life ${age} ago`;
    case 'silent':
      return `${paint(['red', 'bold'], 'serve is silent')}: ${who} gave its last sign of life ${age} ago`;
    case 'stopped':
      return `${paint('yellow', 'serve does not run')}: it left ${age} ago`;
    case 'never':
      return `${paint('yellow', 'serve does not run')}: it never has on this data`;
  }
}

function systemLine(entry: SystemEntry, paint: Paint, width: number): string {
  const { system, state, age_ms, since, interval_ms, incident } = entry;
  const [mark, colour] = STATES[state];
  const age = age_ms === null ? 'no evidence yet' : `${formatDuration(Math.max(0, age_ms))} old`;
  const more =
    state === 'failing' && since !== null
      ? `since ${localTime(since)}${incident === null ? ', not confirmed yet' : ''}`
      : interval_ms === null
        ? 'only runs on demand speak for it'
        : '';
  const said = paint(colour, pad(`${mark} ${state}`, 13));
  return `  ${pad(system, 12)}  ${said}  ${cut(`${pad(age, 15)}  ${more}`.trimEnd(), width - 31)}`;
}

function untoldLine({ receiver, length, age_ms }: Untold, paint: Paint): string {
  const messages = `${length} ${length === 1 ? 'message waits' : 'messages wait'}`;
  return `${paint('yellow', `receiver ${receiver}`)}: ${messages}, the oldest for ${formatDuration(age_ms)}`;
}

function probeLine(
  { probe, last, active, interrupted, ...next }: ProbeStatus,
  paint: Paint,
  width: number,
): string {
  const { clock } = next.site;
  const outcome = last?.outcome ?? undefined;
  const came =
    last === undefined || outcome === undefined
      ? pad('not yet', 11)
      : paint(COLOURS[outcome], pad(`${MARKS[outcome]} ${outcome}`, 11));
  const age = last?.ended_at == null ? '' : `${formatDuration(Math.max(0, clock.now() - last.ended_at))} ago`;
  const [run] = active;
  const begun = run === undefined ? '' : formatDuration(clock.now() - run.started_at);
  const now =
    run === undefined
      ? nextText({ probe, ...next })
      : interrupted.has(run.run_id)
        ? `interrupted, begun ${begun} ago`
        : `under way for ${begun}`;
  const name = pad(cut(probe.name, 24), 16);
  return `  ${name}  ${came}  ${cut(`${pad(age, 16)}  ${now}`, Math.max(20, width - 33))}`;
}

function nextText(next: NextDue): string {
  const text = dueText(next);
  return text.startsWith('in ') ? `next ${text}` : text;
}

function incidentLines(incident: Incident, paint: Paint, width: number): readonly string[] {
  const { system, environment, since, failures, acknowledged_by, ticket, incident_id, runs } = incident;
  const what = isUnwatched(incident) ? `${system} on ${environment}` : system;
  const fault = runs.at(-1)?.fault.message;
  const about = [
    `${failures} failed ${failures === 1 ? 'run' : 'runs'}`,
    acknowledged_by === null ? 'nobody acknowledged it' : `acknowledged by ${acknowledged_by}`,
    ...(ticket === null ? [] : [ticket]),
  ].join(', ');
  return [
    `  ${paint('red', 'incident')} ${incident_id}`,
    `    ${cut(`${what} since ${localTime(since)}: ${about}`, width - 4)}`,
    ...(fault === undefined ? [] : [`    ${cut(fault, width - 4)}`]),
  ];
}

function statusJson({
  verdict,
  service,
  systems,
  probes,
  incidents,
  untold,
  lonely,
  configuration,
}: Status): string {
  const isoOrNull = (at: number | null | undefined) => (at == null ? null : isoTime(at));
  return jsonText({
    verdict,
    configuration: configuration ?? null,
    service: {
      state: service.state,
      age_ms: service.age_ms,
      host: service.service?.owner.host ?? null,
      pid: service.service?.owner.pid ?? null,
      configuration: service.service?.served?.configuration ?? null,
    },
    systems: systems.map(({ incident, since, last_good, last_bad, ...entry }) => ({
      ...entry,
      since: isoOrNull(since),
      last_good_at: isoOrNull(last_good),
      last_bad_at: isoOrNull(last_bad),
      incident_id: incident?.incident_id ?? null,
    })),
    probes: probes.map(({ site, probe, due_at, pause, last, active, interrupted }) => ({
      environment: site.environment.name,
      probe: probe.name,
      next_due_at: due_at ?? null,
      paused:
        pause === undefined ? null : { reason: pause.reason, by: pause.by, until: isoOrNull(pause.until) },
      under_way: active.map(({ run_id }) => run_id).filter((id) => !interrupted.has(id)),
      interrupted: active.map(({ run_id }) => run_id).filter((id) => interrupted.has(id)),
      last:
        last === undefined
          ? null
          : {
              run_id: last.run_id,
              outcome: last.outcome,
              ended_at: last.ended_at,
              age_ms: last.ended_at === null ? null : Math.round(site.clock.now() - last.ended_at),
            },
    })),
    incidents: [...incidents.filter((one) => !isUnwatched(one)), ...lonely].map((incident) => ({
      incident_id: incident.incident_id,
      environment: incident.environment,
      system: incident.system,
      since: isoTime(incident.since),
      failures: incident.failures,
      acknowledged_by: incident.acknowledged_by,
      ticket: incident.ticket,
      unwatched_since: isoOrNull(incident.unwatched_since),
    })),
    untold,
  });
}
