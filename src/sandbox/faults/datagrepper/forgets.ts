import { inJson, retells } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

/** Whatever the archive tells of a run, the APIs tell too. */
export const fault: DeclaredFault = {
  says: 'Datagrepper has lost its messages: it finds none, whatever is asked for.',
  outcome: 'passed',
  charge: null,
  hooks: retells(
    'datagrepper',
    ({ path }) => path.includes('/search'),
    inJson((page) => ({ ...page, raw_messages: [], count: 0, pages: 0, total: 0 })),
  ),
};
