import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Results are stored in ResultsDB for another build than the one that was tested.',
  outcome: 'failed',
  charge: 'resultsdb',
  hooks: rules('resultsdb.listen', (nvr) => ({ item: nvr.replace(/-[^-]+$/, '-0.1') })),
};
