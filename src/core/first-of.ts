/** Several signals as one; dispose it when what listens has ended. */
export interface FirstOf extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * Aborts when the first of them does, with its reason. `AbortSignal.any` looks at its sources in the order of its list where nobody listened
 * meanwhile, so that a later abort can pass for the first.
 */
export function firstOf(...signals: readonly AbortSignal[]): FirstOf {
  const controller = new AbortController();
  const listeners = signals.map((signal) => [signal, () => controller.abort(signal.reason)] as const);
  for (const [signal, abort] of listeners) {
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const [signal, abort] of listeners) signal.removeEventListener('abort', abort);
    },
  };
}
