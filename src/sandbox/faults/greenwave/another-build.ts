import { ANOTHER, retells, TEST_NVR } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

export const fault: DeclaredFault = {
  says: 'Greenwave answers every question with its decision on another build.',
  outcome: 'failed',
  charge: 'greenwave',
  hooks: retells(
    'greenwave',
    ({ path }) => path.endsWith('/decision'),
    (body) => body.replace(TEST_NVR, ANOTHER.nvr),
  ),
};
