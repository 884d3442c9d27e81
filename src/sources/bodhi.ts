import { type BodhiUpdate, bodhi, gatingComments, reasonFact } from '../clients/bodhi.ts';
import { refusedOf } from '../clients/greenwave.ts';
import { chunks } from '../clients/http-answer.ts';
import { stampOf } from '../clients/timestamps.ts';
import { systemOf } from '../core/environment.ts';
import type { Report, Source, Subject } from '../core/event.ts';
import { FACT, KIND } from '../core/facts.ts';
import { Fault } from '../core/fault.ts';
import type { JsonObject } from '../core/json.ts';
import { type Bracket, bracket, memory } from './looks.ts';
import { DEFAULT_POLL_MS, type SourceOptions } from './options.ts';

interface Remembered {
  /** When the last look began. */
  readonly looked: number;
  /** Facts without a stamp of their own that have been seen, with the bracket of their first sight. */
  readonly brackets: Readonly<Record<string, Bracket>>;
}

const ALIASES_PER_REQUEST = 50;

/** Bodhi's updates: submission, signatures, status and gating. */
export function bodhiSource({ http, env, clock }: SourceOptions): Source {
  const { url, poll } = systemOf(env, 'bodhi');
  const client = bodhi({ http, url });
  const remembered = memory<Remembered>();
  return {
    name: 'bodhi',
    system: 'bodhi',
    kind: 'api',
    intervalMs: poll ?? DEFAULT_POLL_MS,
    covers: ({ kind }) => kind === KIND.update,
    async look(subjects, _since, signal) {
      const followed = subjects.filter(({ kind }) => kind === KIND.update);
      remembered.follow(followed);
      const reports: Report[] = [];
      for (const part of chunks(followed, ALIASES_PER_REQUEST)) {
        const began = clock.now();
        const updates = await client.updates(
          part.map(({ key }) => key),
          signal,
        );
        for (const subject of part) {
          const update = updates.find(({ alias }) => alias === subject.key);
          if (update === undefined) continue;
          const reason = await reasonOf(update, signal);
          reports.push(...reportsOf(subject, update, reason, began));
        }
      }
      return reports;
    },
  };

  function reportsOf(
    subject: Subject,
    update: BodhiUpdate,
    reason: Unstamped | undefined,
    began: number,
  ): readonly Report[] {
    const seen = clock.now();
    const before = remembered.recall(subject);
    const brackets: Record<string, Bracket> = {};
    const report = (fact: string, when: Bracket, data: JsonObject): Report => ({
      subject,
      fact,
      ...when,
      source: 'api',
      system: 'bodhi',
      seen_at: seen,
      data,
    });
    const reports = stamped(update).map(({ fact, when, data }) => report(fact, when, data));
    for (const { fact, data } of [...unstamped(update), ...(reason === undefined ? [] : [reason])]) {
      const when = before?.brackets[fact] ?? bracket(before?.looked, seen, clock.blurMs);
      brackets[fact] = when;
      reports.push(report(fact, when, data));
    }
    remembered.keep(subject, { looked: began, brackets });
    return reports;
  }

  /** Bodhi says `failed` too when tests have merely not begun in time: what is behind it is asked only then. */
  async function reasonOf(update: BodhiUpdate, signal: AbortSignal): Promise<Unstamped | undefined> {
    if (update.test_gating_status !== 'failed') return undefined;
    const comment = gatingComments(update).at(-1)?.id ?? 0;
    try {
      const unsatisfied = await client.unsatisfied(update.alias, signal);
      const refused = refusedOf(unsatisfied);
      const kind = refused.length > 0 ? 'failed' : 'missing';
      return {
        fact: reasonFact(kind, comment),
        data: { unsatisfied: (refused.length > 0 ? refused : unsatisfied).map((row) => ({ ...row })) },
      };
    } catch (thrown) {
      // The reason is more than the status needs: what is known of the update is told all the same.
      if (thrown instanceof Fault && thrown.kind !== 'cancelled') return undefined;
      throw thrown;
    }
  }
}

interface Unstamped {
  readonly fact: string;
  readonly data: JsonObject;
}

interface Stamped extends Unstamped {
  readonly when: Bracket;
}

function stamped(update: BodhiUpdate): readonly Stamped[] {
  const { status, date_submitted, date_testing, date_stable } = update;
  const facts: Stamped[] = [];
  const add = (fact: string, text: string | null | undefined, data: JsonObject) => {
    const when = text ? stampOf(text) : undefined;
    if (when !== undefined) facts.push({ fact, when, data });
  };
  add(FACT.submitted, date_submitted, {
    status,
    request: update.request ?? null,
    builds: update.builds.map(({ nvr }) => nvr),
  });
  add(FACT.status('pending'), date_submitted, { status: 'pending' });
  if (status !== 'pending') add(FACT.status('testing'), date_testing, { status: 'testing' });
  if (status === 'stable') add(FACT.status('stable'), date_stable, { status: 'stable' });
  for (const { status: gating, id, timestamp } of gatingComments(update)) {
    add(FACT.gating(gating, id), timestamp, { status: gating, comment: id });
  }
  return facts;
}

/** What Bodhi shows without saying since when. */
function unstamped(update: BodhiUpdate): readonly Unstamped[] {
  const facts: Unstamped[] = [];
  if (update.builds.length > 0 && update.builds.every(({ signed }) => signed === true)) {
    facts.push({ fact: FACT.signed, data: { builds: update.builds.map(({ nvr }) => nvr) } });
  }
  const dated = { pending: update.date_submitted, testing: update.date_testing, stable: update.date_stable };
  if (!dated[update.status as keyof typeof dated]) {
    facts.push({ fact: FACT.status(update.status), data: { status: update.status } });
  }
  // Should the text of the comments change, the status is still told.
  const gating = update.test_gating_status;
  const last = gatingComments(update).at(-1);
  if (gating && gating !== last?.status) {
    const comment = Math.max(0, ...update.comments.map(({ id }) => id));
    facts.push({ fact: FACT.gating(gating, comment), data: { status: gating, comment } });
  }
  return facts;
}
