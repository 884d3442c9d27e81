import { z } from 'zod';
import { releaseOf, type UpdateState, updateGone, updateState, updateSubject } from '../../clients/bodhi.ts';
import { earlyDecision, earlyYes, isWaived, usualQuestion } from '../../clients/gate.ts';
import { refusedFault } from '../../clients/greenwave.ts';
import { type Judge, mayTurn, type News } from '../../core/event.ts';
import { FACT } from '../../core/facts.ts';
import { Fault } from '../../core/fault.ts';
import type { Release } from '../../core/release.ts';
import { defineStep } from '../../core/step.ts';

const STATUSES = ['pending', 'testing', 'stable', 'obsolete', 'unpushed'] as const;
const GATINGS = ['waiting', 'ignored', 'queued', 'running', 'passed', 'failed', 'greenwave_failed'] as const;

/** The way of an update: a status further on proves those before it. */
const WAY: readonly string[] = ['pending', 'testing', 'stable'];

export default defineStep({
  summary: 'Waits until an update has one of the given statuses and one of the given gating statuses.',
  system: 'bodhi',
  repeatable: true,
  // Lost messages heal at the full hour, Greenwave's cache up to an hour later.
  timeoutMs: 3 * 60 * 60_000,
  input: z.strictObject({
    update: z.string().describe('Alias of the update.'),
    status: z
      .array(z.enum(STATUSES))
      .min(1)
      .optional()
      .describe('Statuses that are good; any where left out.'),
    gating: z
      .array(z.enum(GATINGS))
      .min(1)
      .optional()
      .describe(
        'Gating statuses that are good; any where left out and `status` is given, else passed or ignored.',
      ),
  }),
  output: z.object({
    update_status: z.string().describe('Status of the update.'),
    gating_status: z.string().describe('Its gating status; `none` where Bodhi has not said any.'),
  }),

  run: async ({ update, status, gating }, ctx) =>
    ctx.events.until(
      updateSubject(update),
      judge({
        alias: update,
        statuses: status,
        gatings: gating ?? (status === undefined ? ['passed', 'ignored'] : undefined),
        release: await releaseOf(ctx),
        tests: ctx.env.systems.ci?.tests ?? [],
      }),
    ),
});

interface Wanted {
  readonly alias: string;
  readonly statuses: readonly string[] | undefined;
  readonly gatings: readonly string[] | undefined;
  readonly release: Release;
  /** Those that the distribution requires. */
  readonly tests: readonly string[];
}

function judge(wanted: Wanted): Judge<{ update_status: string; gating_status: string }> {
  const { alias, statuses, gatings } = wanted;
  return (news) => {
    const state = updateState(news.events);
    const { status, gating } = state;
    if (status === undefined) return undefined;
    if (!WAY.includes(status) && !statuses?.includes(status)) throw updateGone(alias, status);
    const statusIsGood = statuses === undefined || statuses.some((one) => reaches(status, one));
    const gatingIsGood = gatings === undefined || (gating !== undefined && gatings.includes(gating));
    if (statusIsGood && gatingIsGood) {
      const open = gatings === undefined ? undefined : openedEarly(wanted, news);
      if (open !== undefined) throw open;
      return { update_status: status, gating_status: gating ?? 'none' };
    }
    const no = gatingIsGood ? undefined : clearNo(alias, state);
    return no === undefined ? undefined : mayTurn(no);
  };
}

/**
 * A gate that passed before the tests had results was open: Greenwave's doing where its decision was just as early, else Bodhi's. One that is
 * ignored says by itself that it required nothing.
 */
function openedEarly({ alias, release, tests }: Wanted, { events, beside }: News): Fault | undefined {
  const gates = events.filter(({ fact }) => fact.startsWith('gating:'));
  const builds = events.find(({ fact }) => fact === FACT.submitted)?.data['builds'];
  const nvrs = Array.isArray(builds) ? builds.map(String) : [];
  const early = earlyYes(gates, ({ fact }) => fact.startsWith('gating:passed#'), { nvrs, tests }, beside);
  const question = usualQuestion(release, nvrs, alias);
  if (early === undefined || isWaived(question, beside)) return undefined;
  const decided = earlyDecision(question, tests, beside);
  return new Fault(`the gate let update ${alias} through before its tests had results`, {
    code: 'GATE_OPEN',
    kind: 'rejected',
    system: decided === undefined ? 'bodhi' : 'greenwave',
    evidence: { update: alias, ...early },
  });
}

function reaches(status: string, wanted: string): boolean {
  if (status === wanted) return true;
  return WAY.includes(wanted) && WAY.indexOf(status) > WAY.indexOf(wanted);
}

/** Waiting is no answer yet, nor is a failure that has nothing but missing results behind it. */
function clearNo(alias: string, { gating, refused, comment }: UpdateState): Fault | undefined {
  if (gating === 'failed') return refused.length === 0 ? undefined : refusedFault(`update ${alias}`, refused);
  if (gating !== 'passed' && gating !== 'ignored') return undefined;
  return new Fault(`the gate let update ${alias} through: gating is ${gating}`, {
    code: 'GATE_OPEN',
    kind: 'rejected',
    system: 'bodhi',
    evidence: { update: alias, gating, comment },
  });
}
