import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Robosignatory loses what it should sign: no build leaves the pending-signing tag.',
  outcome: 'failed',
  charge: 'signing',
  hooks: rules('signing.sign', () => 'never'),
};
