import { z } from 'zod';
import { isoTime } from '../../core/iso-time.ts';
import type { Pause } from '../../core/schedule.ts';
import type { Site, SiteProbe } from '../../core/site.ts';
import type { RunSummary } from '../../core/store.ts';
import * as answers from '../answers.ts';
import { writeDown } from '../audit.ts';
import * as inputs from '../inputs.ts';
import { probeOf, siteOf } from '../lookup.ts';
import { guarded, HttpError, open, type Route } from '../route.ts';
import { agesOf, isoOrNull, runView } from '../views.ts';

/** Two requests in the same millisecond need two due times. */
const MOST_AT_ONCE = 100;

export const probeRoutes: readonly Route[] = [
  open({
    method: 'GET',
    url: '/api/v1/probes',
    tag: 'runs',
    summary: 'The probes that are served, by environment and name',
    query: z.strictObject({
      ...inputs.paging,
      environment: inputs.environment.optional(),
      probe: inputs.probe.optional(),
      system: inputs.system.optional().describe('Only probes that have a step of this system.'),
      before: inputs.nameCursor.optional(),
    }),
    answers: { 200: { description: 'A page of probes.', schema: answers.pageOf(answers.probe) } },
    async handle({ query: { environment, probe, system, before, limit } }, world) {
      const sites = world.sites();
      const all = sites
        .flatMap((site) =>
          [...site.probes.values()].map((one) => ({ site, probe: one, key: keyOf(site, one) })),
        )
        .filter(
          (one) =>
            (environment === undefined || one.site.environment.name === environment) &&
            (probe === undefined || one.probe.name === probe) &&
            (system === undefined || one.probe.systems.includes(system)) &&
            (before === undefined || one.key > before),
        )
        .toSorted((a, b) => (a.key < b.key ? -1 : 1));
      const shown = all.slice(0, limit);
      const [pauses, active] = [await world.store.dues.pauses(), await world.store.observations.active()];
      const ageOf = agesOf(sites);
      const items: z.output<typeof answers.probe>[] = [];
      for (const { site, probe: one } of shown) {
        const last = await world.store.pages.lastEnded(site.scope, one.name);
        items.push({
          environment: site.environment.name,
          probe: one.name,
          description: one.plan.probe.description,
          package: one.package,
          branch: one.branch,
          systems: [...one.systems],
          interval_ms: one.intervalMs ?? null,
          timeout_ms: one.plan.probe.timeoutMs,
          confirm_with: one.confirm_with ?? null,
          next_due_at: isoOrNull(world.nextDue(site.scope, one.name)),
          paused: pausedBy(pauses, site, one, world.clock.now()),
          under_way: active
            .filter((run) => run.scope === site.scope && run.probe === one.name && run.state === 'executing')
            .map(({ run_id }) => run_id),
          last: lastView(last, ageOf),
        });
      }
      return { body: { items, next: all.length > limit ? (shown.at(-1)?.key ?? null) : null } };
    },
  }),
  guarded({
    method: 'POST',
    url: '/api/v1/probes/:environment/:probe/run',
    tag: 'runs',
    summary: 'Asks for a run now',
    description:
      'A row of the schedule that waits for a place: look at it with GET /api/v1/schedule. Pauses and maintenance do not hold it back.',
    params: z.strictObject({ environment: inputs.environment, probe: inputs.probe }),
    answers: { 202: { description: 'It was asked for.', schema: answers.dueAsked } },
    errors: [404],
    async handle({ params }, world, caller) {
      const site = siteOf(world, params.environment);
      const probe = probeOf(site, params.probe);
      const environment = site.environment.name;
      await writeDown(world, caller, {
        action: 'run.start',
        subject: `${environment}/${probe.name}`,
        detail: '',
      });
      const now = Math.ceil(site.clock.now());
      for (let due_at = now; due_at < now + MOST_AT_ONCE; due_at += 1) {
        const request = { scope: site.scope, environment, probe: probe.name, due_at, by: caller.name };
        const [due] = await world.store.dues.claim([{ ...request, cause: 'request' }]);
        if (due === undefined) continue;
        world.nudge();
        return {
          body: { due_id: due.due_id, environment, probe: probe.name, due_at: isoTime(due.due_at) },
        };
      }
      throw new HttpError(
        409,
        'conflict',
        `too many runs of ${probe.name} were asked for at once`,
        'Try again.',
      );
    },
  }),
];

function keyOf(site: Site, probe: SiteProbe): string {
  return `${site.environment.name}/${probe.name}`;
}

/** The pause that holds longest. */
function pausedBy(pauses: readonly Pause[], site: Site, probe: SiteProbe, now: number) {
  const [pause] = pauses
    .filter(
      (one) =>
        one.environment === site.environment.name &&
        (one.probe === null || one.probe === probe.name) &&
        one.from <= now &&
        (one.until === null || one.until > now),
    )
    .toSorted((a, b) => (b.until ?? Number.POSITIVE_INFINITY) - (a.until ?? Number.POSITIVE_INFINITY));
  return pause === undefined ? null : { reason: pause.reason, by: pause.by, until: isoOrNull(pause.until) };
}

function lastView(last: RunSummary | undefined, ageOf: ReturnType<typeof agesOf>) {
  return last === undefined ? null : runView(last, ageOf);
}
