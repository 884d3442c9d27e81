import type { Environment } from '../core/environment.ts';
import type { Clock, Http } from '../core/ports.ts';

/** What every source that asks an API is made of. */
export interface SourceOptions {
  readonly http: Http;
  readonly env: Environment;
  readonly clock: Clock;
}

/** Pause between two looks where the environment file gives none. Milliseconds. */
export const DEFAULT_POLL_MS = 30_000;
