import type { Chain } from '../evidence/hops.ts';
import type { Paint } from './style.ts';

/** What surely happened, and no message ever told: noted whatever became of the run, which names whom it charges by itself. Empty where nothing was lost. */
export function lostMessages(chains: readonly Chain[], paint: Paint): readonly string[] {
  const lost = chains.flatMap(({ nvr, lost_messages }) =>
    lost_messages.length === 0 ? [] : [`  ${nvr}: ${lost_messages.join(', ')}`],
  );
  return lost.length === 0
    ? []
    : [`${paint('bold', 'Messages that never came')}, noted against messaging:\n${lost.join('\n')}`];
}
