import { ANOTHER, retells, TEST_NVR } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

export const fault: DeclaredFault = {
  says: 'ResultsDB answers every question with the results of another build.',
  outcome: 'failed',
  charge: 'resultsdb',
  hooks: retells(
    'resultsdb',
    ({ method }) => method === 'GET',
    (body) => body.replace(TEST_NVR, ANOTHER.nvr),
  ),
};
