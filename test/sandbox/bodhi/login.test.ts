import { describe, expect, test } from 'vitest';
import { browser, loggedIn } from './browser.ts';
import { openHouse } from './house.ts';

describe('logging in', () => {
  test('sets a cookie that a client of a host without a dot and without TLS sends back', async () => {
    await using house = await openHouse();
    const answer = await browser(house.bodhi).login();
    expect(answer.status).toBe(202);
    const [cookie = ''] = answer.headers.getSetCookie();
    expect(cookie).toMatch(/^auth_tkt=\w+; Max-Age=1209600; Path=\/; SameSite=Strict$/);
  });

  test('without a word is the packager; with credentials it is whose they are', async () => {
    await using house = await openHouse();
    house.koji.add('a-1-1.fc43', { tags: ['f43-updates-candidate'] });
    const packager = await loggedIn(house.bodhi);
    const tester = await loggedIn(house.bodhi, house.kit.world.users[2]);
    const { body } = await packager.post('/updates/', {
      builds: 'a-1-1.fc43',
      type: 'bugfix',
      notes: 'text',
    });
    expect(body.user.name).toBe('packager1');
    const said = await tester.post('/comments/', { update: body.alias, text: 'works', karma: '1' });
    expect(said.body.comment).toMatchObject({ author: 'tester1', karma: 1 });
  });

  test('with a wrong password gives no code', async () => {
    await using house = await openHouse();
    const answer = await fetch(`${house.bodhi.idpUrl}/Authorization?state=s`, {
      headers: { authorization: `Basic ${Buffer.from('packager1:wrong').toString('base64')}` },
    });
    expect(answer.status).toBe(401);
  });

  test('a refresh token is good once', async () => {
    await using house = await openHouse();
    const ask = async (fields: Record<string, string>) => {
      const answer = await fetch(`${house.bodhi.idpUrl}/Token`, {
        method: 'POST',
        body: new URLSearchParams(fields),
      });
      return { status: answer.status, body: (await answer.json()) as Record<string, string> };
    };
    const page = await fetch(`${house.bodhi.idpUrl}/Authorization?state=abc&scope=openid`);
    const [, code = '', state] = /<title>code=([\w-]+)&state=(\w+)</.exec(await page.text()) ?? [];
    expect(state).toBe('abc');
    const first = await ask({ grant_type: 'authorization_code', code });
    const grant = { grant_type: 'refresh_token', refresh_token: first.body['refresh_token'] ?? '' };
    expect((await ask(grant)).status).toBe(200);
    expect(await ask(grant)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  test('a CSRF token is void twenty minutes after its last use, and the login is not', async () => {
    await using house = await openHouse();
    house.koji.add('a-1-1.fc43', { tags: ['f43-updates-candidate'] });
    const me = await loggedIn(house.bodhi);
    const form = { builds: 'a-1-1.fc43', type: 'bugfix', notes: 'text' };
    await house.clock.jump(1_201_000);
    const late = await me.post('/updates/', form);
    expect(late.body.errors[0].description).toMatch(/^CSRF tokens do not match\./);
    await me.csrf();
    expect((await me.post('/updates/', form)).status).toBe(200);
  });

  test('both cookies of one session give the same token twice', async () => {
    await using house = await openHouse();
    const me = browser(house.bodhi);
    await me.csrf();
    const first = me.csrfToken;
    await me.csrf();
    expect(me.csrfToken).toBe(first);
  });
});
