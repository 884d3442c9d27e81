import type { Answer, Hooks, Interference, WireRequest } from './kit.ts';

/** What somebody meets on the wire of a system that he reaches by its port: an endless `delayMs` is a system that never answers. */
export interface Met {
  readonly delayMs: number;
  readonly answer?: 'drop' | Answer;
  /** The system does what it is asked, and only then the connection is closed. */
  readonly isHeard?: true;
  /** What is told instead of the true answer, for who gets one by the port. */
  readonly alter?: Interference['alter'];
}

/** A fault on a system's wire hits its callers inside the sandbox too, who have no wire. */
export function metInside(hooks: Hooks, system: string, request: WireRequest): Met {
  if (hooks.refuses(system) === true) return { delayMs: 0, answer: 'drop' };
  const { delayMs = 0, answer, alter } = hooks.wire(system, request) ?? {};
  if (answer === 'hang') return { delayMs: Number.POSITIVE_INFINITY };
  if (answer === 'cut') return { delayMs, answer: 'drop', isHeard: true };
  return {
    delayMs,
    ...(answer === undefined ? {} : { answer }),
    ...(alter === undefined ? {} : { alter }),
  };
}
