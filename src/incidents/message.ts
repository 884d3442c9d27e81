import { formatDuration } from '../core/duration.ts';
import type { Incident, IncidentRun } from '../core/incident.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { IncidentChange, IncidentMessage } from '../core/notice.ts';
import type { Charge } from '../core/system.ts';
import { minuteTime } from './quiet-hours.ts';

/** A page that tells what to do about a system. */
export interface Procedure {
  readonly title: string;
  readonly url: string;
}

/** What a message needs besides the incident. */
export interface MessageContext {
  /** Epoch ms of the environment's clock. */
  readonly now: number;
  /** Folder or address of the runbooks; each is `SYSTEM.md` in it. */
  readonly runbooks: string;
  /** Procedures of those who run the systems. */
  readonly procedures: Readonly<Partial<Record<Charge, Procedure>>>;
  /** How others reach packprobe over HTTP, without a slash at its end; undefined where nobody has said. */
  readonly url: string | undefined;
}

/** Of one list; the run has them all. */
const MOST_LINES = 12;
const MOST_CHARACTERS = 400;

/** From fewer runs nobody knows what is normal. */
const FEW = 10;

/** What people are told of one change of an incident: all of it in one message, the most urgent first. */
export function incidentMessage(
  incident: Incident,
  change: IncidentChange,
  context: MessageContext,
): IncidentMessage {
  const sections = [
    head(incident, change, context),
    whatHappened(incident),
    howOften(incident, context),
    made(incident),
    changedBefore(incident),
    whatToDo(incident, context),
  ];
  return {
    type: 'incident',
    change,
    incident,
    title: titleOf(incident, change, context),
    text: sections
      .filter((lines) => lines.length > 0)
      .map((lines) => lines.join('\n'))
      .join('\n\n'),
    links: linksOf(incident, context),
  };
}

function nameOf(system: Charge): string {
  return system === 'own' ? 'packprobe itself' : system;
}

function titleOf(incident: Incident, change: IncidentChange, { now }: MessageContext): string {
  const { system, environment, since, resolved_at, flapping_since, acknowledged_by, closed_by } = incident;
  const name = nameOf(system);
  const began = `since ${minuteTime(since)}`;
  switch (change) {
    case 'opened':
      return `${name} fails on ${environment} ${began}`;
    case 'flapping':
      return `${name} comes and goes on ${environment} since ${minuteTime(flapping_since ?? since)}`;
    case 'acknowledged':
      return `${name} fails on ${environment} ${began}: ${acknowledged_by ?? 'somebody'} is on it`;
    case 'resolved':
      // Nobody has seen that it works.
      if (closed_by !== null)
        return `${name} on ${environment}: closed by ${closed_by} after ${lengthOf((resolved_at ?? now) - since)}`;
      return `${name} works again on ${environment} after ${lengthOf((resolved_at ?? now) - since)}`;
    default:
      return `${name} still fails on ${environment} ${began} (${change.replace('reminded-', 'reminder ')})`;
  }
}

function head(incident: Incident, change: IncidentChange, { now }: MessageContext): readonly string[] {
  const { since, resolved_at, environment, system, reopened_at, ticket, runs, closed_by } = incident;
  // Whoever reads the text alone has to know where, too.
  const name = `${nameOf(system)} on ${environment}`;
  const lines: string[] = [];
  if (change === 'resolved' && resolved_at !== null && closed_by !== null) {
    lines.push(
      `${name} failed since ${minuteTime(since)}. ${closed_by} closed it at ${minuteTime(resolved_at)} (after ${lengthOf(resolved_at - since)}): ${oneLine(incident.closed_because ?? '')}`,
      incident.unwatched_since === null
        ? 'No run has shown that it works again.'
        : 'No run has shown that it works again, and nobody watches it any more.',
    );
  } else if (change === 'resolved' && resolved_at !== null) {
    lines.push(
      `${name} failed from ${minuteTime(since)} to ${minuteTime(resolved_at)} (${lengthOf(resolved_at - since)}) and is good again.`,
    );
  } else {
    lines.push(`${name} fails since ${minuteTime(since)} (${lengthOf(Math.max(0, now - since))}).`);
  }
  const last = runs.at(-1);
  if (change.startsWith('reminded-') && last !== undefined) {
    // Who is reminded of what nobody looks at any more has to see that.
    const age = lengthOf(Math.max(0, now - last.ended_at));
    lines.push(`The last run that failed ended at ${minuteTime(last.ended_at)}, ${age} ago.`);
  }
  if (system === 'own') {
    lines.push(
      'packprobe, its host or its configuration is to blame. Nothing is known of the systems meanwhile: this is no outage of theirs.',
    );
  }
  if (change === 'flapping') {
    lines.push(
      `It came back ${reopened_at.length} times. From now on this is one incident: the next word comes when it has been good for a while.`,
    );
  } else if (reopened_at.length > 0) {
    lines.push(
      `It came back ${times(reopened_at.length)}, last at ${minuteTime(reopened_at.at(-1) ?? since)}.`,
    );
  }
  if (ticket !== null) lines.push(`Ticket: ${ticket}`);
  return lines;
}

function whatHappened({ runs, failures }: Incident): readonly string[] {
  const last = runs.at(-1);
  if (last === undefined) return [];
  const { fault, step, probe } = last;
  const where = step === null ? `probe ${probe}` : `step ${step} of probe ${probe}`;
  const textOfFault = (run: IncidentRun) => oneLine(`${run.fault.code}: ${run.fault.message}`);
  // Numbers of tasks and builds make no other fault of it.
  const kinds = new Map(runs.map((run) => [textOfFault(run).replaceAll(/\d+/g, '#'), textOfFault(run)]));
  const others = [...kinds.values()].filter((text) => text !== textOfFault(last));
  return [
    `What happened: ${oneLine(fault.message)}`,
    `  ${fault.code}, ${fault.kind}, in ${where}${failures > 1 ? `; ${failures} runs failed` : ''}`,
    ...(fault.hint === undefined ? [] : [`  ${oneLine(fault.hint)}`]),
    ...indented(evidenceLines(fault.evidence)),
    ...(others.length === 0 ? [] : ['Before that:', ...indented(others)]),
  ];
}

function evidenceLines(evidence: JsonObject): readonly string[] {
  return Object.entries(evidence).flatMap(([key, value]) => {
    const text = textOf(value);
    return text === '' ? [] : [`${key}: ${text}`];
  });
}

function textOf(value: Json): string {
  if (value === null) return '';
  // Of an output the end says what went wrong.
  if (typeof value === 'string') return oneLine(value.trim().split('\n').slice(-3).join(' | '));
  return oneLine(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

function howOften(incident: Incident, { now }: MessageContext): readonly string[] {
  const { last_good, recent, normal, rule, system } = incident;
  const good =
    last_good === null
      ? 'Last good run before: none is known.'
      : `Last good run before: ${last_good.run_id} (${last_good.probe}) at ${minuteTime(last_good.ended_at)}, ${lengthOf(Math.max(0, now - last_good.ended_at))} ago.`;
  const often =
    recent.of === 0 ? [] : [`${recent.failed} of the last ${recent.of} failed; ${normalText(normal)}.`];
  const confirmed = rule === null || system === 'own' ? [] : [`Rule: ${rule}.`];
  return [good, ...often, ...confirmed];
}

/** `normal is 1 in 25`, or that it is not known yet. */
export function normalText({ failed, of }: Incident['normal']): string {
  if (of < FEW) return 'what is normal is not known yet';
  return failed === 0 ? `normal is none in ${of}` : `normal is 1 in ${Math.max(1, Math.round(of / failed))}`;
}

/** All builds, updates, arches and checks of all its runs, each once. */
function made({ runs }: Incident): readonly string[] {
  const list = (title: string, pick: (run: IncidentRun) => readonly string[]) => {
    const all = [...new Set(runs.flatMap(pick))];
    return all.length === 0 ? [] : [`${title}: ${cut(all).join(', ')}`];
  };
  return [
    ...list('Builds', ({ builds }) => builds),
    ...list('Updates', ({ updates }) => updates),
    ...list('Of it failed', ({ details }) => details),
  ];
}

function changedBefore({ changes, system }: Incident): readonly string[] {
  if (changes.length === 0)
    return system === 'own' ? [] : ['Nothing is known to have changed in the 24 h before.'];
  const newest = changes.toSorted((a, b) => b.at - a.at);
  return [
    'What changed in the 24 h before:',
    ...indented(
      newest.map(
        ({ at, text, link }) => `${minuteTime(at)} ${oneLine(text)}${link === null ? '' : ` ${link}`}`,
      ),
    ),
  ];
}

function whatToDo(incident: Incident, context: MessageContext): readonly string[] {
  const links = linksOf(incident, context).map(({ title, url }) => `${title}: ${url}`);
  const runbook = runbookOf(incident, context);
  const inFolder = isAddress(runbook) ? [] : [`Runbook: ${runbook}`];
  const ids = [...new Set(incident.runs.map(({ run_id }) => run_id))];
  return [...inFolder, ...links, ...cut(ids).map((id) => `packprobe runs show ${id}`)];
}

function runbookOf({ system }: Incident, { runbooks }: MessageContext): string {
  return `${runbooks.replace(/\/+$/, '')}/${system}.md`;
}

function linksOf(incident: Incident, context: MessageContext): IncidentMessage['links'] {
  const { system, incident_id, runs } = incident;
  const runbook = runbookOf(incident, context);
  const procedure = context.procedures[system];
  const last = runs.at(-1);
  const api = context.url === undefined ? undefined : `${context.url.replace(/\/+$/, '')}/api/v1`;
  return [
    ...(isAddress(runbook) ? [{ title: 'Runbook', url: runbook }] : []),
    ...(procedure === undefined ? [] : [procedure]),
    ...(api === undefined ? [] : [{ title: 'Incident', url: `${api}/incidents/${incident_id}` }]),
    ...(api === undefined || last === undefined
      ? []
      : [{ title: 'Last run', url: `${api}/runs/${last.run_id}` }]),
  ];
}

function isAddress(text: string): boolean {
  return /^https?:\/\//.test(text);
}

/** `3h 10m`: seconds only where there is nothing else. */
function lengthOf(ms: number): string {
  const text = formatDuration(ms);
  return ms >= 3_600_000 ? text.replace(/ \d\ds$/, '') : text;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function indented(lines: readonly string[]): readonly string[] {
  return cut(lines).map((line) => `  ${line}`);
}

function cut(lines: readonly string[]): readonly string[] {
  return lines.length <= MOST_LINES
    ? lines
    : [...lines.slice(0, MOST_LINES), `… and ${lines.length - MOST_LINES} more`];
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= MOST_CHARACTERS ? line : `${line.slice(0, MOST_CHARACTERS - 1).trimEnd()}…`;
}
