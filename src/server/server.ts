import type { Clock, Ids, Logger } from '../core/ports.ts';
import type { Check, Site } from '../core/site.ts';
import type { Store } from '../core/store.ts';

/** A text with its media type, as it is sent. */
export interface Rendered {
  readonly type: string;
  readonly body: string;
}

/** Certificate chain and key. PEM. */
export interface Pem {
  readonly cert: string;
  readonly key: string;
}

export interface ServerOptions {
  readonly listen: { readonly host: string; readonly port: number };
  /** Left out, it speaks plain HTTP. */
  readonly tls?: Pem;
  readonly store: Store;
  /** As they are now: a reload makes new ones. */
  sites(): readonly Site[];
  readonly metrics: {
    /** @param accept the header as it came, empty where there is none */
    render(accept: string): Promise<Rendered>;
    /** In blackbox form; the probe and the environment exist. */
    probe(name: string, environment: string): Promise<Rendered>;
  };
  /** What has to be good for the service to be of use; may take its time, but obeys the signal. */
  readiness(signal: AbortSignal): Promise<readonly Check[]>;
  /** What has to be good for the process not to be ended and started again; looks at nothing outside of it. */
  live(): readonly Check[];
  /** When a probe is due next. Epoch ms of the environment's clock; undefined where it is not scheduled. */
  nextDue(site: Site, probe: string): number | undefined;
  /** Something was asked for in the store: whoever acts on it need not wait for its next look. */
  nudge(): void;
  /** Bearer tokens by name, read when one is to be compared; none: nobody may write. */
  tokens(): Promise<ReadonlyMap<string, string>>;
  /** The OpenAPI document, JSON. */
  openApi(): Promise<string>;
  readonly ids: Ids;
  /** The host's. */
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
}

export interface Server extends AsyncDisposable {
  /** Where it really listens, without a slash at the end: `http://127.0.0.1:9842`. */
  readonly url: string;
  /** New connections get this certificate from now on. Throws where it is none; then the old one stays. */
  renewTls(pem: Pem): void;
  /** Takes no more connections, lets answers under way end for a moment, then cuts what is left. Within 2 s. */
  close(): Promise<void>;
}
