import { z } from 'zod';
import { isoTime } from '../../core/iso-time.ts';
import * as answers from '../answers.ts';
import * as inputs from '../inputs.ts';
import { guarded, open, type Route } from '../route.ts';

export const apiRoutes: readonly Route[] = [
  open({
    method: 'GET',
    url: '/api/v1/openapi.json',
    tag: 'api',
    summary: 'This document',
    answers: { 200: { description: 'OpenAPI 3.1.', types: ['application/json; charset=utf-8'] } },
    handle: async (_, world) => ({
      type: 'application/json; charset=utf-8',
      body: await world.openApi(),
    }),
  }),
  guarded({
    method: 'GET',
    url: '/api/v1/audit',
    tag: 'api',
    summary: 'Who asked for what, newest first',
    query: z.strictObject(inputs.paging),
    answers: {
      200: { description: 'The newest.', schema: z.strictObject({ items: z.array(answers.auditEntry) }) },
    },
    async handle({ query }, { store }) {
      const entries = await store.audit.list(query.limit);
      return { body: { items: entries.map((entry) => ({ ...entry, at: isoTime(entry.at) })) } };
    },
  }),
];
