import type { FastifyInstance, FastifySchema } from 'fastify';
import { callerOf, openGuard } from './guard.ts';
import { HttpError, type Route, readPart } from './route.ts';
import { apiRoutes } from './routes/api.ts';
import { healthRoutes } from './routes/health.ts';
import { incidentRoutes } from './routes/incidents.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { probeRoutes } from './routes/probes.ts';
import { runRoutes } from './routes/runs.ts';
import { scheduleRoutes } from './routes/schedule.ts';
import { systemRoutes } from './routes/systems.ts';
import type { ServerOptions } from './server.ts';

/** Every route there is, in the order in which the document tells them. */
export function allRoutes(): readonly Route[] {
  return [
    ...healthRoutes(),
    ...metricsRoutes,
    ...systemRoutes,
    ...probeRoutes,
    ...runRoutes,
    ...incidentRoutes,
    ...scheduleRoutes,
    ...apiRoutes,
  ];
}

/**
 * Adds all routes to a server that has the limits already.
 * @param schemaOf what the document says of a route: requests are read by the route's own schemas, whatever stands here
 */
export function addRoutes(
  app: FastifyInstance,
  world: ServerOptions,
  schemaOf: (route: Route) => FastifySchema = () => ({}),
): void {
  const guard = openGuard(app, world);
  for (const route of allRoutes()) {
    app.route({
      method: route.method,
      url: route.url,
      schema: schemaOf(route),
      ...(route.guarded ? { onRequest: guard } : {}),
      async handler(request, reply) {
        const caller = callerOf(request);
        if (route.guarded && caller === undefined) {
          throw new HttpError(401, 'unauthorized', 'this needs a bearer token');
        }
        const asked = {
          params: readPart(route.params, 'path', request.params),
          query: readPart(route.query, 'parameter', request.query),
          body: readPart(route.body, 'body', route.method === 'GET' ? undefined : request.body),
          signal: request.signal,
          accept: request.headers.accept ?? '',
        };
        const { status, type, body } = await route.handle(asked, world, caller);
        reply.status(status ?? Number(Object.keys(route.answers)[0] ?? 200));
        if (type === undefined) return reply.send(body);
        return reply.header('content-type', type).send(body);
      },
    });
  }
}
