import { type Answer, NetworkError, type Wire } from '../common/http.ts';
import { Crash, type Frame } from './errors.ts';
import type { BodhiRun } from './version.ts';

/** How each request calls itself. */
export const AGENT = 'python-requests/2.34.2';

/** Where the servers are. */
export interface Endpoints {
  /** With a slash at its end. */
  readonly url: string;
  /** Without one; the key in the token file. */
  readonly idProvider: string;
  readonly clientId: string;
}

/** What an identity provider says of itself, as far as the client looks at it. */
export interface Metadata {
  readonly token_endpoint: string;
  readonly authorization_endpoint: string;
  readonly userinfo_endpoint: string;
  readonly response_modes_supported: readonly string[];
}

export async function readMetadata(run: BodhiRun, wire: Wire, { idProvider }: Endpoints): Promise<Metadata> {
  const url = `${idProvider}/.well-known/openid-configuration`;
  let answer: Answer;
  try {
    answer = await wire.ask({ method: 'GET', url, headers: { 'User-Agent': AGENT }, signal: run.signal });
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    throw new Crash(`requests.exceptions.ConnectionError: ${error.requestsText}`, {
      cause: error,
      frame: 'oidc',
    });
  }
  const text = answer.body.toString();
  if (answer.status >= 400)
    throw new Crash(`bodhi.client.oidcclient.OIDCClientError: ${text}`, { frame: 'oidc' });
  return parseJson(text, 'oidc') as Metadata;
}

/** JSON, or the exception that Python's own reader dies of. */
export function parseJson(text: string, frame: Frame): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Crash('requests.exceptions.JSONDecodeError: Expecting value: line 1 column 1 (char 0)', {
      cause: error,
      frame,
    });
  }
}
