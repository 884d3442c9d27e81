import { ANOTHER, retells, TEST_NVR } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

export const fault: DeclaredFault = {
  says: 'Datagrepper answers every search with the messages of another build.',
  outcome: 'passed',
  charge: null,
  hooks: retells(
    'datagrepper',
    ({ path }) => path.includes('/search'),
    (body) => body.replace(TEST_NVR, ANOTHER.nvr),
  ),
};
