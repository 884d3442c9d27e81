import { type BodhiClient, openClient } from './client.ts';
import type { BodhiRun } from './version.ts';

/** Options that say where the servers are. */
export interface Where {
  readonly url: string | undefined;
  readonly id_provider: string | undefined;
  readonly client_id: string | undefined;
  readonly staging: boolean | undefined;
}

/** Opens a client for `work` and closes it whatever comes of it. */
export async function withClient<T>(
  run: BodhiRun,
  where: Where,
  work: (client: BodhiClient) => Promise<T>,
): Promise<T> {
  const staging = where.staging === true;
  if (staging && where.url !== undefined)
    run.warn('\nWarning: url and staging flags are both set. url will be ignored.\n');
  const url = staging
    ? 'https://bodhi.stg.fedoraproject.org/'
    : (where.url ?? run.env['BODHI_URL'] ?? 'https://bodhi.fedoraproject.org/');
  const idProvider = staging
    ? 'https://id.stg.fedoraproject.org/openidc'
    : (where.id_provider ?? run.env['BODHI_OPENID_PROVIDER'] ?? 'https://id.fedoraproject.org/openidc');
  const client = await openClient(run, {
    url: url.endsWith('/') ? url : `${url}/`,
    idProvider: idProvider.replace(/\/$/, ''),
    clientId: where.client_id ?? 'bodhi-client',
  });
  try {
    return await work(client);
  } finally {
    client.close();
  }
}
