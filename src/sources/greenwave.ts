import { assertOn, greenwave, questionOf } from '../clients/greenwave.ts';
import { chunks } from '../clients/http-answer.ts';
import { systemOf } from '../core/environment.ts';
import type { Report, Source, Subject } from '../core/event.ts';
import { FACT, KIND } from '../core/facts.ts';
import { bracket, memory } from './looks.ts';
import { DEFAULT_POLL_MS, type SourceOptions } from './options.ts';

interface Remembered {
  readonly looked: number;
  readonly answer: string;
  readonly report: Report;
}

/** Decisions are asked one by one; a few at a time keep a slow Greenwave from being asked by all runs at once. */
const AT_ONCE = 4;

/** Greenwave's decisions. Their times are brackets between two looks: it publishes nothing and stamps nothing. */
export function greenwaveSource({ http, env, clock }: SourceOptions): Source {
  const { url, poll } = systemOf(env, 'greenwave');
  const client = greenwave({ http, url });
  const remembered = memory<Remembered>();

  async function lookAt(subject: Subject, signal: AbortSignal): Promise<Report> {
    const began = clock.now();
    const question = questionOf(subject);
    const decision = await client.decide(question, signal);
    assertOn(question, decision);
    const { about: _, ...data } = decision;
    const seen = clock.now();
    const answer = JSON.stringify(data);
    const last = remembered.recall(subject);
    const report: Report =
      last?.answer === answer
        ? last.report
        : {
            subject,
            // The moment of the look tells one answer from the next, also after a restart that has forgotten the count.
            fact: FACT.decision(Math.round(seen)),
            ...bracket(last?.looked, seen, clock.blurMs),
            source: 'api',
            system: 'greenwave',
            seen_at: seen,
            data: { ...data, unsatisfied: data.unsatisfied.map((row) => ({ ...row })) },
          };
    remembered.keep(subject, { looked: began, answer, report });
    return report;
  }

  return {
    name: 'greenwave',
    system: 'greenwave',
    kind: 'api',
    intervalMs: poll ?? DEFAULT_POLL_MS,
    covers: ({ kind }) => kind === KIND.decision,
    async look(subjects, _since, signal) {
      const followed = subjects.filter(({ kind }) => kind === KIND.decision);
      remembered.follow(followed);
      const reports: Report[] = [];
      let firstFault: unknown;
      for (const part of chunks(followed, AT_ONCE)) {
        for (const settled of await Promise.allSettled(part.map((subject) => lookAt(subject, signal)))) {
          if (settled.status === 'fulfilled') reports.push(settled.value);
          else firstFault ??= settled.reason;
        }
        signal.throwIfAborted();
      }
      // One question that cannot be answered must not silence the others.
      if (firstFault !== undefined && reports.length === 0) throw firstFault;
      return reports;
    },
  };
}
