import type { World } from '../../../src/sandbox/kit/world.ts';

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what a server says is looked into freely.
  readonly body: any;
};

/** One user at Bodhi: keeps cookies and the CSRF token, logs in at the identity provider. */
export interface Browser {
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  /** An access token; without a user it belongs to the world's packager. */
  token(scope?: string): Promise<string>;
  login(): Promise<Answer>;
  csrf(): Promise<Answer>;
  /** A protected form as the command sends it. */
  post(path: string, fields: Readonly<Record<string, string | readonly string[]>>): Promise<Answer>;
  get(path: string): Promise<Answer>;
  readonly csrfToken: string;
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Without cookies. @defaultValue false */
  readonly anonymous?: boolean;
}

const SCOPES =
  'openid email profile https://id.fedoraproject.org/scope/groups https://id.fedoraproject.org/scope/agreements';

export function browser(
  urls: { readonly url: string; readonly idpUrl: string },
  user?: World['users'][number],
): Browser {
  const cookies = new Map<string, string>();
  let csrfToken = '';

  const self: Browser = {
    get csrfToken() {
      return csrfToken;
    },
    async request(method, path, { headers = {}, body, anonymous = false } = {}) {
      const response = await fetch(`${urls.url}${path}`, {
        method,
        redirect: 'manual',
        headers: {
          ...(anonymous || cookies.size === 0
            ? {}
            : { cookie: [...cookies].map(([key, value]) => `${key}=${value}`).join('; ') }),
          ...headers,
        },
        ...(body === undefined ? {} : { body }),
      });
      for (const cookie of response.headers.getSetCookie()) {
        const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
        if (!anonymous) cookies.set(key, value);
      }
      const text = await response.text();
      const json = response.headers.get('content-type')?.startsWith('application/json');
      return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text };
    },
    async token(scope = SCOPES) {
      const query = new URLSearchParams({
        response_type: 'code',
        client_id: 'bodhi-client',
        state: 's',
        scope,
      });
      const basic = user && Buffer.from(`${user.name}:${user.password}`).toString('base64');
      const page = await fetch(`${urls.idpUrl}/Authorization?${query}`, {
        headers: basic === undefined ? {} : { authorization: `Basic ${basic}` },
      });
      const [, code = ''] = /<title>code=([\w-]+)&/.exec(await page.text()) ?? [];
      const answer = await fetch(`${urls.idpUrl}/Token`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
        body: new URLSearchParams({ grant_type: 'authorization_code', code, client_id: 'bodhi-client' }),
      });
      return ((await answer.json()) as { access_token: string }).access_token;
    },
    login: async () =>
      self.request('GET', '/oidc/login-token', {
        headers: { authorization: `Bearer ${await self.token()}` },
      }),
    async csrf() {
      const answer = await self.request('GET', '/csrf');
      csrfToken = String(answer.body.csrf_token);
      return answer;
    },
    async post(path, fields) {
      const form = new URLSearchParams();
      for (const [key, value] of Object.entries({ ...fields, csrf_token: csrfToken })) {
        for (const one of [value].flat()) form.append(key, one);
      }
      return self.request('POST', path, {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: form.toString(),
      });
    },
    get: (path) => self.request('GET', path),
  };
  return self;
}

/** A browser that is logged in and has its CSRF token. */
export async function loggedIn(
  urls: { readonly url: string; readonly idpUrl: string },
  user?: World['users'][number],
): Promise<Browser> {
  const one = browser(urls, user);
  await one.login();
  await one.csrf();
  return one;
}
