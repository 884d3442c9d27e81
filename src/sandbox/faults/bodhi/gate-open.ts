import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Bodhi lets every update through its gate at once, whatever Greenwave decides.',
  outcome: 'failed',
  charge: 'bodhi',
  hooks: rules('bodhi.gate', () => 'passed'),
};
