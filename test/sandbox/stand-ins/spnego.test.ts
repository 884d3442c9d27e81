import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeKeytab } from '../../../src/sandbox/stand-ins/krb/keytab.ts';
import { REALM_VARIABLE, writeRealm } from '../../../src/sandbox/stand-ins/krb/realm.ts';
import { standIns } from '../../../src/sandbox/stand-ins/stand-ins.ts';
import { config, makeWorld, removeTemplates } from './fedpkg-world.ts';

const KEY = 'ab'.repeat(32);

let dir: string;
let server: http.Server;
let port: number;
let asked: string[];
let env: Record<string, string | undefined>;

/** An identity provider, a Bodhi and a lookaside at once; the first and the last let in only who has a ticket. */
function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  const path = (request.url ?? '').replace(/\?.*/, '');
  const ticket = /^Negotiate \S+$/.test(request.headers.authorization ?? '');
  asked.push(`${request.method} ${path}${ticket ? ' with a ticket' : ''}`);
  request.resume();
  const base = `http://localhost:${port}/openidc`;
  if (path.endsWith('openid-configuration')) {
    response.end(
      JSON.stringify({
        token_endpoint: `${base}/Token`,
        authorization_endpoint: `${base}/Authorization`,
        userinfo_endpoint: `${base}/UserInfo`,
        response_modes_supported: ['oob'],
      }),
    );
  } else if (/Authorization$|upload\.cgi$/.test(path) && !ticket) {
    response.writeHead(401, { 'WWW-Authenticate': 'Negotiate' }).end();
  } else if (path.endsWith('Authorization')) response.end('<html><title>code=c&state=s</title></html>');
  else if (path.endsWith('Token')) response.end('{"access_token": "a", "expires_in": 3600}');
  else if (path.endsWith('UserInfo')) response.end('{"nickname": "alice"}');
  else if (path.endsWith('upload.cgi')) response.end('Available');
  else response.end('{"updates": [], "total": 0}');
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'spnego-'));
  asked = [];
  server = http.createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  const principals = ['alice@R', 'HTTP/localhost@R'].map((name) => ({ name, key: KEY }));
  writeRealm(join(dir, 'realm'), { realm: 'R', principals });
  writeKeytab(join(dir, 'keytab'), { principal: 'alice@R', key: KEY });
  env = {
    PATH: process.env['PATH'],
    HOME: dir,
    LC_ALL: 'C.UTF-8',
    [REALM_VARIABLE]: join(dir, 'realm'),
    KRB5CCNAME: `FILE:${join(dir, 'cc')}`,
    BODHI_URL: `http://localhost:${port}/`,
    BODHI_OPENID_PROVIDER: `http://localhost:${port}/openidc`,
  };
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(dir, { recursive: true });
  await removeTemplates();
});

const LOGIN = [
  'GET /openidc/.well-known/openid-configuration',
  'GET /openidc/Authorization',
  'GET /openidc/Authorization with a ticket',
  'POST /openidc/Token',
];

test.each([
  ['a ticket', async () => standIns.kinit(['-k', '-t', join(dir, 'keytab'), 'alice'], dir, env), {}],
  ['a keytab and no kinit', async () => undefined, { KRB5_CLIENT_KTNAME: 'keytab' }],
])('bodhi logs in by %s', async (_, prepare, more: { readonly KRB5_CLIENT_KTNAME?: string }) => {
  await prepare();
  const keytab = more.KRB5_CLIENT_KTNAME;
  const added = keytab === undefined ? {} : { KRB5_CLIENT_KTNAME: `FILE:${join(dir, keytab)}` };
  const { exit, stdout } = await standIns.bodhi(['updates', 'query', '--mine'], dir, { ...env, ...added });
  expect({ exit, stdout }).toEqual({ exit: 0, stdout: 'Login successful!\n0 updates found (0 shown)\n' });
  expect(asked.slice(0, LOGIN.length)).toEqual(LOGIN);
});

test('the lookaside gets the ticket with the first request; its refusal without one is final', async () => {
  const place = { dir, server: `localhost:${port}`, down: '127.0.0.1:1' };
  const clone = await makeWorld(place);
  await writeFile(join(dir, 'fedpkg.conf'), config(place));
  await writeFile(join(clone, 'a.tar.gz'), 'bytes');
  const upload = () =>
    standIns.fedpkg(['-C', join(dir, 'fedpkg.conf'), 'new-sources', 'a.tar.gz'], clone, env);
  expect(await upload()).toMatchObject({
    exit: 1,
    stderr: 'Could not execute new_sources: Dist-git request is unauthorized.\n',
  });
  await standIns.kinit(['-k', '-t', join(dir, 'keytab'), 'alice'], dir, env);
  expect((await upload()).stdout).toMatch(/All sources were already uploaded\.\n$/);
  expect(asked).toEqual(['POST /repo/pkgs/upload.cgi', 'POST /repo/pkgs/upload.cgi with a ticket']);
});
