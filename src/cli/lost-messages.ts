import type { Chain } from '../evidence/hops.ts';
import type { Paint } from './style.ts';

/** What surely happened, and no message ever told: no fault of the run, but somebody's all the same. Empty where nothing was lost. */
export function lostMessages(chains: readonly Chain[], paint: Paint): readonly string[] {
  const lost = chains.flatMap(({ nvr, lost_messages }) =>
    lost_messages.length === 0 ? [] : [`  ${nvr}: ${lost_messages.join(', ')}`],
  );
  return lost.length === 0
    ? []
    : [`${paint('bold', 'Messages that never came')}, charged to messaging:\n${lost.join('\n')}`];
}
