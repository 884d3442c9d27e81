import { expect, test } from 'vitest';
import { headersOf } from '../../../src/sandbox/kit/headers.ts';

const update = { user: { name: 'packager1' }, builds: [{ nvr: 'pear-lib-1.0-1.fc43' }] };

// Schemas, severities and names as a real Bodhi 26.4.0 sends them.
test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
  [
    'bodhi.update.status.testing.koji-build-group.build.complete',
    { agent: 'bodhi', update },
    {
      fedora_messaging_schema: 'bodhi.update.status.testing.v3',
      fedora_messaging_schema_package: 'bodhi_messages',
      fedora_messaging_severity: 10,
      'fedora_messaging_rpm_pear-lib': true,
      fedora_messaging_user_bodhi: true,
      fedora_messaging_user_packager1: true,
    },
  ],
  [
    'bodhi.update.comment',
    { agent: 'tester1', comment: { user: { name: 'tester1' }, update } },
    {
      fedora_messaging_schema: 'bodhi.update.comment.v1',
      fedora_messaging_schema_package: 'bodhi_messages',
      fedora_messaging_severity: 20,
      'fedora_messaging_rpm_pear-lib': true,
      fedora_messaging_user_packager1: true,
      fedora_messaging_user_tester1: true,
    },
  ],
  [
    'buildsys.tag',
    { name: 'pear', user: 'autopen', owner: 'packager1' },
    {
      fedora_messaging_schema: 'koji_fedoramessaging.tag.TagV1',
      fedora_messaging_severity: 10,
      fedora_messaging_rpm_pear: true,
      fedora_messaging_user_autopen: true,
    },
  ],
  [
    'resultsdb.result.new',
    { outcome: 'PASSED' },
    { fedora_messaging_schema: 'base.message', fedora_messaging_severity: 20 },
  ],
  [
    'waiverdb.waiver.new',
    { waived: true },
    {
      fedora_messaging_schema: 'base.message',
      fedora_messaging_schema_package: 'fedora_messaging',
      fedora_messaging_severity: 20,
    },
  ],
])('the headers of %s name its schema and whom it concerns', (topic, body, headers) => {
  const { priority, ...rest } = headersOf(topic, body);
  expect(rest).toEqual(headers);
  expect(priority).toBeTypeOf('number');
});

test.each([
  ['buildsys.tag', 'f44-updates-candidate', 2],
  ['buildsys.untag', 'eln-updates-candidate', 1],
  ['buildsys.tag', 'f44-rebuild', 0],
  ['bodhi.update.comment', '', 0],
])('%s of %s has priority %i', (topic, tag, priority) => {
  expect(headersOf(topic, { tag })).toMatchObject({ priority });
});
