import { fnmatch } from '../greenwave/policy.ts';
import { Abort, Crash, json, type WebRequest } from '../resultsdb/flask.ts';

/** Who may waive in the name of others. */
export const SUPERUSERS = ['bodhi@service'];

/** Who may waive what, as the server's settings say it; patterns of shell style. */
export interface Permission {
  readonly name: string;
  readonly testcases: readonly string[];
  readonly testcases_ignore?: readonly string[];
  readonly users?: readonly string[];
  /** Asked of LDAP, which is not here: nobody is in any. */
  readonly groups?: readonly string[];
  readonly maintainers?: readonly string[];
}

export interface Login {
  /**
   * How users say who they are: `OIDC` by a Bearer token, `dummy` by HTTP Basic with any password. `any`, the sandbox's own, takes both and calls
   * itself OIDC. @defaultValue 'any'
   */
  readonly method: 'any' | 'OIDC' | 'dummy';
  /** What the identity provider says of a token. @defaultValue a token is the name of its user, one of the world's or `bodhi@service` */
  readonly introspect: (token: string) => { readonly active?: boolean; readonly sub?: string };
}

const INVALID_TOKEN =
  'invalid_token: The access token provided is expired, revoked, malformed, or invalid for other reasons.';

/** The user of a request. @param isSilent whether the provider fails to answer for a token */
export function userOf(
  request: WebRequest,
  login: Login,
  isSilent: (token: string) => boolean = () => false,
): string {
  const header = request.headers['authorization'] ?? '';
  const [, scheme = '', credentials = ''] = /^(\S*)\s*(.*)$/.exec(header) ?? [];
  const word = scheme.toLowerCase();
  if (login.method !== 'OIDC' && word === 'basic') {
    const [name = ''] = Buffer.from(credentials, 'base64').toString('utf8').split(':');
    if (name !== '') return name;
  }
  if (login.method === 'OIDC' || (login.method === 'any' && word === 'bearer')) {
    if (header === '') throw refusedToken("missing_authorization: Missing 'Authorization' in headers.");
    if (word !== 'bearer' || credentials === '') throw refusedToken('unsupported_token_type: ');
    if (isSilent(credentials)) throw new Crash('the identity provider does not answer');
    const { active, sub } = login.introspect(credentials);
    if (active !== true) throw refusedToken(INVALID_TOKEN);
    if (sub === undefined) throw unauthorized('Failed to retrieve username');
    return sub;
  }
  throw new Abort({
    ...json(401, {
      message:
        "The server could not verify that you are authorized to access the URL requested. You either supplied the wrong credentials (e.g. a bad password), or your browser doesn't understand how to supply the credentials required.",
    }),
    headers: { 'www-authenticate': 'Basic realm="waiverdb"' },
  });
}

function refusedToken(reason: string): Abort {
  return unauthorized(`OIDC authentication failed: ${reason}`);
}

function unauthorized(reason: string): Abort {
  const message = `Authentication failed:\n- Authentication method OIDC failed: 401 Unauthorized: ${reason}`;
  return new Abort(json(401, { message }));
}

/** The permissions that speak of a test case; all of them where none is named. */
export function permitting(
  permissions: readonly Permission[],
  testcase: string | undefined,
): readonly Permission[] {
  if (testcase === undefined || testcase === '') return permissions;
  const fits = (pattern: string) => fnmatch(testcase, pattern);
  return permissions.filter(
    ({ testcases, testcases_ignore = [] }) => testcases.some(fits) && !testcases_ignore.some(fits),
  );
}

/** Refuses who may not waive a test case. Where there is any permission, what none names is everybody's no. */
export function permitted(
  permissions: readonly Permission[],
  { username, testcase }: { readonly username: string; readonly testcase: string },
): void {
  if (permissions.length === 0) return;
  if (permitting(permissions, testcase).some(({ users = [] }) => users.includes(username))) return;
  const message = `User ${username} is not authorized to submit results for the test case ${testcase}`;
  throw new Abort(json(403, { message }));
}
