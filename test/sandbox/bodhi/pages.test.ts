import { describe, expect, test } from 'vitest';
import { type Browser, loggedIn } from './browser.ts';
import { openHouse } from './house.ts';

const CANDIDATE = 'f43-updates-candidate';
async function create(me: Browser, fields: Record<string, string>): Promise<string> {
  const { status, body } = await me.post('/updates/', { type: 'bugfix', notes: 'notes', ...fields });
  expect(status).toBe(200);
  return String(body.alias);
}

describe('what Bodhi asks Koji for', () => {
  test('the newest builds of the candidate tags, as far as they are asked for', async () => {
    await using house = await openHouse();
    const { koji } = house;
    const me = await loggedIn(house.bodhi);
    koji.add('a-1-1.fc43', { tags: [CANDIDATE] });
    koji.add('a-2-1.fc43', { tags: [CANDIDATE] });
    koji.add('b-1-1.fc43', { tags: ['f43-updates-testing'] });
    const nvrs = async (query: string) =>
      (await me.get(`/latest_candidates${query}`)).body.map(({ nvr }: { nvr: string }) => nvr);
    expect(await nvrs('')).toEqual(['a-2-1.fc43']);
    expect(await nvrs('?testing=true')).toEqual(['a-2-1.fc43', 'b-1-1.fc43']);
    expect(await nvrs('?testing=true&prefix=b')).toEqual(['b-1-1.fc43']);
    await create(me, { builds: 'a-2-1.fc43' });
    expect(await nvrs('?hide_existing=true')).toEqual([]);
    expect((await me.get('/latest_builds?package=a')).body).toEqual({ [CANDIDATE]: 'a-2-1.fc43' });
    expect((await me.get('/latest_builds_in_tag')).status).toBe(400);
    const [only] = (await me.get('/latest_builds_in_tag?tag=f43-updates-testing')).body;
    expect(only).toMatchObject({ nvr: 'b-1-1.fc43', tag_name: 'f43-updates-testing' });
  });

  test('side tags of somebody, or only those that hold something', async () => {
    await using house = await openHouse();
    const me = await loggedIn(house.bodhi);
    house.koji.addSideTag('f43-build-side-1', 'packager1');
    house.koji.addSideTag('f43-build-side-2', 'packager2');
    house.koji.add('a-1-1.fc43', { tags: ['f43-build-side-2'] });
    const names = async (query: string) =>
      (await me.get(`/get_sidetags${query}`)).body.map(({ name }: { name: string }) => name);
    expect(await names('')).toHaveLength(2);
    expect(await names('?user=packager1')).toEqual(['f43-build-side-1']);
    expect(await names('?contains_builds=1')).toEqual(['f43-build-side-2']);
  });
});

describe('a page for another host', () => {
  test('is a script where a function is named, and says who may read it', async () => {
    await using house = await openHouse();
    const me = await loggedIn(house.bodhi);
    const headers = { accept: 'application/javascript', origin: 'https://example.test' };
    const script = await me.request('GET', '/updates/?callback=called', { headers });
    expect(script.headers.get('content-type')).toBe('application/javascript; charset=UTF-8');
    expect(script.headers.get('access-control-allow-origin')).toBe('https://example.test');
    expect(script.body).toMatch(/^\/\*\*\/called\(\{"updates": \[\]/);
  });
});

describe('somebody with a browser', () => {
  const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

  test('sees a page of an update, of a list, of what is refused and of Bodhi itself', async () => {
    await using house = await openHouse();
    house.koji.add('a-1-1.fc43', { tags: [CANDIDATE] });
    const me = await loggedIn(house.bodhi);
    const alias = await create(me, { builds: 'a-1-1.fc43', notes: '<b>notes</b>' });
    const look = async (path: string) => {
      const { status, headers, body } = await me.request('GET', path, { headers: { accept } });
      expect(headers.get('content-type')).toBe('text/html; charset=UTF-8');
      return `${status} ${String(body)}`;
    };
    const page = await look(`/updates/${alias}`);
    expect(page).toMatch(/^200 [\s\S]*<h1>a-1-1\.fc43<\/h1>[\s\S]*pending/);
    expect(page).toContain('&lt;b&gt;notes&lt;/b&gt;');
    expect(await look('/updates/')).toContain(alias);
    expect(await look('/releases/F43')).toContain('Fedora 43');
    expect(await look('/updates/nothing')).toMatch(/^404 [\s\S]*Invalid update id/);
    expect(await look('/')).toContain(`href="/updates/${alias}"`);
  });

  test.each(['application/json', '*/*', 'application/json, text/html'])(
    'is not who accepts %s',
    async (type) => {
      await using house = await openHouse();
      const me = await loggedIn(house.bodhi);
      const { headers } = await me.request('GET', '/updates/', { headers: { accept: type } });
      expect(headers.get('content-type')).toBe('application/json');
    },
  );
});

describe('a list', () => {
  test('of users is found by name, group and update, and each leads to what he did', async () => {
    await using house = await openHouse();
    house.koji.add('a-1-1.fc43', { tags: [CANDIDATE] });
    const me = await loggedIn(house.bodhi);
    const alias = await create(me, { builds: 'a-1-1.fc43' });
    const names = async (query: string) =>
      (await me.get(`/users/?${query}`)).body.users.map(({ name }: { name: string }) => name);
    expect(await names('name=packager%25')).toEqual(['packager1']);
    expect(await names('search=PACKAGER')).toEqual(['packager1']);
    expect(await names('like=PACKAGER')).toEqual([]);
    expect(await names('groups=packager')).toEqual(['packager1']);
    expect(await names(`updates=${alias}`)).toEqual(['packager1']);
    expect((await me.get('/users/?groups=nobody')).body.errors).toEqual([
      { location: 'querystring', name: 'groups', description: 'Invalid groups specified: nobody' },
    ]);
    const { urls } = (await me.get('/users/packager1')).body;
    expect(urls.recent_updates).toBe(`${house.bodhi.url}/updates/?user=packager1`);
  });

  test('of builds is in the order of their names, of packages in that of their coming', async () => {
    await using house = await openHouse();
    const me = await loggedIn(house.bodhi);
    for (const name of ['b', 'a']) {
      house.koji.add(`${name}-1-1.fc43`, { tags: [CANDIDATE] });
      await create(me, { builds: `${name}-1-1.fc43` });
    }
    const { builds } = (await me.get('/builds/')).body;
    expect(builds.map(({ nvr }: { nvr: string }) => nvr)).toEqual(['a-1-1.fc43', 'b-1-1.fc43']);
    const { packages } = (await me.get('/packages/')).body;
    expect(packages.map(({ name }: { name: string }) => name)).toEqual(['b', 'a']);
  });

  test('of comments has those of Bodhi where it is not for people, and those on the updates of somebody', async () => {
    await using house = await openHouse();
    house.koji.add('a-1-1.fc43', { tags: [CANDIDATE] });
    const me = await loggedIn(house.bodhi);
    const alias = await create(me, { builds: 'a-1-1.fc43' });
    await me.post('/comments/', { update: alias, text: 'fine' });
    const texts = async (query: string) =>
      (await me.get(`/comments/?${query}`)).body.comments.map(({ text }: { text: string }) => text);
    expect(await texts('')).toEqual(['fine']);
    expect(await texts('chrome=false')).toHaveLength(3);
    expect(await texts('update_owner=packager1')).toEqual(['fine']);
    expect((await me.get('/comments/?update_owner=nobody')).status).toBe(400);
  });
});

test.each([
  ['composed_by_bodhi', 'perhaps', `"perhaps" is neither in ('false', '0') nor in ('true', '1')`],
  ['eol', '2026-02-31', 'Invalid date'],
  ['eol', '2101-01-01', 'End-of-life date may not be in the right range of years (2000-2100)'],
  ['released_on', 'soon', 'Invalid date'],
])('a release with %s %j is refused', async (name, value, description) => {
  await using house = await openHouse();
  const admin = await loggedIn(
    house.bodhi,
    house.kit.world.users.find((user) => user.name === 'releng1'),
  );
  const known = (await admin.get('/releases/F43')).body as Record<string, unknown>;
  const fields = Object.fromEntries(
    Object.entries(known).filter(([, field]) => typeof field === 'string') as [string, string][],
  );
  const { body } = await admin.post('/releases/', { ...fields, edited: 'F43', [name]: value });
  expect(body.errors).toEqual([{ location: 'body', name, description }]);
});

test('one form makes overrides for several builds, but edits only one', async () => {
  await using house = await openHouse();
  const me = await loggedIn(house.bodhi);
  for (const name of ['a', 'b']) house.koji.add(`${name}-1-1.fc43`, { tags: [CANDIDATE] });
  const fields = { nvr: 'a-1-1.fc43,b-1-1.fc43', notes: 'for both', expiration_date: '2026-11-25' };
  const { body } = await me.post('/overrides/', fields);
  expect(body.overrides.map(({ nvr }: { nvr: string }) => nvr)).toEqual(['a-1-1.fc43', 'b-1-1.fc43']);
  expect(body.caveats).toEqual([{ name: 'nvrs', description: 'Your override submission was split into 2.' }]);
  expect(house.koji.tagsOf('b-1-1.fc43')).toContain('f43-override');
  const edit = await me.post('/overrides/', { ...fields, edited: 'a-1-1.fc43' });
  expect(edit.body.errors[0].description).toBe(
    'Cannot combine multiple NVRs with editing a buildroot override.',
  );
});
