import { expect, test } from 'vitest';
import { newsOf } from '../../src/clients/messages.ts';
import { exchanges } from '../support/fake-hub.ts';

interface Raw {
  readonly id: string;
  readonly topic: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const messages = exchanges('datagrepper/search-window').flatMap(
  ({ response }) => (response.body as { raw_messages?: Raw[] }).raw_messages ?? [],
);
const firstOf = (end: string) => {
  const raw = messages.find(({ topic }) => topic.endsWith(end));
  if (raw === undefined) throw new Error(`nothing recorded: ${end}`);
  return { id: raw.id, topic: raw.topic, sent_at: raw.headers['sent-at'] ?? '', body: raw.body };
};

test('Bodhi’s recorded announcement is news of the update, within the second in which it was sent', () => {
  const message = firstOf('koji-build-group.build.complete');
  expect(newsOf(message)).toEqual([
    {
      subject: { kind: 'update', key: 'FEDORA-2026-d5ef512724' },
      fact: 'announced',
      earliest: Date.UTC(2026, 10, 21, 11, 19, 46),
      latest: Date.UTC(2026, 10, 21, 11, 19, 46) + 1000,
      system: 'bodhi',
      message_id: message.id,
      data: { retrigger: false, builds: ['rape-1-1.fc43'] },
    },
  ]);
});

test('a tag message is news of the build that its parts name', () => {
  const body = {
    name: 'x',
    version: '1.0',
    release: '5.fc44',
    tag: 'f44-updates-candidate',
    user: 'packager',
  };
  const topic = 'org.fedoraproject.prod.buildsys.tag';
  const [news] = newsOf({ id: 'm', topic, sent_at: '2026-11-20T00:00:00+00:00', body });
  expect(news).toMatchObject({
    subject: { kind: 'build', key: 'x-1.0-5.fc44' },
    fact: 'tagged:f44-updates-candidate',
    message_id: 'm',
  });
});

test.each([
  ['a topic that is not of the chain', 'org.fedoraproject.prod.git.receive', {}],
  ['a body that cannot be read', 'org.fedoraproject.prod.buildsys.tag', { tag: 7 }],
  ['untagging', 'org.fedoraproject.prod.buildsys.untag', { name: 'x', version: '1', release: '1', tag: 't' }],
])('%s is no news', (_what, topic, body) => {
  expect(newsOf({ id: 'm', topic, sent_at: '2026-11-20T00:00:00+00:00', body })).toEqual([]);
});

test('a message without a time is no news: it could not be placed', () => {
  expect(newsOf({ ...firstOf('koji-build-group.build.complete'), sent_at: 'soon' })).toEqual([]);
});
