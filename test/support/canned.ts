import type { CannedCommand } from './step-context.ts';

/** One canned answer, as an argument list: `canned(['klist'], { exit: 1 })`. */
export function canned(when: readonly string[], answer: CannedCommand['then']): CannedCommand {
  // biome-ignore lint/suspicious/noThenProperty: the key of a canned command, which nobody awaits
  return { when, then: answer };
}
