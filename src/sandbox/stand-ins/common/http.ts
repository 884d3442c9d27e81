import http from 'node:http';
import type https from 'node:https';
import { Interrupted } from './stand-in.ts';

/** An answer as far as the commands look at it. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Ask {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly signal: AbortSignal;
  /** Longest wait for the whole answer, real milliseconds. Without it: for ever, as most of the real commands. */
  readonly timeoutMs?: number;
  /** PEM of the authorities that are trusted for https. */
  readonly ca?: string;
}

/** Why there is no answer. `refused`: nobody listens; `dropped`: cut without an answer; `tls`: no agreement on encryption. */
export type NetworkTrouble = 'refused' | 'dropped' | 'tls' | 'certificate' | 'timeout' | 'other';

export class NetworkError extends Error {
  readonly trouble: NetworkTrouble;
  readonly url: URL;

  constructor(trouble: NetworkTrouble, url: URL, detail: string) {
    super(detail);
    this.trouble = trouble;
    this.url = url;
  }

  /** As Python's requests words it. */
  get requestsText(): string {
    const { hostname, port, pathname, search, protocol } = this.url;
    const pool = protocol === 'https:' ? 'HTTPSConnection' : 'HTTPConnection';
    const at = `host='${hostname}', port=${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
    const exceeded = (cause: string) =>
      `${pool}Pool(${at}): Max retries exceeded with url: ${pathname}${search} (Caused by ${cause})`;
    switch (this.trouble) {
      case 'refused':
        return exceeded(
          `NewConnectionError("${pool}(${at}): Failed to establish a new connection: [Errno 111] Connection refused")`,
        );
      case 'dropped':
        return "('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))";
      case 'tls':
        return exceeded(
          "SSLError(SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)'))",
        );
      case 'certificate':
        return exceeded(
          "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)'))",
        );
      case 'timeout':
        return `${pool}Pool(${at}): Read timed out. (read timeout=30)`;
      default:
        return exceeded(
          `NewConnectionError("${pool}(${at}): Failed to establish a new connection: ${this.message}")`,
        );
    }
  }
}

/** Connections of one command: kept alive while it runs, closed with it. */
export interface Wire {
  ask(request: Ask): Promise<Answer>;
  close(): void;
}

/** `node:http` and not `fetch`: that alone would cost each command 50 ms at its start. */
export function openWire(): Wire {
  const plain = new http.Agent({ keepAlive: true });
  let secure: https.Agent | undefined;

  async function ask(request: Ask): Promise<Answer> {
    const url = new URL(request.url);
    if (url.protocol !== 'https:') return exchange(http, plain, url, request);
    const tls = await import('node:https');
    secure ??= new tls.Agent({ keepAlive: true, ...(request.ca === undefined ? {} : { ca: request.ca }) });
    return exchange(tls, secure, url, request);
  }

  return {
    ask,
    close: () => {
      plain.destroy();
      secure?.destroy();
    },
  };
}

function exchange(
  protocol: Pick<typeof http, 'request'>,
  agent: http.Agent,
  url: URL,
  { method, headers = {}, body, signal, timeoutMs }: Ask,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new Interrupted());
      return;
    }
    const limit = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    const fail = (error: Error) => {
      if (signal.aborted) reject(new Interrupted());
      else if (limit?.aborted === true) reject(new NetworkError('timeout', url, 'timed out'));
      else reject(new NetworkError(troubleOf(error), url, error.message));
    };
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const request = protocol.request(
      url,
      {
        method,
        agent,
        headers: { Accept: '*/*', ...headers, ...length },
        signal: limit === undefined ? signal : AbortSignal.any([signal, limit]),
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', fail);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            reason: response.statusMessage ?? '',
            headers: response.headers,
            body: Buffer.concat(parts),
          }),
        );
      },
    );
    request.on('error', fail);
    request.end(body);
  });
}

function troubleOf(error: Error & { code?: string }): NetworkTrouble {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ECONNABORTED':
    case 'HPE_INVALID_EOF_STATE':
      return 'dropped';
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'tls';
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return 'certificate';
    default:
      return 'other';
  }
}

/** As Python's requests words a bad status; undefined for a good one. */
export function statusText(
  { status, reason }: Pick<Answer, 'status' | 'reason'>,
  url: string,
): string | undefined {
  if (status < 400) return undefined;
  return `${status} ${status < 500 ? 'Client' : 'Server'} Error: ${reason} for url: ${url}`;
}
