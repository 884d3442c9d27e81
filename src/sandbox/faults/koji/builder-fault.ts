import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Builders cannot install a buildroot: their mirror does not answer.',
  outcome: 'failed',
  charge: 'koji',
  hooks: rules('koji.build-arch', () => ({
    fail: 'could not init mock buildroot, mock exited with status 30; see root.log for more information',
    log: `DEBUG util.py:  >>> Curl error (28): Timeout was reached for http://kojipkgs.sandbox.invalid/repos/f44-build/latest/repodata/repomd.xml [Connection timed out]
DEBUG util.py:  Failed to download metadata (baseurl: "http://kojipkgs.sandbox.invalid/repos/f44-build/latest") for repository "build"
`,
  })),
};
