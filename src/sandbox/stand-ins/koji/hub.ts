import { readFileSync } from 'node:fs';
import { type Answer, NetworkError, openWire, statusText } from '../common/http.ts';
import type { Run } from '../common/stand-in.ts';
import { decodeResponse, encodeCall, NotXmlRpc, XmlRpcFault } from '../common/xml-rpc.ts';
import { type ClientKeytab, negotiateToken } from '../krb/negotiate.ts';
import type { Profile } from './profile.ts';

/** A failed call as Python names it: `GenericError`, `ConnectionError`; the message is what `str()` gives. */
export class HubError extends Error {
  readonly python: string;
  readonly code: number | undefined;

  constructor(python: string, text: string, code?: number) {
    super(text);
    this.python = python;
    this.code = code;
  }
}

const FAULTS: Readonly<Record<number, string>> = {
  1000: 'GenericError',
  1001: 'LockError',
  1002: 'AuthError',
  1003: 'TagError',
  1004: 'ActionNotAllowed',
  1005: 'BuildError',
  1006: 'AuthLockError',
  1007: 'AuthExpired',
  1008: 'SequenceError',
  1009: 'RetryError',
  1010: 'PreBuildError',
  1011: 'PostBuildError',
  1012: 'BuildrootError',
  1013: 'FunctionDeprecated',
  1014: 'ServerOffline',
  1015: 'LiveCDError',
  1016: 'PluginError',
  1017: 'CallbackError',
  1018: 'ApplianceError',
  1019: 'ParameterError',
  1020: 'ImportError',
  1021: 'ConfigurationError',
  1022: 'LiveMediaError',
  1023: 'GSSAPIAuthError',
  1024: 'NameValidationError',
};

const AUTH_EXPIRED = 1007;

/** A fault by its number, as an exception of the Koji client. */
export function hubFault(code: number, text: string): HubError {
  const python = FAULTS[code];
  return python === undefined
    ? new HubError('Fault', `<Fault ${code}: '${text}'>`, code)
    : new HubError(python, text, code);
}

/** Keyword arguments: the marker makes the hub take the struct apart. */
export function kwargs(named: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { ...named, __starstar: true };
}

export interface Credentials {
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/** A session with a hub; calls retry as the profile says. */
export interface Hub {
  readonly loggedIn: boolean;
  call(method: string, ...params: readonly unknown[]): Promise<unknown>;
  /** As {@link Hub.call}, floating-point numbers told from whole ones. */
  callExactly(method: string, ...params: readonly unknown[]): Promise<unknown>;
  /** Several calls in one request; faults are among the results. */
  multiCall(calls: readonly (readonly [string, ...unknown[]])[]): Promise<readonly (unknown | HubError)[]>;
  /** A part of a file, into a folder of the hub. */
  uploadBlock(part: Block): Promise<{ readonly size: number; readonly hexdigest: string }>;
  login(credentials: Credentials): Promise<void>;
  /** Ends the session; silent without one. */
  logout(): Promise<void>;
  /** Asks for a session by Kerberos; without a ticket one is got by the keytab, and stays in the cache. */
  gssapiLogin(keytab?: ClientKeytab): Promise<void>;
  /** From the header of any answer, else asked. */
  version(): Promise<string>;
  close(): void;
}

export interface Block {
  readonly folder: string;
  readonly name: string;
  readonly offset: number;
  readonly block: Buffer;
}

interface Session {
  readonly id: unknown;
  readonly key: unknown;
  callnum: number;
}

export function openHub(run: Run, profile: Profile): Hub {
  const wire = openWire();
  let session: Session | undefined;
  let credentials: Credentials | undefined;
  let version: string | undefined;

  async function once(
    url: string,
    body: string | Buffer,
    headers: Readonly<Record<string, string>>,
    doubles: boolean,
  ) {
    const answer = await wire.ask({
      method: 'POST',
      url,
      headers: { 'Content-Type': 'text/xml', 'User-Agent': 'koji/1', ...headers },
      body,
      signal: run.signal,
    });
    const bad = statusText(answer, url);
    if (bad !== undefined) throw new HubError('HTTPError', bad);
    const told = answer.headers['koji-version'];
    if (typeof told === 'string') version = told;
    return decodeResponse(answer.body.toString(), doubles);
  }

  /** A connection that was cut is tried once more at once, always: keep-alive races. */
  async function twice(...args: Parameters<typeof once>): Promise<unknown> {
    try {
      return await once(...args);
    } catch (error) {
      if (!(error instanceof NetworkError) || error.trouble !== 'dropped') throw error;
      return once(...args);
    }
  }

  function raw(method: string, params: readonly unknown[], doubles: boolean): Promise<unknown> {
    return patiently(profile.server, encodeCall(method, params), {}, doubles);
  }

  /** Tries again as the profile says. */
  async function patiently(...[url, body, more, doubles]: Parameters<typeof once>): Promise<unknown> {
    const headers: Record<string, string> = { ...more };
    if (session !== undefined) {
      headers['Koji-Session-Id'] = String(session.id);
      headers['Koji-Session-Key'] = String(session.key);
      headers['Koji-Session-Callnum'] = String(session.callnum++);
    }
    for (let tries = 1; ; tries++) {
      try {
        return await twice(url, body, headers, doubles);
      } catch (error) {
        if (error instanceof XmlRpcFault) throw hubFault(error.code, error.message);
        const failure = asHubError(error);
        if (failure === undefined) throw error;
        if (session === undefined && !profile.anonRetry) throw failure;
        if (tries > profile.maxRetries) throw failure;
        if (tries > 1) await run.sleep(profile.retryIntervalS);
      }
    }
  }

  async function call(method: string, params: readonly unknown[], doubles: boolean): Promise<unknown> {
    try {
      return await raw(method, params, doubles);
    } catch (error) {
      const expired = error instanceof HubError && error.code === AUTH_EXPIRED;
      if (!expired || credentials === undefined || method === 'login') throw error;
      await passwordLogin(credentials, { renew: true, exclusive: false });
      return raw(method, params, doubles);
    }
  }

  async function passwordLogin(
    given: Credentials,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const made = await raw('login', [given.user, given.password, kwargs({ opts: null, ...more })], false);
    begin(made);
    credentials = given;
  }

  /** The hub asks for a ticket, and gets one if there is one for its host; what it answers then counts. */
  async function gssapiLogin(keytab: ClientKeytab | undefined): Promise<void> {
    const url = `${profile.server.replace(/^http:/, 'https:')}/ssllogin`;
    const ask = async (ticket: Readonly<Record<string, string>>): Promise<Answer> => {
      const headers = { 'Content-Type': 'text/xml', 'User-Agent': 'koji/1', ...ticket };
      const body = encodeCall('sslLogin', [kwargs({ proxyuser: null })]);
      const ca = profile.serverca === undefined ? {} : { ca: readFileSync(profile.serverca, 'utf8') };
      return wire.ask({ method: 'POST', url, headers, body, signal: run.signal, ...ca });
    };
    const refused = (reason: string) => new HubError('GSSAPIAuthError', `(gssapi auth failed: ${reason})`);
    for (let tries = 1; ; tries++) {
      try {
        let answer = await ask({});
        if (answer.status === 401 && /^negotiate\b/i.test(answer.headers['www-authenticate'] ?? '')) {
          const token = await negotiateToken(run, new URL(url).hostname, keytab);
          if (token !== undefined) answer = await ask({ Authorization: token });
        }
        const bad = statusText(answer, url);
        if (bad !== undefined) throw refused(`requests.exceptions.HTTPError: ${bad}`);
        begin(decodeResponse(answer.body.toString()));
        return;
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        // A connection that was cut is tried once more at once; then the real one has no reason to tell.
        if (error.trouble === 'dropped') {
          if (tries > 1) throw new HubError('GSSAPIAuthError', '');
          continue;
        }
        const encrypted = error.trouble === 'tls' || error.trouble === 'certificate';
        throw refused(
          `requests.exceptions.${encrypted ? 'SSLError' : 'ConnectionError'}: ${error.requestsText}`,
        );
      }
    }
  }

  function begin(made: unknown): void {
    const { 'session-id': id, 'session-key': key } = made as Record<string, unknown>;
    session = { id, key, callnum: 0 };
  }

  return {
    get loggedIn() {
      return session !== undefined;
    },
    call: (method, ...params) => call(method, params, false),
    callExactly: (method, ...params) => call(method, params, true),
    async multiCall(calls) {
      const list = calls.map(([methodName, ...params]) => ({ methodName, params }));
      const results = (await call('multiCall', [list], false)) as readonly unknown[];
      return results.map((result) => {
        if (Array.isArray(result)) return result[0];
        const { faultCode, faultString } = result as Record<string, unknown>;
        return hubFault(Number(faultCode), String(faultString));
      });
    },
    async uploadBlock({ folder, name, offset, block }) {
      const query = new URLSearchParams([
        ['filename', name],
        ['filepath', folder],
        ['fileverify', 'adler32'],
        ['offset', String(offset)],
        ['overwrite', '1'],
      ]);
      const type = { 'Content-Type': 'application/octet-stream' };
      const answer = await patiently(`${profile.server}?${query}`, block, type, false);
      return answer as { readonly size: number; readonly hexdigest: string };
    },
    login: (given) => passwordLogin(given),
    async logout() {
      if (session === undefined) return;
      await raw('logout', [kwargs({ session_id: null })], false);
      session = undefined;
      credentials = undefined;
    },
    gssapiLogin: (keytab) => gssapiLogin(keytab),
    async version() {
      return version ?? String(await call('getKojiVersion', [], false));
    },
    close: () => wire.close(),
  };
}

function asHubError(error: unknown): HubError | undefined {
  if (error instanceof HubError) return error;
  if (error instanceof NotXmlRpc) return new HubError('ResponseError', 'ResponseError()');
  if (!(error instanceof NetworkError)) return undefined;
  const type = error.trouble === 'timeout' ? 'ReadTimeout' : 'ConnectionError';
  return new HubError(type, error.requestsText);
}

/** The second line of each Kerberos failure. */
export const GSSAPI_HINT =
  'Use following documentation to debug kerberos/gssapi auth issues. https://docs.pagure.org/koji/kerberos_gssapi_debug/';
