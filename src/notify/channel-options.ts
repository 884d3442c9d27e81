import type { Secret } from '../core/environment.ts';
import { Fault } from '../core/fault.ts';
import type { Clock, Exec, Http, Logger } from '../core/ports.ts';

/** What channels are made of. */
export interface ChannelOptions {
  readonly http: Http;
  /** Of commands of receivers: gives them the service's PATH and HOME, and none of its variables beside. */
  readonly exec: Exec;
  /** The host's: receivers live in its time, whatever clock an environment has. */
  readonly clock: Clock;
  /** A moment of an environment's clock (epoch ms) as the host calls it; of an environment that is no more, as it is. */
  readonly hostTime: (environment: string, epochMs: number) => number;
  /** Reads a secret: asked whenever something is sent, so that a new one needs no restart. Throws a Fault of kind `prober`. */
  readonly secret: (secret: Secret) => Promise<string>;
  /** `listen.url`: where others reach our API. */
  readonly url: string | undefined;
  readonly log: Logger;
}

/** A secret that goes into a header: a client would repeat one that does not fit there in its error. */
export async function readToken(
  { secret }: Pick<ChannelOptions, 'secret'>,
  which: Secret,
  key: string,
): Promise<string> {
  const token = (await secret(which)).trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw unusable(key, 'is not one line of plain ASCII without blanks');
}

/** The address of a receiver, which can be a secret as a whole. */
export async function readAddress(
  { secret }: Pick<ChannelOptions, 'secret'>,
  address: string | Secret,
  key: string,
): Promise<string> {
  const text = typeof address === 'string' ? address : (await secret(address)).trim();
  const scheme = URL.canParse(text) ? new URL(text).protocol : undefined;
  if (scheme === 'http:' || scheme === 'https:') return text;
  throw unusable(key, 'is no http or https address');
}

function unusable(key: string, what: string): Fault {
  return new Fault(`the secret ${key} ${what}`, {
    code: 'RECEIVER_SECRET_UNUSABLE',
    kind: 'prober',
    hint: `Put the bare value into the file or the variable that ${key} of packprobe.yaml names.`,
  });
}
