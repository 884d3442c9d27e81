import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The disk of the builders is full; mock ends as it does for a package that does not build.',
  outcome: 'failed',
  charge: 'koji',
  hooks: rules('koji.build-arch', (subject) => ({
    fail: `error building package (arch ${archOf(subject)}), mock exited with status 1; see build.log or root.log for more information`,
    log: `DEBUG util.py:  error: unpacking of archive failed on file /usr/lib64/libc.so.6: cpio: write failed - No space left on device
`,
  })),
};

function archOf(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}
