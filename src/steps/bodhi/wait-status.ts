import { z } from 'zod';
import { type UpdateState, updateGone, updateState, updateSubject } from '../../clients/bodhi.ts';
import { refusedFault } from '../../clients/greenwave.ts';
import { type Judge, mayTurn } from '../../core/event.ts';
import { Fault } from '../../core/fault.ts';
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

  run: ({ update, status, gating }, ctx) =>
    ctx.events.until(
      updateSubject(update),
      judge({
        alias: update,
        statuses: status,
        gatings: gating ?? (status === undefined ? ['passed', 'ignored'] : undefined),
      }),
    ),
});

interface Wanted {
  readonly alias: string;
  readonly statuses: readonly string[] | undefined;
  readonly gatings: readonly string[] | undefined;
}

function judge({
  alias,
  statuses,
  gatings,
}: Wanted): Judge<{ update_status: string; gating_status: string }> {
  return ({ events }) => {
    const state = updateState(events);
    const { status, gating } = state;
    if (status === undefined) return undefined;
    if (!WAY.includes(status) && !statuses?.includes(status)) throw updateGone(alias, status);
    const statusIsGood = statuses === undefined || statuses.some((wanted) => reaches(status, wanted));
    const gatingIsGood = gatings === undefined || (gating !== undefined && gatings.includes(gating));
    if (statusIsGood && gatingIsGood) return { update_status: status, gating_status: gating ?? 'none' };
    const no = gatingIsGood ? undefined : clearNo(alias, state);
    return no === undefined ? undefined : mayTurn(no);
  };
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
