import { z } from 'zod';
import { ConfigError } from '../../src/core/config-error.ts';
import { duration } from '../../src/core/duration.ts';
import type { PlanRequest } from '../../src/core/planner.ts';
import { planProbe } from '../../src/core/planner.ts';
import { readProbe } from '../../src/core/probe.ts';
import type { Action, StepDefinition } from '../../src/core/step.ts';

type Draft = Pick<StepDefinition, 'input' | 'output'> & Partial<StepDefinition>;

function action(uses: string, draft: Draft): readonly [string, Action] {
  const definition: StepDefinition = {
    summary: `Does ${uses}.`,
    system: 'koji',
    repeatable: true,
    timeoutMs: 1_800_000,
    run: async () => ({}),
    ...draft,
  };
  return [uses, { uses, definition }];
}

/** A little world of actions with the shapes that real ones have. */
export const ACTIONS: ReadonlyMap<string, Action> = new Map([
  action('fas/login', {
    system: 'fas',
    input: z.strictObject({}),
    output: z.object({ principal: z.string() }),
  }),
  action('dist-git/clone', {
    system: 'dist-git',
    input: z.strictObject({ branch: z.string().optional() }),
    output: z.object({ dir: z.string() }),
  }),
  action('koji/build', {
    repeatable: false,
    timeoutMs: 3_600_000,
    input: z.strictObject({
      dir: z.string().describe('Work tree.'),
      scratch: z.boolean().default(false),
      arches: z.array(z.string()).optional(),
      priority: z.int().optional(),
    }),
    output: z.object({ nvr: z.string(), task_id: z.int(), warning: z.string().nullable() }),
  }),
  action('koji/wait-tag', {
    input: z.strictObject({ nvr: z.string(), tag: z.string().optional() }),
    output: z.object({ tags: z.array(z.string()), state: z.enum(['tagged', 'untagged']) }),
  }),
  action('bodhi/create-update', {
    system: 'bodhi',
    input: z.strictObject({
      builds: z.array(z.string()).min(1),
      notes: z.string().default(''),
      type: z.enum(['bugfix', 'enhancement']).default('enhancement'),
      wait: duration.optional(),
      labels: z.record(z.string(), z.string()).optional(),
    }),
    output: z.object({ update: z.string(), page: z.object({ url: z.string() }) }),
  }),
  action('bodhi/wait-status', {
    system: 'bodhi',
    input: z.strictObject({ update: z.string(), status: z.array(z.enum(['testing', 'stable'])).optional() }),
    output: z.object({ result: z.string() }),
  }),
  action('command/run', {
    system: undefined,
    input: z.strictObject({ command: z.array(z.string()).min(1) }),
    output: z.object({ stdout: z.string() }),
  }),
]);

/** Plans the text of a probe file with the actions above. */
export function plan(text: string, request: Partial<PlanRequest> = {}) {
  return planProbe({ probe: readProbe('probe.yaml', text), actions: ACTIONS, ...request });
}

/** The faults of a probe file, one line each; empty where it is good. */
export function faultsIn(text: string, request: Partial<PlanRequest> = {}): readonly string[] {
  return linesOf(() => plan(text, request));
}

/** The lines of the ConfigError that the work throws. */
export function linesOf(work: () => unknown): readonly string[] {
  try {
    work();
    return [];
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.message.split('\n');
    throw thrown;
  }
}
