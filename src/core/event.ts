import type { Fault } from './fault.ts';
import type { JsonObject } from './json.ts';
import type { System } from './system.ts';

/**
 * What news is about: `koji-task 123`, `build NVR`, `update ALIAS`. Kinds are made by functions of `clients/`; there is no central list.
 * The environment is added by whoever stores it: two hubs share ids by accident.
 */
export interface Subject {
  readonly kind: string;
  readonly key: string;
}

export const EVENT_SOURCES = ['bus', 'archive', 'api'] as const;
export type EventSource = (typeof EVENT_SOURCES)[number];

/**
 * How late a message may reach the archive, which files it under the time it was sent, and still be found: so far back it is read again, and before
 * that none is lost. Milliseconds.
 */
export const FILED_WITHIN_MS = 5 * 60_000;

/** A part of a step that the system tells apart: an event that begins one says so. `ended` closes the last. */
export type Phase = 'queued' | 'running' | 'ended';

/**
 * One piece of news from one source. It happened within `[earliest, latest]` (epoch ms of the environment's clock): the same number
 * twice where the system gives an exact stamp, the bracket between two looks where only looking told. `earliest` is undefined when no
 * look came before: the evidence then takes that of the event before it in the chain.
 */
export interface Report {
  readonly subject: Subject;
  /** Names what happened, once: news that can come again (a gating status) carries what tells it apart (`gating:passed#comment-7`). */
  readonly fact: string;
  readonly earliest: number | undefined;
  readonly latest: number;
  readonly source: EventSource;
  /** Whose news it is. */
  readonly system: System;
  readonly message_id?: string;
  readonly seen_at: number;
  readonly phase?: Phase;
  /** What parts of the system's answer a judge or an operator wants. */
  readonly data: JsonObject;
}

/** All reports of one (environment, kind, key, fact); the narrowest interval counts, every report stays as its evidence. */
export interface Event {
  readonly subject: Subject;
  readonly fact: string;
  readonly earliest: number | undefined;
  readonly latest: number;
  readonly source: EventSource;
  readonly system: System;
  readonly phase?: Phase;
  readonly data: JsonObject;
  readonly reports: readonly Report[];
}

/** What a judge is handed: all events of the subject so far, ordered by their stamps. */
export interface News {
  readonly events: readonly Event[];
  readonly last: Event | undefined;
  /** What was heard of another subject that is followed, in the same order; nothing of one that is not. News of it do not call the judge. */
  readonly beside: (subject: Subject) => readonly Event[];
}

/** A clear no that can still turn: the engine throws its fault at the deadline, or after it has held for `hold`. */
export class MayTurn {
  readonly fault: Fault;
  constructor(fault: Fault) {
    this.fault = fault;
  }
}

export function mayTurn(fault: Fault): MayTurn {
  return new MayTurn(fault);
}

/** Pure. Undefined: go on. A value: done. A thrown Fault: a final state. `mayTurn(fault)`: no, but that can still turn. */
export type Judge<Result> = (news: News) => Result | MayTurn | undefined;

export function sameSubject(a: Subject, b: Subject): boolean {
  return a.kind === b.kind && a.key === b.key;
}

export function subjectId(subject: Subject): string {
  return `${subject.kind} ${subject.key}`;
}

/** Folds reports into events, ordered by `latest`, then `earliest`, then the order in which they were first seen. */
export function eventsOf(reports: readonly Report[]): readonly Event[] {
  const groups = new Map<string, Report[]>();
  for (const report of reports) {
    const id = `${subjectId(report.subject)} ${report.fact}`;
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [report]);
    else group.push(report);
  }
  return [...groups.values()]
    .map(eventOf)
    .sort((a, b) => a.latest - b.latest || (a.earliest ?? a.latest) - (b.earliest ?? b.latest));
}

/** The event that began the yes that still holds; undefined where the last word is no. */
export function lastTurn(events: readonly Event[], isYes: (event: Event) => boolean): Event | undefined {
  const no = events.findLastIndex((event) => !isYes(event));
  return events[no + 1];
}

function eventOf(reports: readonly Report[]): Event {
  const narrowest = reports.reduce((best, report) => (widthOf(report) < widthOf(best) ? report : best));
  const { subject, fact, earliest, latest, source, system, phase, data } = narrowest;
  return {
    subject,
    fact,
    earliest,
    latest,
    source,
    system,
    ...(phase === undefined ? {} : { phase }),
    data,
    reports,
  };
}

function widthOf(report: Report): number {
  return report.earliest === undefined ? Number.POSITIVE_INFINITY : report.latest - report.earliest;
}

/**
 * Where events come from: the bus, the archive, one poller per system. One of each serves all runs of the process.
 */
export interface Source {
  /** Unique in the process, such as `koji` or `datagrepper`. */
  readonly name: string;
  readonly system: System;
  readonly kind: EventSource;
  /** Pause between two looks, milliseconds of the environment's clock. */
  readonly intervalMs: number;
  /** Whether it can tell anything about this subject. */
  covers(subject: Subject): boolean;
  /**
   * Asks for many subjects at once. Reports may repeat what was said before. Throws a Fault when the system could not be asked; the
   * engine writes the failed look down and looks again with back-off.
   * @param since epoch ms from which on nothing must be missed: the oldest of the last good looks at them, or when they were begun to be followed
   */
  look(
    subjects: readonly Subject[],
    since: number | undefined,
    signal: AbortSignal,
  ): Promise<readonly Report[]>;
}
