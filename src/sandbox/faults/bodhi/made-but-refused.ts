import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Bodhi writes an update and refuses it: it is there, and is never sent to signing.',
  outcome: 'failed',
  charge: 'bodhi',
  hooks: rules('bodhi.create', () => 'Could not login to koji: GSSAPI authentication failed'),
};
