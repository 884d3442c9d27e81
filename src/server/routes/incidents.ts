import { z } from 'zod';
import type { Incident } from '../../core/incident.ts';
import { parseIsoTime } from '../../core/iso-time.ts';
import * as answers from '../answers.ts';
import { writeDown } from '../audit.ts';
import * as inputs from '../inputs.ts';
import { guarded, HttpError, open, type Route } from '../route.ts';
import type { ServerOptions } from '../server.ts';
import { agesOf, incidentView } from '../views.ts';

const STATES = ['suspected', 'open', 'resolved', 'dismissed'] as const;
const aboutIncident = z.strictObject({ id: inputs.incidentId });
const oneIncident = { description: 'The incident.', schema: answers.incident } as const;

export const incidentRoutes: readonly Route[] = [
  open({
    method: 'GET',
    url: '/api/v1/incidents',
    tag: 'incidents',
    summary: 'Incidents, newest first',
    query: z.strictObject({
      ...inputs.paging,
      environment: inputs.environment.optional(),
      system: inputs.system.optional(),
      state: z.enum(STATES, `one of ${STATES.join(', ')}`).optional(),
      since: inputs.since.optional().describe('Only those that were not over before that time, in UTC.'),
      before: inputs.incidentId.optional().describe('Next page: `next` of the one before.'),
    }),
    answers: { 200: { description: 'A page of incidents.', schema: answers.pageOf(answers.incident) } },
    async handle({ query: { environment, system, state, since, before, limit } }, { store, sites }) {
      const found = await store.incidents.list({
        limit: limit + 1,
        ...(environment === undefined ? {} : { environment }),
        ...(system === undefined ? {} : { system }),
        ...(state === undefined ? {} : { state }),
        ...(before === undefined ? {} : { before }),
      });
      const from = since === undefined ? undefined : parseIsoTime(since);
      const shown = found.slice(0, limit);
      const ageOf = agesOf(sites());
      return {
        body: {
          items: shown.filter((one) => wasLive(one, from)).map((one) => incidentView(one, ageOf)),
          next: found.length > limit ? (shown.at(-1)?.incident_id ?? null) : null,
        },
      };
    },
  }),
  open({
    method: 'GET',
    url: '/api/v1/incidents/:id',
    tag: 'incidents',
    summary: 'One incident with all that belongs to it',
    params: aboutIncident,
    answers: { 200: oneIncident },
    errors: [404],
    async handle({ params }, world) {
      return { body: incidentView(await incidentOf(world, params.id), agesOf(world.sites())) };
    },
  }),
  guarded({
    method: 'POST',
    url: '/api/v1/incidents/:id/acknowledge',
    tag: 'incidents',
    summary: 'Says that somebody looks after it',
    description: 'Receivers are told who within a minute, and are not reminded any more.',
    params: aboutIncident,
    answers: { 200: oneIncident },
    errors: [404, 409],
    async handle({ params }, world, caller) {
      const incident = await incidentOf(world, params.id);
      assertLive(incident);
      await writeDown(world, caller, {
        action: 'incident.acknowledge',
        subject: incident.incident_id,
        detail: `${incident.system} on ${incident.environment}`,
      });
      const at = nowOf(incident, world);
      const acknowledged = await world.store.incidents.acknowledge(incident.incident_id, caller.name, at);
      world.nudge();
      return { body: incidentView(acknowledged ?? incident, agesOf(world.sites())) };
    },
  }),
  guarded({
    method: 'POST',
    url: '/api/v1/incidents/:id/close',
    tag: 'incidents',
    summary: 'Ends one that no run will end',
    description:
      'For what is not watched any more, or was none: it is resolved at once, and receivers are told who closed it and why. A run that fails afterwards begins another. One that nobody was told of yet is dismissed.',
    params: aboutIncident,
    body: z.strictObject({
      because: z
        .string()
        .trim()
        .min(1, 'why, for those who were told of it')
        .max(500, 'at most 500 characters')
        .describe('Why, for those who were told of it.'),
    }),
    answers: { 200: oneIncident },
    errors: [404, 409],
    async handle({ params, body: { because } }, world, caller) {
      const incident = await incidentOf(world, params.id);
      assertLive(incident);
      const { incident_id, system, environment } = incident;
      await writeDown(world, caller, {
        action: 'incident.close',
        subject: incident_id,
        detail: `${system} on ${environment}: ${because}`,
      });
      const closing = { by: caller.name, because, at: nowOf(incident, world) };
      const closed = await world.store.incidents.close(incident_id, closing);
      // Somebody, or a good run, was faster.
      if (closed === undefined) assertLive(await incidentOf(world, params.id));
      world.nudge();
      return { body: incidentView(closed ?? incident, agesOf(world.sites())) };
    },
  }),
  guarded({
    method: 'PUT',
    url: '/api/v1/incidents/:id/ticket',
    tag: 'incidents',
    summary: 'Says where it is worked on',
    params: aboutIncident,
    body: z.strictObject({
      ticket: z
        .string()
        .max(2000)
        .regex(/^https?:\/\/[^\s@"<>]+$/, 'an http or https address, or null')
        .nullable()
        .describe('Address of the ticket; null takes it away.'),
    }),
    answers: { 200: oneIncident },
    errors: [404],
    async handle({ params, body }, world, caller) {
      const incident = await incidentOf(world, params.id);
      await writeDown(world, caller, {
        action: 'incident.ticket',
        subject: incident.incident_id,
        detail: body.ticket ?? 'none',
      });
      const changed = await world.store.incidents.setTicket(incident.incident_id, body.ticket);
      world.nudge();
      return { body: incidentView(changed ?? incident, agesOf(world.sites())) };
    },
  }),
];

function assertLive({ incident_id, state, closed_by }: Incident): void {
  if (state !== 'resolved' && state !== 'dismissed') return;
  const by = closed_by === null ? '' : `: ${closed_by} closed it`;
  throw new HttpError(409, 'incident_over', `incident ${incident_id} is ${state}${by}`, 'It needs nobody.');
}

/** Of its environment, where that is served. */
function nowOf({ scope }: Incident, { sites, clock }: Pick<ServerOptions, 'sites' | 'clock'>): number {
  return (sites().find((site) => site.scope === scope)?.clock ?? clock).now();
}

async function incidentOf({ store }: Pick<ServerOptions, 'store'>, id: string): Promise<Incident> {
  const incident = await store.incidents.find(id);
  if (incident !== undefined) return incident;
  throw new HttpError(404, 'not_found', `there is no incident "${id}"`, 'See GET /api/v1/incidents.');
}

function wasLive({ state, resolved_at, updated_at }: Incident, from: number | undefined): boolean {
  if (from === undefined || state === 'suspected' || state === 'open') return true;
  return (resolved_at ?? updated_at) >= from;
}
