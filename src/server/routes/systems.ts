import { z } from 'zod';
import { type SystemEntry, systemList } from '../../core/system-list.ts';
import * as answers from '../answers.ts';
import { badge } from '../badge.ts';
import * as inputs from '../inputs.ts';
import { siteOf } from '../lookup.ts';
import { open, type Route, unknownName } from '../route.ts';
import type { ServerOptions } from '../server.ts';
import { isoOrNull } from '../views.ts';

const STATES = ['operational', 'slow', 'failing', 'unknown'] as const;

export const systemRoutes: readonly Route[] = [
  open({
    method: 'GET',
    url: '/api/v1/systems',
    tag: 'systems',
    summary: 'How every system is, and how old that word is',
    description: 'One that gave no evidence for 2.5 intervals is `unknown`.',
    query: z.strictObject({
      ...inputs.paging,
      environment: inputs.environment.optional(),
      system: inputs.system.optional(),
      state: z.enum(STATES, `one of ${STATES.join(', ')}`).optional(),
      before: inputs.nameCursor.optional(),
    }),
    answers: { 200: { description: 'A page of systems.', schema: answers.pageOf(answers.systemState) } },
    async handle({ query: { environment, system, state, before, limit } }, world) {
      const all = (await systemsOf(world)).filter(
        (entry) =>
          (environment === undefined || entry.environment === environment) &&
          (system === undefined || entry.system === system) &&
          (state === undefined || entry.state === state),
      );
      const from = before === undefined ? 0 : all.findIndex((entry) => keyOf(entry) === before) + 1;
      const shown = all.slice(from, from + limit);
      const last = shown.at(-1);
      const isMore = from + limit < all.length && last !== undefined;
      return { body: { items: shown.map(view), next: isMore ? keyOf(last) : null } };
    },
  }),
  open({
    method: 'GET',
    url: '/badge/:environment/:system.svg',
    tag: 'systems',
    summary: 'The state of one system as a picture',
    params: z.strictObject({ environment: inputs.environment, system: inputs.system }),
    answers: { 200: { description: 'A small SVG.', types: ['image/svg+xml; charset=utf-8'] } },
    errors: [404],
    async handle({ params }, world) {
      const site = siteOf(world, params.environment);
      const entries = await systemsOf({ ...world, sites: () => [site] });
      const entry = entries.find(({ system }) => system === params.system);
      if (entry === undefined) {
        throw unknownName(
          'system',
          params.system,
          entries.map(({ system }) => system),
        );
      }
      return { type: 'image/svg+xml; charset=utf-8', body: badge(entry) };
    },
  }),
];

async function systemsOf({
  sites,
  store,
}: Pick<ServerOptions, 'sites' | 'store'>): Promise<readonly SystemEntry[]> {
  return systemList(sites(), await store.incidents.systems(), await store.incidents.live());
}

function keyOf({ environment, system }: SystemEntry): string {
  return `${environment}/${system}`;
}

function view(entry: SystemEntry): z.output<typeof answers.systemState> {
  return {
    environment: entry.environment,
    system: entry.system,
    state: entry.state,
    since: isoOrNull(entry.since),
    age_ms: entry.age_ms,
    interval_ms: entry.interval_ms,
    last_good_at: isoOrNull(entry.last_good),
    last_bad_at: isoOrNull(entry.last_bad),
    incident_id: entry.incident?.incident_id ?? null,
  };
}
