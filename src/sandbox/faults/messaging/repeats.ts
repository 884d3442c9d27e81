import type { DeclaredFault } from '../declared.ts';
import { repeating } from '../messages.ts';

export const fault: DeclaredFault = {
  says: 'The bus delivers every message twice.',
  outcome: 'passed',
  charge: null,
  hooks: repeating(() => true),
};
