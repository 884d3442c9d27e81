import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Nothing that CI says gets into ResultsDB.',
  outcome: 'failed',
  charge: 'resultsdb',
  hooks: rules('resultsdb.listen', () => 'never'),
};
