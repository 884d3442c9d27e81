import { z } from 'zod';
import { bodhi, releaseOf } from '../../clients/bodhi.ts';
import {
  contextsOf,
  type DecisionQuestion,
  decisionSubject,
  refusedFault,
  refusedOf,
} from '../../clients/greenwave.ts';
import { buildsOf } from '../../clients/nvrs.ts';
import { systemOf } from '../../core/environment.ts';
import { type Judge, mayTurn } from '../../core/event.ts';
import type { DecisionData } from '../../core/facts.ts';
import { Fault, mayRetry } from '../../core/fault.ts';
import { defineStep, type StepContext } from '../../core/step.ts';

export default defineStep({
  summary:
    'Waits until Greenwave decides on an update as expected; a gate that requires nothing, or lets a refused build through, is a fault.',
  system: 'greenwave',
  repeatable: true,
  // Lost messages heal at the full hour, the cache of passing results up to an hour later.
  timeoutMs: 150 * 60_000,
  input: z.strictObject({
    nvr: z.string().optional().describe('The build, where it is one.'),
    builds: z.array(z.string()).min(1).optional().describe('The builds, where they are several.'),
    update: z.string().describe('Alias of the update.'),
    expect: z
      .enum(['satisfied', 'unsatisfied'])
      .default('satisfied')
      .describe('`unsatisfied`: a test must have failed, and the gate must say no.'),
    contexts: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('Decision contexts; those that Bodhi asks for this update where left out.'),
  }),
  output: z.object({
    summary: z.string().describe("The decision in Greenwave's words."),
    requirements: z.number().int().describe('How many tests were required.'),
  }),

  async run(input, ctx) {
    const question: DecisionQuestion = {
      product_version: (await releaseOf(ctx)).product_version,
      contexts: input.contexts ?? (await contextsFor(input.update, ctx)),
      nvrs: buildsOf(input),
      alias: input.update,
    };
    const tests = ctx.env.systems.ci?.tests ?? [];
    const what = `update ${input.update}`;
    const decision = await ctx.events.until(
      decisionSubject(question),
      input.expect === 'satisfied' ? satisfiedJudge(what, tests) : unsatisfiedJudge(what),
    );
    return { summary: decision.summary, requirements: decision.requirements };
  },
});

/** As Bodhi asks; where Bodhi does not answer now, as it asks for an ordinary update of this release. */
async function contextsFor(alias: string, ctx: StepContext): Promise<readonly string[]> {
  const usual = {
    status: 'pending',
    request: (await releaseOf(ctx)).composed_by_bodhi ? 'testing' : null,
  };
  const client = bodhi({ http: ctx.http, url: systemOf(ctx.env, 'bodhi').url });
  try {
    return contextsOf((await client.update(alias, ctx.signal)) ?? usual);
  } catch (thrown) {
    if (thrown instanceof Fault && mayRetry(thrown.kind)) return contextsOf(usual);
    throw thrown;
  }
}

function satisfiedJudge(what: string, tests: readonly string[]): Judge<DecisionData> {
  return ({ last }) => {
    if (last === undefined) return undefined;
    const decision = last.data as unknown as DecisionData;
    if (decision.satisfied) {
      if (decision.requirements > 0 || tests.length === 0) return decision;
      return mayTurn(gateOpen(`${what} needs no tests, although the distribution requires some`, decision));
    }
    const refused = refusedOf(decision.unsatisfied);
    return refused.length === 0 ? undefined : mayTurn(refusedFault(what, refused));
  };
}

/** Missing results refuse every update for a while: only a requirement that clearly says no shows that the gate works. */
function unsatisfiedJudge(what: string): Judge<DecisionData> {
  return ({ last }) => {
    if (last === undefined) return undefined;
    const decision = last.data as unknown as DecisionData;
    if (decision.satisfied) return mayTurn(gateOpen(`the gate lets ${what} through`, decision));
    return refusedOf(decision.unsatisfied).length > 0 ? decision : undefined;
  };
}

function gateOpen(message: string, { summary, requirements }: DecisionData): Fault {
  return new Fault(message, {
    code: 'GATE_OPEN',
    kind: 'rejected',
    system: 'greenwave',
    evidence: { summary, requirements },
    hint: "Look at gating.yaml on the package's branch and at the policies of this release.",
  });
}
