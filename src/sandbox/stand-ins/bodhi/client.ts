import { randomBytes } from 'node:crypto';
import { type Answer, NetworkError, openWire, statusText, type Wire } from '../common/http.ts';
import { Exit } from '../common/stand-in.ts';
import { negotiateToken } from '../krb/negotiate.ts';
import { Crash, Refused } from './errors.ts';
import { AGENT, type Endpoints, type Metadata, parseJson, readMetadata } from './metadata.ts';
import { readTokens, type Tokens, tokenFile, withExpiry, writeTokens } from './tokens.ts';
import type { BodhiRun } from './version.ts';

const SCOPE =
  'openid email profile https://id.fedoraproject.org/scope/groups https://id.fedoraproject.org/scope/agreements';
const OOB = 'urn:ietf:wg:oauth:2.0:oob';
const LOCAL_REDIRECT = 'http://localhost:45678/auth';
const MOST_REDIRECTS = 30;

/** Form fields in their order; a name may come more than once. */
export type Fields = readonly (readonly [name: string, value: string])[];

interface Cookie {
  readonly value: string;
  /** Known to the client, but never sent: `Secure` over http, or of a domain that Python's jar does not match. */
  readonly mute: boolean;
}

/** One `bodhi` process: tokens from the file, cookies of its own. */
export interface BodhiClient {
  readonly endpoints: Endpoints;
  /** Anonymous. */
  get(path: string, query?: Fields): Promise<unknown>;
  /** Logged in, with the CSRF token as last field. */
  post(path: string, fields: Fields): Promise<unknown>;
  /** Logs in and asks who that is. */
  nickname(): Promise<string>;
  close(): void;
}

/** Every command begins by asking the identity provider for its metadata, also one that only reads. */
export async function openClient(run: BodhiRun, endpoints: Endpoints): Promise<BodhiClient> {
  const wire = openWire();
  try {
    const metadata = await readMetadata(run, wire, endpoints);
    const file = tokenFile(run);
    return bodhiClient(run, wire, endpoints, metadata, file, readTokens(file, endpoints.idProvider));
  } catch (error) {
    wire.close();
    throw error;
  }
}

function bodhiClient(
  run: BodhiRun,
  wire: Wire,
  endpoints: Endpoints,
  metadata: Metadata,
  file: string,
  stored: Tokens | undefined,
): BodhiClient {
  const { url: base, idProvider, clientId } = endpoints;
  const redirect = metadata.response_modes_supported.includes('oob') ? OOB : LOCAL_REDIRECT;
  const cookies = new Map<string, Cookie>();
  let tokens = stored;
  let csrf: string | undefined;

  function keep(fresh: Tokens | undefined): void {
    tokens = fresh;
    writeTokens(file, idProvider, fresh);
  }

  async function askIdp(
    method: string,
    url: string,
    { form, authorization }: { readonly form?: Fields; readonly authorization?: string } = {},
  ): Promise<Answer> {
    const body = form === undefined ? undefined : encode(form);
    const type =
      form === undefined ? {} : { 'Content-Type': 'application/x-www-form-urlencoded;charset=UTF-8' };
    const accept = form === undefined ? {} : { Accept: 'application/json' };
    const ticket = authorization === undefined ? {} : { Authorization: authorization };
    const headers = { 'User-Agent': AGENT, ...type, ...accept, ...ticket };
    try {
      return await wire.ask({
        method,
        url,
        headers,
        signal: run.signal,
        ...(body === undefined ? {} : { body }),
      });
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      throw new Crash(`requests.exceptions.ConnectionError: ${error.requestsText}`, {
        cause: error,
        frame: 'oidc',
      });
    }
  }

  async function login(kerberos: boolean): Promise<void> {
    const query = encode([
      ['response_type', 'code'],
      ['client_id', clientId],
      ['redirect_uri', redirect],
      ['scope', SCOPE],
      ['state', randomBytes(24).toString('base64url').slice(0, 30)],
    ]);
    const url = `${metadata.authorization_endpoint}?${query}`;
    const code = kerberos ? await codeByTicket(url) : undefined;
    if (code === undefined) await loginByBrowser(url);
    const answer = await askIdp('POST', metadata.token_endpoint, {
      form: [
        ['grant_type', 'authorization_code'],
        ['redirect_uri', redirect],
        ['code', code ?? ''],
        ['client_id', clientId],
      ],
    });
    const bad = statusText(answer, metadata.token_endpoint);
    if (bad !== undefined) throw new Crash(`requests.exceptions.HTTPError: ${bad}`, { frame: 'oidc' });
    keep(withExpiry(parseJson(answer.body.toString(), 'oidc') as Tokens));
    run.print('Login successful!');
  }

  /** The provider may let us in at once; where it asks for a ticket it gets one, if there is one for its host. */
  async function codeByTicket(url: string): Promise<string | undefined> {
    let at = url;
    for (let hops = 0; hops < MOST_REDIRECTS; hops++) {
      const answer = await askWithTicket(at);
      if (answer.status >= 300 && answer.status < 400 && answer.headers.location !== undefined) {
        at = new URL(answer.headers.location, at).href;
        continue;
      }
      const bad = statusText(answer, at);
      const title = /<title>([\w\-=;&]+)<\/title>/.exec(answer.body.toString())?.[1];
      const code = title === undefined ? undefined : new URLSearchParams(title).get('code');
      if (bad === undefined && code !== undefined && code !== null) return code;
      const reason = bad ?? 'no code in the page';
      run.print(
        `Kerberos authentication failed (There was an issue while performing Kerberos authentication: ${reason}). Proceeding with browser-based authentication.`,
      );
      return undefined;
    }
    return undefined;
  }

  async function askWithTicket(url: string): Promise<Answer> {
    const answer = await askIdp('GET', url);
    const asked = /^negotiate\b/i.test(answer.headers['www-authenticate'] ?? '');
    if (answer.status !== 401 || !asked) return answer;
    const authorization = await negotiateToken(run, new URL(url).hostname);
    return authorization === undefined ? answer : askIdp('GET', url, { authorization });
  }

  async function loginByBrowser(url: string): Promise<never> {
    run.print('Authenticating... Please open your browser to:');
    run.print(url);
    // Without the out-of-band mode the real one serves a page of its own until somebody comes.
    while (redirect !== OOB) await run.sleep(3600);
    run.print('');
    run.warn(`${run.habits.getpass}: GetPassWarning: Can not control echo on the terminal.`);
    run.warn('  passwd = fallback_getpass(prompt, stream)');
    run.warn('Warning: Password input may be echoed.');
    run.warn('Paste here the code that you got after logging in: Cancelled.');
    throw new Exit(1);
  }

  async function refresh(old: Tokens): Promise<void> {
    const answer = await askIdp('POST', metadata.token_endpoint, {
      form: [
        ['grant_type', 'refresh_token'],
        ['refresh_token', old.refresh_token ?? ''],
        ['scope', SCOPE],
        ['client_id', clientId],
      ],
    });
    if (answer.status < 400) {
      keep(withExpiry(parseJson(answer.body.toString(), 'oidc') as Tokens));
      return;
    }
    // No ticket is tried then: only the next command finds the tokens gone and begins anew.
    keep(undefined);
    await login(false);
  }

  async function bearer(): Promise<string> {
    if (tokens === undefined) await login(true);
    else if (tokens.expires_at !== undefined && tokens.expires_at < Date.now() / 1000) await refresh(tokens);
    return `Bearer ${tokens?.access_token}`;
  }

  /** A request with token and cookies; the real client calls any trouble of the network its own error. */
  async function authenticated(method: string, url: string, fields?: Fields): Promise<Answer> {
    const sent = [...cookies].filter(([, { mute }]) => !mute).map(([name, { value }]) => `${name}=${value}`);
    const headers: Record<string, string> = { 'User-Agent': AGENT, Authorization: await bearer() };
    if (sent.length > 0 && url.startsWith(base)) headers['Cookie'] = sent.join('; ');
    if (fields !== undefined) headers['Content-Type'] = 'application/x-www-form-urlencoded';
    const body = fields === undefined ? {} : { body: encode(fields) };
    try {
      const answer = await wire.ask({ method, url, headers, signal: run.signal, ...body });
      for (const line of answer.headers['set-cookie'] ?? []) takeCookie(line, new URL(url));
      return answer;
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      throw new Crash(`bodhi.client.oidcclient.OIDCClientError: ${error.requestsText}`, {
        cause: error,
        frame: 'oidc',
      });
    }
  }

  function takeCookie(line: string, url: URL): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const equals = pair.indexOf('=');
    const domain = attributes.find((attribute) => /^domain=/i.test(attribute))?.slice('domain='.length);
    const secure = attributes.some((attribute) => /^secure$/i.test(attribute)) && url.protocol === 'http:';
    const foreign =
      domain !== undefined && (domain === 'localhost' || domain.replace(/^\./, '') !== url.hostname);
    cookies.set(pair.slice(0, equals), { value: pair.slice(equals + 1), mute: secure || foreign });
  }

  async function ensureAuth(): Promise<void> {
    if (cookies.has('auth_tkt')) return;
    const url = `${base}oidc/login-token`;
    for (;;) {
      const answer = await authenticated('GET', url);
      if (answer.status === 401) {
        // The real one tries again for ever, as fast as it can.
        keep(undefined);
        continue;
      }
      const bad = statusText(answer, url);
      if (bad !== undefined) throw new Crash(`requests.exceptions.HTTPError: ${bad}`, { frame: 'oidc' });
      return;
    }
  }

  function result(answer: Answer): unknown {
    const text = answer.body.toString();
    if (answer.status >= 400) throw new Refused(text);
    return parseJson(text, 'cli');
  }

  return {
    endpoints,
    async get(path, query = []) {
      const url = `${base}${path}${query.length === 0 ? '' : `?${encode(query)}`}`;
      try {
        return result(
          await wire.ask({ method: 'GET', url, headers: { 'User-Agent': AGENT }, signal: run.signal }),
        );
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        throw new Refused(error.requestsText, { cause: error });
      }
    },
    async post(path, fields) {
      await ensureAuth();
      if (csrf === undefined) {
        const { csrf_token } = result(await authenticated('GET', `${base}csrf`)) as {
          readonly csrf_token: string;
        };
        csrf = csrf_token;
      }
      await ensureAuth();
      return result(await authenticated('POST', `${base}${path}`, [...fields, ['csrf_token', csrf]]));
    },
    async nickname() {
      await ensureAuth();
      const answer = await authenticated('GET', metadata.userinfo_endpoint);
      return String((result(answer) as Record<string, unknown>)['nickname']);
    },
    close: () => wire.close(),
  };
}

function encode(fields: Fields): string {
  return new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value])).toString();
}
