import { z } from 'zod';
import { parseDuration } from '../../core/duration.ts';
import { parseIsoTime } from '../../core/iso-time.ts';
import type { Pause } from '../../core/schedule.ts';
import * as answers from '../answers.ts';
import { writeDown } from '../audit.ts';
import * as inputs from '../inputs.ts';
import { assertKnown, probeOf, siteOf } from '../lookup.ts';
import { guarded, HttpError, open, type Route } from '../route.ts';
import { agesOf, dueView, pauseView } from '../views.ts';

const STATES = ['waiting', 'started', 'skipped'] as const;

export const scheduleRoutes: readonly Route[] = [
  open({
    method: 'GET',
    url: '/api/v1/schedule',
    tag: 'schedule',
    summary: 'Due times and what became of them, newest first; and what is paused',
    description: 'When a probe is due next stands in GET /api/v1/probes.',
    query: z.strictObject({
      ...inputs.paging,
      environment: inputs.environment.optional(),
      probe: inputs.probe.optional(),
      state: z.enum(STATES, `one of ${STATES.join(', ')}`).optional(),
      before: inputs.rowCursor.optional(),
    }),
    answers: {
      200: {
        description: 'A page of due times, and every pause that nobody has ended.',
        schema: answers.pageOf(answers.due).extend({ pauses: z.array(answers.pause) }),
      },
    },
    errors: [404],
    async handle({ query: { environment, probe, state, before, limit } }, { store, sites }) {
      const found = await store.dues.list({
        limit: limit + 1,
        ...(environment === undefined ? {} : { environment }),
        ...(probe === undefined ? {} : { probe }),
        ...(state === undefined ? {} : { state }),
        ...(before === undefined ? {} : { before: Number(before) }),
      });
      if (found.length === 0) await assertKnown({ store, sites }, { environment, probe });
      const shown = found.slice(0, limit);
      const last = shown.at(-1);
      const pauses = (await store.dues.pauses()).filter(
        (one) =>
          (environment === undefined || one.environment === environment) &&
          (probe === undefined || one.probe === null || one.probe === probe),
      );
      const ageOf = agesOf(sites());
      return {
        body: {
          items: shown.map((due) => dueView(due, ageOf)),
          next: found.length > limit && last !== undefined ? String(last.due_id) : null,
          pauses: pauses.map(pauseView),
        },
      };
    },
  }),
  guarded({
    method: 'POST',
    url: '/api/v1/schedule/pause',
    tag: 'schedule',
    summary: 'Starts no runs of a probe, or of a whole environment, for a while',
    description: 'Runs under way go on, and what somebody asks for is started all the same.',
    body: z.strictObject({
      environment: inputs.environment,
      probe: inputs.probe.optional().describe('Left out, every probe of the environment.'),
      reason: z
        .string()
        .trim()
        .min(1, 'why, for those who wonder')
        .max(500, 'at most 500 characters')
        .describe('Why, for those who wonder.'),
      until: inputs.until.optional(),
    }),
    answers: { 201: { description: 'The pause.', schema: answers.pause } },
    errors: [404],
    async handle({ body: { environment, probe, reason, until } }, world, caller) {
      const site = siteOf(world, environment);
      if (probe !== undefined) probeOf(site, probe);
      const from = world.clock.now();
      const to = until === undefined ? null : (parseIsoTime(until) ?? from + (parseDuration(until) ?? 0));
      if (to !== null && to <= from) {
        throw new HttpError(
          400,
          'bad_request',
          '"until": a time that has passed',
          'Say a time that lies ahead.',
        );
      }
      await writeDown(world, caller, {
        action: 'schedule.pause',
        subject: subjectOf(environment, probe),
        detail: reason,
      });
      const pause = await world.store.dues.pause({
        environment,
        probe: probe ?? null,
        reason,
        by: caller.name,
        from,
        until: to,
      });
      world.nudge();
      return { body: pauseView(pause) };
    },
  }),
  guarded({
    method: 'POST',
    url: '/api/v1/schedule/unpause',
    tag: 'schedule',
    summary: 'Ends pauses',
    description:
      'With a probe only those of that probe; without one those of the whole environment: pauses of single probes stay.',
    body: z.strictObject({ environment: inputs.environment, probe: inputs.probe.optional() }),
    answers: {
      200: { description: 'What was ended.', schema: z.strictObject({ ended: z.array(answers.pause) }) },
    },
    errors: [404, 409],
    async handle({ body: { environment, probe } }, world, caller) {
      const subject = subjectOf(environment, probe);
      const pauses = (await world.store.dues.pauses()).filter(
        (one) => one.environment === environment && one.probe === (probe ?? null),
      );
      if (pauses.length === 0) {
        throw new HttpError(
          409,
          'not_paused',
          `${subject} is not paused`,
          'See `pauses` of GET /api/v1/schedule.',
        );
      }
      await writeDown(world, caller, { action: 'schedule.unpause', subject, detail: '' });
      const ended: Pause[] = [];
      for (const { pause_id } of pauses) {
        const pause = await world.store.dues.endPause(pause_id, caller.name, world.clock.now());
        if (pause !== undefined) ended.push(pause);
      }
      world.nudge();
      return { body: { ended: ended.map(pauseView) } };
    },
  }),
];

function subjectOf(environment: string, probe: string | undefined): string {
  return probe === undefined ? environment : `${environment}/${probe}`;
}
