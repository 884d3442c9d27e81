import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Bodhi does not write down what Greenwave decides: the gate of an update never opens.',
  outcome: 'failed',
  charge: 'bodhi',
  hooks: rules('bodhi.gate', () => 'never'),
};
