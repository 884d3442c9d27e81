import { z } from 'zod';
import { bodhi, releaseOf } from '../../clients/bodhi.ts';
import { progressOf } from '../../clients/ci.ts';
import { type EarlyYes, earlyYes, isSatisfied, type Required } from '../../clients/gate.ts';
import {
  contextsOf,
  type DecisionQuestion,
  decisionSubject,
  type Requirement,
  refusedFault,
  refusedOf,
} from '../../clients/greenwave.ts';
import { buildSubject } from '../../clients/koji.ts';
import { buildsOf } from '../../clients/nvrs.ts';
import { hasPassed } from '../../clients/resultsdb.ts';
import { systemOf } from '../../core/environment.ts';
import { type Event, type Judge, mayTurn } from '../../core/event.ts';
import type { CiData, DecisionData, ResultData } from '../../core/facts.ts';
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
    const what = `update ${input.update}`;
    ctx.events.follow(...question.nvrs.map(buildSubject));
    const decision = await ctx.events.until(
      decisionSubject(question),
      input.expect === 'satisfied'
        ? satisfiedJudge(what, { nvrs: question.nvrs, tests: ctx.env.systems.ci?.tests ?? [] })
        : unsatisfiedJudge(what),
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

function satisfiedJudge(what: string, required: Required): Judge<DecisionData> {
  return ({ events, last, beside }) => {
    if (last === undefined) return undefined;
    const decision = last.data as unknown as DecisionData;
    if (decision.satisfied) {
      if (decision.requirements === 0 && required.tests.length > 0) {
        return mayTurn(gateOpen(`${what} needs no tests, although the distribution requires some`, decision));
      }
      const early = earlyYes(events, isSatisfied, required, beside);
      if (early === undefined) return decision;
      throw gateOpen(`the gate let ${what} through before its tests had results`, decision, early);
    }
    const refused = refusedOf(decision.unsatisfied);
    if (refused.length === 0) return undefined;
    return mayTurn(
      contradiction(
        what,
        refused,
        required.nvrs.map((nvr) => beside(buildSubject(nvr))),
      ) ?? refusedFault(what, refused),
    );
  };
}

/**
 * A no for tests all of whose newest results are good is Greenwave's own; one for results that CI has told otherwise is ResultsDB's. A refusal does
 * not say of which build it speaks: it contradicts the results only where those of every build do.
 */
function contradiction(
  what: string,
  refused: readonly Requirement[],
  builds: readonly (readonly Event[])[],
): Fault | undefined {
  const tests = [...new Set(refused.map(({ testcase }) => testcase))];
  // Each build by itself: a result supersedes none of another build.
  const results = builds.flatMap((events) => tests.map((test) => progressOf(events, test).results));
  const bad = results.flat().filter(({ outcome }) => !hasPassed(outcome));
  const isKnown = results.every((rows) => rows.length > 0);
  const isCiPassed = ({ testcase, ref_url }: ResultData) =>
    builds.flat().some(({ data }) => {
      const { state, test, run, result } = data as unknown as CiData;
      return state === 'complete' && test === testcase && run === ref_url && result === 'passed';
    });
  if (!isKnown || !bad.every(isCiPassed)) return undefined;
  const evidence = {
    unsatisfied: refused.map(({ type, testcase }) => `${type} ${testcase}`.trim()),
    results: results.flat().map(({ id, outcome }) => `${id} ${outcome}`),
  };
  return bad.length === 0
    ? new Fault(`${what} is refused for tests that have passed by ResultsDB: ${tests.join(', ')}`, {
        code: 'DECISION_AGAINST_RESULTS',
        kind: 'rejected',
        system: 'greenwave',
        evidence,
      })
    : new Fault(`${what} is refused for results that CI has told otherwise: ${tests.join(', ')}`, {
        code: 'RESULT_AGAINST_CI',
        kind: 'rejected',
        system: 'resultsdb',
        evidence,
      });
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

function gateOpen(message: string, { summary, requirements }: DecisionData, early?: EarlyYes): Fault {
  return new Fault(message, {
    code: 'GATE_OPEN',
    kind: 'rejected',
    system: 'greenwave',
    evidence: { summary, requirements, ...early },
    hint: "Look at gating.yaml on the package's branch and at the policies of this release.",
  });
}
