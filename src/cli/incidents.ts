import { formatDuration } from '../core/duration.ts';
import type { Incident, IncidentState } from '../core/incident.ts';
import { isoTime } from '../core/iso-time.ts';
import { SYSTEMS } from '../core/system.ts';
import { normalText } from '../incidents/message.ts';
import { existingStore, warnUnserved, whoAsks, writeDown } from './asked.ts';
import { dataOption } from './data-option.ts';
import { EXIT, type Host } from './host.ts';
import { jsonText } from './json-text.ts';
import { assertNamed } from './named.ts';
import { assertLive, closingCommand, findIncident, isUnwatched, nowOf } from './one-incident.ts';
import type { PlaceOptions } from './places.ts';
import { painter, table } from './style.ts';
import { localTime } from './times.ts';
import { UsageError } from './usage-error.ts';

export const INCIDENT_STATES: readonly IncidentState[] = ['suspected', 'open', 'resolved', 'dismissed'];

export interface IncidentsListOptions extends PlaceOptions {
  readonly env?: string;
  readonly system?: string;
  readonly state?: string;
  readonly limit: string;
  readonly json?: boolean;
}

/** `packprobe incidents list`: newest first. */
export async function incidentsListCommand(options: IncidentsListOptions, host: Host): Promise<number> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1)
    throw new UsageError(`--limit takes a whole number above 0, got "${options.limit}"`);
  const state = INCIDENT_STATES.find((known) => known === options.state);
  if (options.state !== undefined && state === undefined)
    throw new UsageError(`--state takes one of ${INCIDENT_STATES.join(', ')}, got "${options.state}"`);
  // "no incidents" about a system that there is not would sound like good news.
  const charges: readonly string[] = [...SYSTEMS, 'own'];
  if (options.system !== undefined && !charges.includes(options.system))
    throw new UsageError(`--system takes one of ${charges.join(', ')}, got "${options.system}"`);
  await using store = await existingStore(options, host);
  const incidents = await store.incidents.list({
    limit,
    ...(options.env === undefined ? {} : { environment: options.env }),
    ...(options.system === undefined ? {} : { system: options.system }),
    ...(state === undefined ? {} : { state }),
  });
  if (incidents.length === 0)
    await assertNamed(
      options.env === undefined ? {} : { env: options.env },
      await store.pages.names(),
      options,
      host,
    );
  if (options.json === true) host.stdout.write(incidentsJson(incidents));
  else if (incidents.length === 0) host.stderr.write('no incidents\n');
  else {
    host.stdout.write(`${incidentsTable(incidents, host)}\n`);
    const lonely = incidents.filter(isUnwatched);
    if (lonely.length > 0)
      host.stdout.write(`\n${lonely.map((one) => lonelyText(one, options, host)).join('\n')}\n`);
  }
  return EXIT.passed;
}

function lonelyText(incident: Incident, options: PlaceOptions, host: Host): string {
  const { system, environment } = incident;
  return `nobody watches ${system} on ${environment} any more: serve runs nothing that would end it\n  ${closingCommand(incident, options, host)}`;
}

function incidentsTable(incidents: readonly Incident[], host: Host): string {
  const paint = painter(host.stdout);
  const rows = incidents.map((incident) => [
    localTime(incident.since),
    incident.incident_id.slice(0, shortest(incidents)),
    incident.system,
    incident.environment,
    incident.state,
    incident.resolved_at === null
      ? `${incident.failures} failed`
      : `lasted ${formatDuration(incident.resolved_at - incident.since)}`,
    noteOf(incident),
  ]);
  const [head = '', ...lines] = table(
    [['since', 'incident', 'system', 'environment', 'state', '', ''], ...rows],
    '',
  ).split('\n');
  const painted = lines.map((line, at) =>
    incidents[at]?.state === 'open' ? line.replace(/\bopen\b/, (word) => paint('red', word)) : line,
  );
  return [head, ...painted].join('\n');
}

function noteOf(incident: Incident): string {
  const { acknowledged_by, closed_by } = incident;
  if (isUnwatched(incident)) return 'nobody watches it';
  if (closed_by !== null) return `closed by ${closed_by}`;
  return acknowledged_by === null ? '' : `by ${acknowledged_by}`;
}

/** As many letters as tell these apart. */
function shortest(incidents: readonly Incident[]): number {
  for (let length = 8; length < 36; length += 1) {
    if (new Set(incidents.map(({ incident_id }) => incident_id.slice(0, length))).size === incidents.length)
      return length;
  }
  return 36;
}

/** `packprobe incidents show ID`. */
export async function incidentsShowCommand(
  id: string,
  options: PlaceOptions & { readonly json?: boolean },
  host: Host,
): Promise<number> {
  await using store = await existingStore(options, host);
  const incident = await findIncident(store, id);
  host.stdout.write(
    options.json === true ? incidentsJson(incident) : `${incidentText(incident, options, host)}\n`,
  );
  return EXIT.passed;
}

function incidentText(incident: Incident, options: PlaceOptions, host: Host): string {
  const paint = painter(host.stdout);
  const { system, environment, state, since, runs, last_good, recent, normal, changes } = incident;
  const last = runs.at(-1);
  const run = (run_id: string) => `${host.program} runs show ${run_id}${dataOption(options)}`;
  const facts: readonly (readonly [string, string])[] = [
    ['incident', incident.incident_id],
    ['since', `${localTime(since)} (end of the first run that failed)`],
    [
      'opened',
      incident.opened_at === null
        ? 'not yet: nobody was told'
        : `${localTime(incident.opened_at)}, ${incident.rule ?? ''}`,
    ],
    [
      'resolved',
      incident.resolved_at === null
        ? ''
        : `${localTime(incident.resolved_at)}, after ${formatDuration(incident.resolved_at - since)}`,
    ],
    [
      'flapping',
      incident.flapping_since === null
        ? ''
        : `since ${localTime(incident.flapping_since)}, came back ${incident.reopened_at.length} times`,
    ],
    [
      'failed',
      `${incident.failures} ${incident.failures === 1 ? 'run' : 'runs'}; ${recent.failed} of the last ${recent.of}; ${normalText(normal)}`,
    ],
    [
      'last good',
      last_good === null
        ? 'none known'
        : `${localTime(last_good.ended_at)} ${last_good.probe} ${shortId(last_good.run_id)}`,
    ],
    [
      'acknowledged',
      incident.acknowledged_by === null
        ? ''
        : `by ${incident.acknowledged_by}${incident.acknowledged_at === null ? '' : ` at ${localTime(incident.acknowledged_at)}`}`,
    ],
    ['ticket', incident.ticket ?? ''],
    [
      'closed',
      incident.closed_by === null
        ? ''
        : `by ${incident.closed_by}${incident.closed_at === null ? '' : ` at ${localTime(incident.closed_at)}`}: ${incident.closed_because ?? ''}`,
    ],
  ];
  const lines = [
    `${paint(state === 'open' ? ['red', 'bold'] : 'bold', `${system} on ${environment}: ${state}`)}`,
    ...facts.filter(([, text]) => text !== '').map(([what, text]) => `  ${what.padEnd(14)}${text}`),
  ];
  if (isUnwatched(incident)) {
    const since = incident.unwatched_since ?? 0;
    lines.push('', `Nobody watches it since ${localTime(since)}: serve runs nothing that would end it.`);
    lines.push(`  ${closingCommand(incident, options, host)}`);
  }
  if (last !== undefined) {
    lines.push('', paint('bold', 'What happened'), `  ${last.fault.message} (${last.fault.code})`);
    const details = [...last.builds, ...last.updates, ...last.details];
    lines.push(...details.map((detail) => `  ${detail}`), `  ${run(last.run_id)}`);
  }
  if (runs.length > 1) {
    lines.push('', paint('bold', 'Runs that failed'));
    lines.push(
      table(runs.map((one) => [localTime(one.ended_at), one.probe, shortId(one.run_id), one.step ?? ''])),
    );
    if (runs.length < incident.failures) lines.push(`  (${incident.failures - runs.length} more between)`);
  }
  if (changes.length > 0) {
    lines.push('', paint('bold', 'What changed before'));
    lines.push(
      table(changes.map((change) => [localTime(change.at), change.kind, change.text, change.link ?? ''])),
    );
  }
  return lines.join('\n');
}

/** As far as its milliseconds: `runs show` takes so much, and a line fits a narrow terminal. */
function shortId(run_id: string): string {
  return run_id.slice(0, 13);
}

/** `packprobe incidents ack ID`. */
export async function incidentsAckCommand(id: string, options: PlaceOptions, host: Host): Promise<number> {
  await using store = await existingStore(options, host);
  const incident = await findIncident(store, id);
  const { incident_id, system, environment } = incident;
  assertLive(incident);
  if (incident.acknowledged_by !== null)
    host.stderr.write(`${incident.acknowledged_by} has acknowledged it before\n`);
  const who = await whoAsks(host);
  const clock = await host.openClock();
  const detail = `${system} on ${environment}`;
  await writeDown(store, clock, { who, action: 'incident.acknowledge', subject: incident_id, detail });
  await store.incidents.acknowledge(incident_id, who, await nowOf(incident, store, host));
  host.stdout.write(`${incident_id}\n`);
  await warnUnserved(store, clock, host);
  return EXIT.passed;
}

/** `packprobe incidents close ID --because TEXT`: for what no run will end. */
export async function incidentsCloseCommand(
  id: string,
  options: PlaceOptions & { readonly because: string },
  host: Host,
): Promise<number> {
  const because = options.because.trim();
  if (because === '')
    throw new UsageError('--because says nothing', 'Say why, for those who were told of it.');
  if (because.length > MOST_BECAUSE)
    throw new UsageError(`--because takes at most ${MOST_BECAUSE} characters`);
  await using store = await existingStore(options, host);
  const incident = await findIncident(store, id);
  const { incident_id, system, environment } = incident;
  assertLive(incident);
  const who = await whoAsks(host);
  const clock = await host.openClock();
  const detail = `${system} on ${environment}: ${because}`;
  await writeDown(store, clock, { who, action: 'incident.close', subject: incident_id, detail });
  const closing = { by: who, because, at: await nowOf(incident, store, host) };
  const closed = await store.incidents.close(incident_id, closing);
  // Somebody, or a good run, was faster.
  if (closed === undefined) assertLive(await findIncident(store, incident_id));
  host.stdout.write(`${incident_id}\n`);
  if (closed?.state === 'resolved')
    await warnUnserved(store, clock, host, 'it is closed, and receivers are told');
  return EXIT.passed;
}

/** Characters. It stands in every message that tells of it. */
const MOST_BECAUSE = 500;

/** `packprobe incidents ticket ID URL`; without an address it is taken away. */
export async function incidentsTicketCommand(
  id: string,
  url: string | undefined,
  options: PlaceOptions,
  host: Host,
): Promise<number> {
  if (url !== undefined && !/^https?:\/\/[^\s@"<>]{1,2000}$/.test(url))
    throw new UsageError(`"${url}" is no http or https address`, 'Give the whole address of the ticket.');
  await using store = await existingStore(options, host);
  const { incident_id } = await findIncident(store, id);
  const who = await whoAsks(host);
  const clock = await host.openClock();
  await writeDown(store, clock, {
    who,
    action: 'incident.ticket',
    subject: incident_id,
    detail: url ?? 'none',
  });
  await store.incidents.setTicket(incident_id, url ?? null);
  host.stdout.write(`${incident_id}\n`);
  return EXIT.passed;
}

function incidentsJson(value: Incident | readonly Incident[]): string {
  const plain = (incident: Incident) => ({
    ...incident,
    since: isoTime(incident.since),
    flapping_since: incident.flapping_since === null ? null : isoTime(incident.flapping_since),
    unwatched_since: incident.unwatched_since === null ? null : isoTime(incident.unwatched_since),
  });
  return jsonText(Array.isArray(value) ? value.map(plain) : plain(value as Incident));
}
