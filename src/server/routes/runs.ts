import { z } from 'zod';
import { parseIsoTime } from '../../core/iso-time.ts';
import * as answers from '../answers.ts';
import { writeDown } from '../audit.ts';
import * as inputs from '../inputs.ts';
import { assertKnown, runOf } from '../lookup.ts';
import { guarded, HttpError, open, type Route } from '../route.ts';
import { agesOf, runDetailView, runView, stepDetailView, stepView } from '../views.ts';

const aboutRun = z.strictObject({ id: inputs.runId });

const filters = {
  ...inputs.paging,
  environment: inputs.environment.optional(),
  probe: inputs.probe.optional(),
  system: inputs.system.optional(),
  since: inputs.since.optional(),
} as const;

/** Takes out what was not said: `undefined` is no filter. */
function said<Query extends { readonly since?: string | undefined }>({ since, ...query }: Query) {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined);
  const from = since === undefined ? undefined : parseIsoTime(since);
  return {
    ...(Object.fromEntries(entries) as {
      [Key in keyof typeof query]: Exclude<(typeof query)[Key], undefined>;
    }),
    ...(from === undefined ? {} : { since: from }),
  };
}

export const runRoutes: readonly Route[] = [
  open({
    method: 'GET',
    url: '/api/v1/runs',
    tag: 'runs',
    summary: 'Runs, newest first',
    query: z.strictObject({
      ...filters,
      before: inputs.runCursor.optional(),
      state: z.enum(inputs.RUN_STATES, `one of ${inputs.RUN_STATES.join(', ')}`).optional(),
      outcome: inputs.outcome.optional(),
    }),
    answers: { 200: { description: 'A page of runs.', schema: answers.pageOf(answers.run) } },
    errors: [404],
    async handle({ query }, { store, sites }) {
      const { items, next } = await store.pages.runs(said(query));
      if (items.length === 0) await assertKnown({ store, sites }, query);
      const ageOf = agesOf(sites());
      return { body: { items: items.map((run) => runView(run, ageOf)), next } };
    },
  }),
  open({
    method: 'GET',
    url: '/api/v1/runs/:id',
    tag: 'runs',
    summary: 'One run with its steps, its ledger and its verdicts',
    params: aboutRun,
    answers: { 200: { description: 'The run.', schema: answers.runDetail } },
    errors: [404, 409],
    async handle({ params }, world) {
      return { body: runDetailView(await runOf(world, params.id), agesOf(world.sites())) };
    },
  }),
  open({
    method: 'GET',
    url: '/api/v1/runs/:id/steps',
    tag: 'runs',
    summary: 'The steps of one run, in their order',
    params: aboutRun,
    answers: { 200: { description: 'All of them.', schema: answers.pageOf(answers.stepDetail) } },
    errors: [404, 409],
    async handle({ params }, world) {
      const { steps } = await runOf(world, params.id);
      return { body: { items: steps.map(stepDetailView), next: null } };
    },
  }),
  guarded({
    method: 'POST',
    url: '/api/v1/runs/:id/cancel',
    tag: 'runs',
    summary: 'Asks for a run to be cancelled',
    description:
      'Whoever is at work on it aborts its step, takes away what it made and ends it as `cancelled`; that takes a moment.',
    params: aboutRun,
    answers: {
      202: {
        description: 'It was asked.',
        schema: z.strictObject({ run_id: z.string(), asked: z.literal(true) }),
      },
    },
    errors: [404, 409],
    async handle({ params }, world, caller) {
      const { header, record } = await runOf(world, params.id);
      const { run_id } = header;
      const over = () =>
        new HttpError(409, 'run_finished', `run ${run_id} has ended`, 'There is nothing to cancel.');
      if (record !== null) throw over();
      await writeDown(world, caller, { action: 'run.cancel', subject: run_id, detail: '' });
      // It may have ended since it was looked at.
      if (!(await world.store.askToCancel(run_id, caller.name))) throw over();
      world.nudge();
      return { body: { run_id, asked: true } };
    },
  }),
  open({
    method: 'GET',
    url: '/api/v1/steps',
    tag: 'runs',
    summary: 'Steps of all runs, newest run first, the last step of each first',
    query: z.strictObject({
      ...filters,
      before: inputs.stepCursor.optional(),
      outcome: inputs.stepOutcome.optional(),
      uses: z
        .string()
        .regex(/^[a-z0-9-]{1,50}\/[a-z0-9-]{1,50}$/, 'the name of an action such as `koji/build`')
        .optional()
        .describe('Name of an action, such as `koji/build`.'),
    }),
    answers: { 200: { description: 'A page of steps.', schema: answers.pageOf(answers.step) } },
    errors: [404],
    async handle({ query }, { store, sites }) {
      const { items, next } = await store.pages.steps(said(query));
      if (items.length === 0) await assertKnown({ store, sites }, query);
      const ageOf = agesOf(sites());
      return { body: { items: items.map((row) => stepView(row, ageOf)), next } };
    },
  }),
];
