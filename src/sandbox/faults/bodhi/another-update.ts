import { ANOTHER, retells, TEST_NVR } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

export const fault: DeclaredFault = {
  says: 'Bodhi answers every question for an update with the update of another package.',
  outcome: 'failed',
  charge: 'bodhi',
  hooks: retells(
    'bodhi',
    ({ method, path }) => method === 'GET' && path.startsWith('/updates/'),
    (body) =>
      body
        .replace(TEST_NVR, ANOTHER.nvr)
        .replace(/FEDORA-(\d{4})-[0-9a-f]{10}/g, 'FEDORA-$1-0a1b2c3d4e')
        .replace(/("notes": ?)"(?:[^"\\]|\\.)*"/g, '$1"New upstream release."'),
  ),
};
