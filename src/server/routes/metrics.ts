import { z } from 'zod';
import * as inputs from '../inputs.ts';
import { probeOf, siteOf } from '../lookup.ts';
import { HttpError, open, type Route, unknownName } from '../route.ts';

const TYPES = [
  'text/plain; version=0.0.4; charset=utf-8',
  'application/openmetrics-text; version=1.0.0; charset=utf-8',
] as const;

export const metricsRoutes: readonly Route[] = [
  open({
    method: 'GET',
    url: '/metrics',
    tag: 'metrics',
    summary: 'All metrics',
    description: 'In OpenMetrics where that is asked for, with exemplars; else in the text format.',
    answers: { 200: { description: 'The metrics.', types: TYPES } },
    async handle({ accept }, { metrics }) {
      return await metrics.render(accept);
    },
  }),
  open({
    method: 'GET',
    url: '/probe',
    tag: 'metrics',
    summary: 'The last run of a probe, in the form of the blackbox exporter',
    query: z.strictObject({
      probe: inputs.probe,
      environment: inputs.environment
        .optional()
        .describe('Needed where several environments have the probe.'),
    }),
    answers: { 200: { description: 'Its metrics.', types: TYPES } },
    errors: [404],
    async handle({ query }, world) {
      const site = siteOf(world, query.environment ?? onlyWith(world.sites(), query.probe));
      return await world.metrics.probe(probeOf(site, query.probe).name, site.environment.name);
    },
  }),
];

function onlyWith(sites: Parameters<typeof namesWith>[0], probe: string): string {
  const names = namesWith(sites, probe);
  const [name] = names;
  if (name === undefined) {
    throw unknownName('probe', probe, [...new Set(sites.flatMap(({ probes }) => [...probes.keys()]))]);
  }
  if (names.length === 1) return name;
  throw new HttpError(
    400,
    'bad_request',
    `several environments have the probe "${probe}"`,
    `Say environment=NAME, one of: ${names.join(', ')}.`,
  );
}

function namesWith(
  sites: ReturnType<Parameters<typeof siteOf>[0]['sites']>,
  probe: string,
): readonly string[] {
  return sites.filter(({ probes }) => probes.has(probe)).map(({ environment }) => environment.name);
}
