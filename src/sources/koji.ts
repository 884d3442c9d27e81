import {
  BUILD_STATE,
  hasEnded,
  type KojiBuild,
  type KojiTask,
  kojiHub,
  type Tagging,
  type TaskTree,
} from '../clients/koji.ts';
import { stampOfSeconds } from '../clients/timestamps.ts';
import { systemOf } from '../core/environment.ts';
import type { Report, Source, Subject } from '../core/event.ts';
import { FACT, KIND } from '../core/facts.ts';
import type { JsonObject } from '../core/json.ts';
import { DEFAULT_POLL_MS, type SourceOptions } from './options.ts';

/** Koji's tasks, builds and tag history, whose stamps are exact: how often it is looked at does not blur them. */
export function kojiSource({ http, env, clock }: SourceOptions): Source {
  const { url, poll } = systemOf(env, 'koji');
  const hub = kojiHub({ http, url });
  return {
    name: 'koji',
    system: 'koji',
    kind: 'api',
    intervalMs: poll ?? DEFAULT_POLL_MS,
    covers: ({ kind }) => kind === KIND.task || kind === KIND.build,
    async look(subjects, _since, signal) {
      const tasks = subjects.filter(({ kind, key }) => kind === KIND.task && /^\d+$/.test(key));
      const builds = subjects.filter(({ kind }) => kind === KIND.build);
      const trees = tasks.length === 0 ? new Map() : await hub.taskTrees(tasks.map(idOf), signal);
      const known =
        builds.length === 0
          ? new Map()
          : await hub.builds(
              builds.map(({ key }) => key),
              signal,
            );
      const seen = clock.now();
      return [
        ...tasks.flatMap((subject) => taskReports(subject, trees.get(idOf(subject)), seen)),
        ...builds.flatMap((subject) => buildReports(subject, known.get(subject.key), seen)),
      ];
    },
  };
}

function idOf({ key }: Subject): number {
  return Number(key);
}

function taskReports(subject: Subject, tree: TaskTree | undefined, seen: number): readonly Report[] {
  if (tree === undefined) return [];
  const { task, descendents } = tree;
  const report = (fact: string, seconds: number, phase: Report['phase'] & string, data: JsonObject = {}) => ({
    subject,
    fact,
    ...stampOfSeconds(seconds),
    source: 'api' as const,
    system: 'koji' as const,
    seen_at: seen,
    phase,
    data: { task_id: task.id, ...data },
  });
  const reports: Report[] = [report(FACT.created, task.create_ts, 'queued')];
  // A task that its host gave back keeps the start of its lost run: that it once started stays true.
  if (typeof task.start_ts === 'number') reports.push(report(FACT.started, task.start_ts, 'running'));
  if (hasEnded(task.state) && typeof task.completion_ts === 'number') {
    const fact = { closed: FACT.closed, failed: FACT.failed, canceled: FACT.canceled }[
      task.state as 'closed' | 'failed' | 'canceled'
    ];
    reports.push(report(fact, task.completion_ts, 'ended', endOf(descendents)));
  }
  return reports;
}

/** The parent "runs" while its children queue: what each child waited and worked, and which one failed first. */
function endOf(descendents: readonly KojiTask[]): JsonObject {
  const children = [...descendents]
    .sort((a, b) => a.create_ts - b.create_ts || a.id - b.id)
    .map((child) => [
      child.label ?? `${child.method}-${child.id}`,
      {
        id: child.id,
        method: child.method,
        arch: child.arch ?? null,
        state: child.state,
        created_at: stampOfSeconds(child.create_ts).latest,
        queued_ms: between(child.create_ts, child.start_ts),
        running_ms: between(child.start_ts, child.completion_ts),
      },
    ]);
  const [failed] = descendents
    .filter(({ state }) => state === 'failed')
    .sort((a, b) => (a.completion_ts ?? 0) - (b.completion_ts ?? 0));
  return {
    children: Object.fromEntries(children) as JsonObject,
    failed_child:
      failed === undefined
        ? null
        : { id: failed.id, name: `${failed.method} ${failed.label ?? failed.arch ?? ''}`.trim() },
  };
}

function between(from: number | null | undefined, to: number | null | undefined): number | null {
  return typeof from === 'number' && typeof to === 'number' ? Math.round((to - from) * 1000) : null;
}

function buildReports(
  subject: Subject,
  known: { readonly build: KojiBuild; readonly taggings: readonly Tagging[] } | undefined,
  seen: number,
): readonly Report[] {
  if (known === undefined) return [];
  const { build, taggings } = known;
  const report = (fact: string, seconds: number, data: JsonObject): Report => ({
    subject,
    fact,
    ...stampOfSeconds(seconds),
    source: 'api',
    system: 'koji',
    seen_at: seen,
    data,
  });
  const ended = {
    [BUILD_STATE.complete]: FACT.complete,
    [BUILD_STATE.failed]: FACT.failed,
    [BUILD_STATE.canceled]: FACT.canceled,
  }[build.state];
  const reports: Report[] = [];
  if (ended !== undefined && typeof build.completion_ts === 'number') {
    reports.push(
      report(ended, build.completion_ts, { build_id: build.build_id, task_id: build.task_id ?? null }),
    );
  }
  for (const row of taggings) {
    const tag = row['tag.name'];
    reports.push(report(FACT.tagged(tag), row.create_ts, { tag, user: row.creator_name ?? null }));
  }
  return reports;
}
