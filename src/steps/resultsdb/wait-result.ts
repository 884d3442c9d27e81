import { z } from 'zod';
import { ciError, progressOf } from '../../clients/ci.ts';
import { testsInput } from '../../clients/ci-wait.ts';
import { buildSubject } from '../../clients/koji.ts';
import { hasPassed, isFinal } from '../../clients/resultsdb.ts';
import { systemOf } from '../../core/environment.ts';
import { mayTurn } from '../../core/event.ts';
import type { ResultData } from '../../core/facts.ts';
import { defineStep } from '../../core/step.ts';

export default defineStep({
  summary: 'Waits until ResultsDB has a final result, good or bad, of every required test of a build.',
  system: 'resultsdb',
  repeatable: true,
  timeoutMs: 2 * 60 * 60_000,
  input: testsInput,
  output: z.object({
    result: z
      .enum(['passed', 'failed'])
      .describe('`passed` where the newest result of each variant is a pass.'),
    results: z
      .array(
        z.object({
          id: z.number().int().describe('Number of the result.'),
          testcase: z.string().describe('Its test case.'),
          outcome: z.string().describe('As ResultsDB says it.'),
          variant: z.string().describe('Scenario, architecture and variant.'),
          ref_url: z.string().nullable().describe('Where the test ran.'),
        }),
      )
      .describe('The newest result of each test and variant.'),
  }),

  async run({ nvr, tests }, ctx) {
    const wanted = tests ?? systemOf(ctx.env, 'ci').tests;
    const results = await ctx.events.until<ResultData[]>(buildSubject(nvr), ({ events }) => {
      const progress = wanted.map((test) => progressOf(events, test));
      const done = progress.every(
        ({ results }) => results.length > 0 && results.every(({ outcome }) => isFinal(outcome)),
      );
      if (done) return progress.flatMap(({ results }) => results);
      const broken = progress.find(({ error }) => error !== undefined);
      return broken === undefined ? undefined : mayTurn(ciError(nvr, broken));
    });
    return {
      result: results.every(({ outcome }) => hasPassed(outcome)) ? ('passed' as const) : ('failed' as const),
      results: results.map(({ id, testcase, outcome, variant, ref_url }) => ({
        id,
        testcase,
        outcome,
        variant,
        ref_url,
      })),
    };
  },
});
