import type { FastifyRequest } from 'fastify';
import type { Kit, OpenSystem } from '../kit/kit.ts';
import { listen, systemServer } from '../kit/server.ts';
import { str } from '../resultsdb/python.ts';
import { startConsumers } from './consumers.ts';
import type { Bodhi, BodhiPorts } from './context.ts';
import { feedRoutes } from './feeds.ts';
import { answerErrors, readBodies, waitressPage } from './http.ts';
import { openIdentityProvider } from './idp.ts';
import { type BodhiInside, bodhiInside } from './inside.ts';
import { kojiRoutes } from './koji-routes.ts';
import { login } from './login.ts';
import { releaseRow, Store } from './model.ts';
import { otherRoutes } from './other-routes.ts';
import { overrideRoutes } from './override-routes.ts';
import { homeRoute } from './pages.ts';
import { meetsBrokenThread } from './race.ts';
import { releaseRoutes } from './release-routes.ts';
import { startTasks } from './tasks.ts';
import { updateRoutes } from './update-routes.ts';

export interface OpenBodhi extends OpenSystem {
  /** Ends with `/openidc`, as the command's `--id-provider` wants it. */
  readonly idpUrl: string;
  readonly inside: BodhiInside;
}

/** Bodhi as its version 26.4.0 behaves, with the identity provider that its command logs in at. */
export async function openBodhi(kit: Kit, ports: BodhiPorts): Promise<OpenBodhi> {
  const closing = new AbortController();
  const store = new Store();
  for (const release of kit.world.releases) {
    store.releases.push(releaseRow(release, store.nextId('release')));
  }
  for (const { name } of kit.world.packages) store.packages.add(name);
  for (const name of kit.world.others?.packages.keys() ?? []) store.packages.add(name);

  let url = '';
  const bodhi: Bodhi = { kit, ports, store, url: () => url, closing: closing.signal };
  const idp = await openIdentityProvider(kit);
  const server = systemServer(kit, 'bodhi', (request) => `${request.method} ${request.routeOptions.url}`);
  readBodies(server);
  answerErrors(server);
  const logins = login(kit, store, idp);
  server.addHook('onRequest', async (_request, reply) => {
    if (meetsBrokenThread(bodhi)) return waitressPage(reply);
  });
  server.addHook('preValidation', async (request) => noteAsking(bodhi, request));
  updateRoutes(server, bodhi, logins);
  releaseRoutes(server, bodhi, logins);
  overrideRoutes(server, bodhi, logins);
  otherRoutes(server, bodhi, logins);
  kojiRoutes(server, bodhi);
  feedRoutes(server, bodhi);
  homeRoute(server, bodhi);
  startConsumers(bodhi);
  startTasks(bodhi);
  kit.holdings((run) =>
    store.updates
      .filter(
        ({ status, own_notes }) => (status === 'pending' || status === 'testing') && own_notes.includes(run),
      )
      .map(({ alias, status }) => ({ system: 'bodhi', kind: 'update', id: alias, state: status })),
  );

  const open = await listen(server);
  url = open.url;
  return {
    url,
    idpUrl: idp.url,
    inside: bodhiInside(bodhi),
    async close() {
      closing.abort();
      await Promise.all([open.close(), idp.close()]);
    },
  };
}

/** Somebody asks for an update, whatever becomes of it: before any fault of the wire can swallow the request. */
function noteAsking({ kit, ports }: Bodhi, request: FastifyRequest): void {
  if (request.method !== 'POST' || request.routeOptions.url !== '/updates/') return;
  const { builds, from_tag, edited } = (request.body ?? {}) as Readonly<Record<string, unknown>>;
  if (edited !== undefined && edited !== '') return;
  const now = kit.clock.now();
  const named = [builds ?? []].flat().flatMap((text) => str(text).split(/[\s,]+/));
  const known = quietly(() => [
    ...named.filter((nvr) => nvr !== '' && ports.koji.build(nvr) !== undefined),
    ...(from_tag ? ports.koji.taggedWith(str(from_tag)).map(({ nvr }) => nvr) : []),
  ]);
  for (const nvr of known ?? []) kit.truth(nvr, 'update_asked', now);
}

/** Koji may be out of order just then; the request itself will say so. */
function quietly<Value>(act: () => Value): Value | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
