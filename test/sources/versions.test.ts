import { expect, test } from 'vitest';
import { systemVersions } from '../../src/sources/versions.ts';
import { cannedHttp, testEnvironment } from '../support/step-context.ts';

const env = testEnvironment();
const koji = (version: string) =>
  `<?xml version='1.0'?><methodResponse><params><param><value><string>${version}</string></value></param></params></methodResponse>`;

test('Koji and Bodhi tell their versions', async () => {
  const http = cannedHttp(({ url }) =>
    url.includes('koji') ? { body: koji('1.35.3') } : { body: '{"version": "26.4.0"}' },
  );
  expect(await systemVersions({ http, env }, new AbortController().signal)).toEqual({
    koji: '1.35.3',
    bodhi: '26.4.0',
  });
  expect(http.asked.map(({ url }) => url)).toContain('http://bodhi.test/api_version');
});

test('one that does not answer takes nothing else away', async () => {
  const http = cannedHttp(({ url }) =>
    url.includes('koji') ? { body: koji('1.35.3') } : { status: 503, body: 'busy' },
  );
  expect(await systemVersions({ http, env }, new AbortController().signal)).toEqual({ koji: '1.35.3' });
});

test('who is told to stop stops', async () => {
  const http = cannedHttp(() => ({ status: 503 }));
  await expect(systemVersions({ http, env }, AbortSignal.abort(new Error('enough')))).rejects.toThrow(
    'enough',
  );
});
