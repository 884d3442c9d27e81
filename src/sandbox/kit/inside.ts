import type { Answer, Hooks, WireRequest } from './kit.ts';

/** What somebody meets on the wire of a system that he reaches by its port: an endless `delayMs` is a system that never answers. */
export interface Met {
  readonly delayMs: number;
  readonly answer?: 'drop' | Answer;
}

/** A fault on a system's wire hits its callers inside the sandbox too, who have no wire. */
export function metInside(hooks: Hooks, system: string, request: WireRequest): Met {
  if (hooks.refuses(system) === true) return { delayMs: 0, answer: 'drop' };
  const { delayMs = 0, answer, alter } = hooks.wire(system, request) ?? {};
  if (answer === 'hang') return { delayMs: Number.POSITIVE_INFINITY };
  const ok = { status: 200, contentType: 'application/json', body: '' };
  if (answer === undefined && alter?.(ok) === 'cut') return { delayMs, answer: 'drop' };
  return { delayMs, ...(answer === undefined ? {} : { answer }) };
}
