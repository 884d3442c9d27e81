import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The build fails in rpmbuild: the spec file is wrong, and the builders are well.',
  outcome: 'errored',
  charge: 'own',
  hooks: rules('koji.build-arch', (subject) => ({
    fail: `error building package (arch ${archOf(subject)}), mock exited with status 10; see build.log for more information`,
    log: `Executing(%build): /bin/sh -e /var/tmp/rpm-tmp.5xQk2d
+ make
make: *** No targets specified and no makefile found.  Stop.
error: Bad exit status from /var/tmp/rpm-tmp.5xQk2d (%build)

RPM build errors:
    Bad exit status from /var/tmp/rpm-tmp.5xQk2d (%build)
`,
  })),
};

function archOf(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}
