import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loggedIn } from '../sandbox/bodhi/browser.ts';
import { type House, openHouse } from '../sandbox/bodhi/house.ts';
import { bringAbout, type Line, Replay, recording } from '../sandbox/bodhi/replay.ts';

/** Builds that Koji holds before a recording begins, with their tags. */
const CANDIDATE = 'f43-updates-candidate';
const HOLDS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'updates-create': {
    'acorn-1.0-1.fc43': [CANDIDATE],
    'acorn-1.1-1.fc43': [CANDIDATE],
    'basil-2-1.fc43': [CANDIDATE],
    'hazel-1-1.fc43': [CANDIDATE],
    'iris-1-1.fc43': [CANDIDATE],
    'ivy-1-1.fc43': [CANDIDATE],
    'cedar-1-1.fc43': ['f43'],
    'dill-1-1.fc43': [],
    'elm-1-1.fc41': ['f41-updates-candidate'],
    'fern-1-1.fc43': [CANDIDATE],
    'nosrc-1-1.fc43': [CANDIDATE],
    'gum-1-1.fc45': ['f45-updates-candidate'],
    'sage-1-1.el10_1': ['epel10.1-testing-candidate'],
  },
  'lifecycle-composed': { 'maple-1-1.fc43': [CANDIDATE], 'maple-1-2.fc43': [CANDIDATE] },
  'rawhide-automatic': { 'holly-1-1.fc45': [], 'hemp-1-1.fc45': [], 'hemp-1-2.fc45': [] },
  edit: {
    'fig-1-1.fc43': [CANDIDATE],
    'fig-1-2.fc43': [CANDIDATE],
    'figlib-1-1.fc43': [CANDIDATE],
    'date-1-1.fc43': [CANDIDATE],
    'fig-1-1.el10_1': ['epel10.1-testing-candidate'],
  },
  'karma-and-comments': {
    'pine-1-1.fc43': [CANDIDATE],
    'plum-1-1.fc43': [CANDIDATE],
    'pear-1-1.fc43': [CANDIDATE],
  },
  'other-services-down': { 'yew-1-1.fc43': [CANDIDATE] },
  waive: { 'willow-1-1.fc43': [CANDIDATE] },
  overrides: {
    'over-1-1.fc43': [CANDIDATE],
    'over-2-1.fc43': ['f43'],
    'over-1-1.fc45': ['f45-updates-candidate'],
  },
  'side-tag-composed': {
    'sidea-1-1.fc43': ['f43-build-side-900'],
    'sideb-1-1.fc43': ['f43-build-side-900'],
  },
  'critpath-approval-freeze': {
    'critpkg-1-1.fc43': [CANDIDATE],
    'gnomepkg-1-1.fc43': [CANDIDATE],
    'teak-1-1.fc43': [CANDIDATE],
    'thyme-1-1.fc43': [CANDIDATE],
  },
};

const SOURCES: Readonly<Record<string, string | null>> = {
  'fern-1-1.fc43': 'cli-build/1/fern-1-1.fc43.src.rpm',
  'nosrc-1-1.fc43': null,
};

const SPEC = `Name: any

%changelog
* Sat Aug  3 2013 Packager One <packager1@example.test> - 1.0-1
- Rebuilt

* Fri Aug  2 2013 Packager One <packager1@example.test> - 0.9-1
- First
`;

/** Queries of what both worlds have: the updates of q00 to q24, or nothing. */
const SAME_IN_BOTH =
  /[?&](builds=(q|unknown)|packages=(q|unknown)|alias=\S+-0000000000|bugs=999$|critpath=true|locked=true|submitted_before=2020|content_type=module|like=q0|search=Q03)/;

/** Lines that show what other recordings left there, too: their form is compared, not their number. */
const LOOSE: Readonly<Record<string, readonly number[]>> = {
  'karma-and-comments': [24],
  'critpath-approval-freeze': [36],
};

/** What was there before a recording begins. */
const BEFORE: Readonly<Record<string, (house: House, replay: Replay) => Promise<unknown> | undefined>> = {
  // Who submits is known to Bodhi from earlier on.
  'rawhide-automatic': (_house, replay) => replay.browserOf('packager1'),
  async 'side-tag-composed'({ koji }) {
    koji.addSideTag('f43-build-side-900', 'packager1');
    koji.addSideTag('f45-build-side-900', 'packager1');
    koji.addSideTag('f43-build-side-901', 'packager2');
  },
};

async function play(name: string) {
  const house = await openHouse(name === 'releases' ? [] : undefined);
  for (const [nvr, tags] of Object.entries(HOLDS[name] ?? {})) {
    const source = SOURCES[nvr];
    house.koji.add(nvr, { tags, ...(source === undefined ? {} : { source }) });
  }
  for (const name of ['holly', 'hemp']) house.distGit.files.set(`${name}/${name}.spec`, SPEC);
  const replay = new Replay(house);
  await BEFORE[name]?.(house, replay);
  for (const line of recording(`bodhi/${name}`)) {
    // Bodhi saw nothing new in the changelog of that build.
    if (line.note === 'a newer build arrives') house.distGit.files.clear();
    await bringAbout(house, line);
    if (line.note === 'the test of hemp-1-1 fails') {
      // The recording leaves its build unsaid.
      house.koji.tag('hemp-1-1.fc45', 'f45-updates-candidate', 'kojira');
      await house.settle();
    }
    if (line.note?.startsWith('gating status evaluated again')) {
      // Done by a hand in the database, which wrote no comment.
      const [first] = ["This update's test gating status has been changed to 'failed'."];
      replay.unsaid = (comments) =>
        comments.filter(
          ({ text }, index) => text !== first || comments.findIndex((one) => one.text === first) === index,
        );
    }
    const asked = line.outside?.['greenwave'];
    if (Array.isArray(asked)) {
      replay.compare('what Greenwave is asked', asked, house.gating.asked.at(-1)?.decision_context);
    }
    const how = LOOSE[name]?.includes(line.line) === true ? 'form' : 'all';
    await replay.exchange(line, how);
  }
  return { house, replay };
}

/** Messages as the recording of a listener has them, beside those that were published here. */
async function compareMessages(file: string, { house, replay }: Awaited<ReturnType<typeof play>>) {
  const recorded = recording(`messaging/${file}`).filter(({ topic }) => topic !== undefined);
  const own = house.kit.archive.filter(
    ({ topic }) =>
      topic.startsWith('org.fedoraproject.sandbox.bodhi.') &&
      // A night here pushes to stable too, where the recording only played the push to testing.
      topic !== 'org.fedoraproject.sandbox.bodhi.update.eject',
  );
  const short = (topic = '') => topic.split('.').slice(3).join('.');
  expect(own.map(({ topic }) => short(topic))).toEqual(recorded.map(({ topic }) => short(topic)));
  for (const [index, line] of recorded.entries()) {
    const topic = short(line.topic);
    // Who starts a push differs from house to house.
    if (topic.startsWith('bodhi.compose.')) continue;
    replay.compare(`message ${index} ${topic}`, line.body, own[index]?.body);
    replay.compare(`headers ${index} ${topic}`, line.headers, own[index]?.headers);
  }
}

/** What a listener heard meanwhile. */
const HEARD: Readonly<Record<string, string>> = {
  'lifecycle-composed': 'bodhi-lifecycle-composed',
  'rawhide-automatic': 'bodhi-rawhide',
  edit: 'bodhi-edit',
  'karma-and-comments': 'bodhi-karma',
  overrides: 'bodhi-overrides',
  'side-tag-composed': 'bodhi-side-tag-composed',
  waive: 'bodhi-waive',
  'critpath-approval-freeze': 'bodhi-critpath-approval-freeze',
};

/** Played by tests of their own: in a world with many updates, two at a time, by the command. */
const ELSEWHERE = ['query-filters', 'parallel-creates', 'client-26.4.0'];

const NAMES = readdirSync(new URL('../fixtures/recorded/bodhi', import.meta.url))
  .map((file) => file.replace('.jsonl', ''))
  .filter((name) => !ELSEWHERE.includes(name));

describe('the sandbox answers as the recorded Bodhi 26.4.0 did', () => {
  test.each(NAMES)('%s', async (name) => {
    const played = await play(name);
    await using house = played.house;
    const heard = HEARD[name];
    if (heard !== undefined) await compareMessages(heard, played);
    expect(played.replay.differences).toEqual([]);
    expect(played.replay.played).toBeGreaterThan(5);
    expect(house.troubles).toEqual([]);
  });

  test('two POSTs for one build end as two did there, whichever wins', async () => {
    await using house = await openHouse();
    const { koji } = house;
    const replay = new Replay(house);
    const packager = await replay.browserOf('packager1');
    const older = { 'race0-1-2.fc43': 'race\n\n----\n\nrace', 'race1-1-1.fc43': 'race' };
    for (const [nvr, notes] of Object.entries(older)) {
      koji.add(nvr, { tags: [CANDIDATE] });
      await packager.post('/updates/', { builds: nvr, type: 'bugfix', notes });
    }
    for (const nvr of ['race0-1-7.fc43', 'race1-1-7.fc43', 'twin-1-1.fc43']) {
      koji.add(nvr, { tags: [CANDIDATE] });
    }
    const expiration_date = '2026-11-25';
    await packager.post('/overrides/', {
      nvr: 'race1-1-7.fc43',
      notes: 'known from here on',
      expiration_date,
    });
    // Koji has forgotten the older builds.
    for (const nvr of Object.keys(older)) koji.forget(nvr);
    let rivals: Line[] = [];
    for (const line of recording('bodhi/parallel-creates')) {
      if (line.note?.includes('parallel POST')) {
        rivals.push(line);
        if (rivals.length < 2) continue;
        await postTogether(house, replay, rivals);
        rivals = [];
      } else if (line.note?.includes('worker thread')) {
        const answers = [];
        while (answers.at(-1)?.status !== 500 && answers.length < 50)
          answers.push(await packager.get('/csrf'));
        const broken = answers.at(-1);
        replay.compare('text of a broken thread', line.response?.body, broken?.body);
        replay.compare('its type', 'text/plain; charset=utf-8', broken?.headers.get('content-type'));
      } else {
        await exchangeUnbroken(replay, line);
      }
    }
    expect(replay.differences).toEqual([]);
    expect(house.troubles).toEqual([]);
  });

  test('every query of the recorded ones has the same form, and every refused one the same text', async () => {
    await using house = await openHouse();
    const replay = new Replay(house);
    const packager = await replay.browserOf('packager1');
    const aliases: string[] = [];
    for (let count = 0; count < 25; count += 1) {
      const name = `q${String(count).padStart(2, '0')}`;
      house.koji.add(`${name}-1-1.fc43`, { tags: ['f43-updates-candidate'] });
      const answer = await packager.post('/updates/', {
        builds: `${name}-1-1.fc43`,
        type: 'bugfix',
        notes: 'nn',
        bugs: '2400001',
        severity: 'low',
      });
      aliases.push(answer.body.alias);
      await house.clock.advance(1000);
    }
    // The one that the recording asks for by its name.
    replay.aliases.set('FEDORA-2026-cbdef71565', aliases[3] ?? '');
    replay.aliases.set('FEDORA-2026-4bea5b84c1', aliases[4] ?? '');
    for (const line of recording('bodhi/query-filters')) await replay.exchange(line, 'first row');
    expect(replay.differences).toEqual([]);
    expect(replay.played).toBeGreaterThan(50);
    for (const { request, response } of recording('bodhi/query-filters')) {
      if (request === undefined || response === undefined || !SAME_IN_BOTH.test(request.path)) continue;
      const { updates, ...paging } = response.body as { updates: unknown[] };
      const here = await packager.get(replay.here(request.path));
      const { updates: found, ...ours } = here.body as { updates: unknown[] };
      expect({ path: request.path, count: found.length, ...ours }).toEqual({
        path: request.path,
        count: updates.length,
        ...paging,
      });
    }
  });
});

/** Sends the recorded requests from two logins, and holds each answer against the recorded one that has its status and its builds. */
async function postTogether(house: House, replay: Replay, lines: readonly Line[]): Promise<void> {
  const { promise, resolve: letGo } = Promise.withResolvers<void>();
  house.gating.held = promise;
  let arrived = 0;
  house.kit.faults.set('arrivals', {
    name: 'arrivals',
    hooks: {
      wire(system, { call }) {
        if (system === 'bodhi' && call === 'POST /updates/') arrived += 1;
        return undefined;
      },
    },
  });
  const user = house.kit.world.users[0];
  const logins = [];
  for (const _ of lines) logins.push(await loggedIn(house.bodhi, user));
  const body = lines[0]?.request?.body as Readonly<Record<string, string>>;
  const posts = logins.map((login) => login.post('/updates/', body));
  await house.until(() => arrived === lines.length);
  letGo();
  const answers = await Promise.all(posts);
  house.kit.faults.clear();
  const kindOf = (status: number | undefined, answer: unknown) =>
    `${status} ${(answer as { builds?: unknown[] }).builds?.length}`;
  for (const { note, response } of lines) {
    const kind = kindOf(response?.status, response?.body);
    const own = answers.find((answer) => kindOf(answer.status, answer.body) === kind);
    replay.compare(`${note}`, response?.body, own?.body);
    replay.compare(`type of ${note}`, response?.headers['content-type'], own?.headers.get('content-type'));
  }
}

/** Asks again where the request met a thread that an earlier one has broken. */
async function exchangeUnbroken(replay: Replay, line: Line): Promise<void> {
  const before = replay.differences.length;
  for (let tries = 0; tries < 20; tries += 1) {
    await replay.exchange(line);
    const added = replay.differences.slice(before);
    if (!added.some((text) => text.includes('generated by waitress'))) return;
    replay.differences.splice(before);
  }
}
